use std::fmt::Write as _;
use std::iter::{once, repeat};

use super::trust::{github_words, oidc_words, trust_lines};
use crate::cli::terminal::color::Tone;
use crate::stack::{Output, Parameter};
use crate::wire::result::{DifferenceShape, DriftShape, GrantStatusShape, Status, TableShape};

/// The status for people.
pub(super) fn text(status: &Status) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{name:<10} {value}");
    };
    line("config", &status.config);
    line("region", &status.region);
    match &status.stack {
        Some(stack) => {
            line(
                "stack",
                &format!(
                    "{}, {} since {}",
                    stack.name,
                    Tone::of_stack_status(&stack.status).paint(&stack.status),
                    stack.since
                ),
            );
            if let Some(reason) = &stack.reason {
                line("", reason);
            }
            if stack.adopting {
                line("", "it has only the table so far, imported from an earlier stack");
            }
            if stack.protected {
                line("", "termination protection on");
            }
        }
        None if is_unknown(status, "the stack") => line("stack", "unknown"),
        None => line("stack", "none"),
    }
    for role in &status.roles {
        let place = role.arn.as_deref().unwrap_or("not found");
        let used = role
            .last_used
            .as_ref()
            .map_or(String::new(), |at| format!(", last used {at}"));
        line(
            &format!("{} role", role.purpose),
            &if role.arn.is_some() {
                format!("{place}{used}")
            } else {
                format!("{}: {place}", role.name)
            },
        );
    }
    for (name, value) in trust_lines(&status.parameters) {
        line(name, &value);
    }
    for (name, value) in api_lines(status) {
        line(name, &value);
    }
    for (name, value) in grant_lines(status.grants.as_deref()) {
        line(name, &value);
    }
    match &status.table {
        Some(table) => {
            for (name, value) in table_lines(table) {
                line(name, &value);
            }
        }
        None if is_unknown(status, "the table") => line("table", "unknown"),
        None => line("table", "none"),
    }
    let price = status.price_words.iter().flat_map(|words| words.lines());
    for (words, name) in price.zip(once("price").chain(repeat(""))) {
        line(name, words);
    }
    if let Some(failure) = &status.last_failure {
        let over = if failure.is_over {
            " (another operation followed)"
        } else {
            ""
        };
        line(
            "failure",
            &format!(
                "{} {} failed at {} ({}): {}{over}",
                failure.at, failure.work, failure.what, failure.resource, failure.reason
            ),
        );
        if let Some(operation) = &failure.operation {
            line("", &format!("operation {operation}"));
        }
    }
    match &status.drift {
        None => {}
        Some(drift) if drift.is_empty() => line("drift", "none: all resources match the template"),
        Some(drift) => {
            for value in drift.iter().flat_map(drift_lines) {
                line("drift", &value);
            }
        }
    }
    for unknown in &status.unknown {
        line("unknown", unknown);
    }
    text
}

/// The grants; `None` if they are unknown.
fn grant_lines(grants: Option<&[GrantStatusShape]>) -> Vec<(&'static str, String)> {
    let Some(grants) = grants else {
        return vec![("grants", "unknown".into())];
    };
    if grants.is_empty() {
        return vec![("grants", "none".into())];
    }
    let lines = grants.iter().flat_map(|grant| {
        let covers = grant.access.as_ref().map_or(String::new(), |access| {
            format!(": {access} {}", grant.sections.join(", "))
        });
        let jobs = grant.github.iter().map(|claim| github_words(claim));
        let trusted = grant.principals.iter().cloned().chain(jobs);
        let trusted = trusted.chain(grant.oidc.iter().map(|subject| oidc_words(subject)));
        once(("grant", format!("{}{covers}, {}", grant.name, grant.status)))
            .chain(trusted.map(|subject| ("", format!("trusts {subject}"))))
    });
    lines.collect()
}

/// The HTTP API's endpoint, if there is one, and whether requests can wait there.
fn api_lines(status: &Status) -> Vec<(&'static str, String)> {
    let Some(endpoint) = status.outputs.get(Output::ApiEndpoint.name()) else {
        return Vec::new();
    };
    let mut lines = vec![("API", endpoint.clone())];
    let reserved = status.parameters.get(Parameter::ApiWaits.name());
    if let Some(reserved) = reserved.filter(|reserved| *reserved != "0") {
        lines.push((
            "",
            format!("requests can wait: {reserved} reserved executions of its function"),
        ));
    }
    if let Some(code) = &status.code {
        let sha256 = &code.sha256;
        lines.push((
            "",
            match &code.expected {
                Some(expected) if expected == sha256 => format!("code verified: SHA-256 {sha256}"),
                Some(expected) => {
                    format!("code doesn't match the stack: SHA-256 {sha256}, expected {expected}")
                }
                None => format!("code not verified: CodeKey is not a SHA-256 (the code's is {sha256})"),
            },
        ));
    }
    lines
}

/// Whether this part of the status is unknown.
pub(super) fn is_unknown(status: &Status, what: &str) -> bool {
    status
        .unknown
        .iter()
        .any(|unknown| unknown.split(':').next() == Some(what))
}

fn table_lines(table: &TableShape) -> Vec<(&'static str, String)> {
    let on = |on: bool| if on { "on" } else { "off" };
    let recovery = table.recovery.map_or("unknown", on);
    let mut lines = vec![
        ("table", format!("{}, {}", table.name, table.status)),
        (
            "",
            format!(
                "{} item{}, {} bytes (counted up to 6 hours ago)",
                table.items,
                if table.items == 1 { "" } else { "s" },
                table.bytes
            ),
        ),
        (
            "",
            format!(
                "billing {}, point-in-time recovery {recovery}, deletion protection {}",
                table.billing,
                on(table.protected)
            ),
        ),
    ];
    if let Some(key) = &table.key {
        lines.push(("", format!("encrypted with {key}")));
    }
    lines
}

fn drift_lines(drift: &DriftShape) -> Vec<String> {
    let resource = format!("{} ({})", drift.what, drift.resource);
    if drift.gone {
        return vec![format!("{resource}: deleted outside CloudFormation")];
    }
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "no value".into());
    let line = |difference: &DifferenceShape| {
        format!(
            "{resource} {}: expected {}, found {}",
            difference.property,
            value(&difference.expected),
            value(&difference.actual)
        )
    };
    drift.differences.iter().map(line).collect()
}
