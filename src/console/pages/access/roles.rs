use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;
use maud::{Markup, html};

use crate::console::error::explain;
use crate::console::text::{ago, data};
use crate::model::{ConfigName, GrantName};
use crate::stack::{self, Deployed, Grant, PastFailure, StackError, StackState};

/// The config's stack with its last failure, its roles and its grants.
pub(super) async fn overview(cfn: &CloudFormation, iam: &Iam, config: &ConfigName) -> Markup {
    let (deployed, grants) = futures::join!(stack::status(cfn, config), stack::grant_stacks(cfn, config));
    let stack = match deployed {
        Err(error) => problem("the stack", &error),
        Ok(None) => html! { p.notice.warn { "There is no stack " (config.stack_name()) "." } },
        Ok(Some(deployed)) => stack_markup(cfn, iam, &deployed).await,
    };
    let grants = match grants {
        Err(error) => problem("the grants", &error),
        Ok(grants) if grants.is_empty() => {
            html! { p.empty { "There are no grants. Create one with " code { "discfg grant" } "." } }
        }
        Ok(grants) => grants_markup(&grants),
    };
    html! {
        section aria-labelledby="grants-title" { h2 #grants-title { "Grants" } (grants) }
        section aria-labelledby="stack-title" { h2 #stack-title { "Stack" } (stack) }
    }
}

async fn stack_markup(cfn: &CloudFormation, iam: &Iam, deployed: &Deployed) -> Markup {
    let failure = match stack::last_failure(cfn, deployed).await {
        Err(error) => problem("the last failure", &error),
        Ok(None) => html! { p.hint { "No operation failed lately." } },
        Ok(Some(failure)) => failure_markup(&failure),
    };
    let roles = deployed.outputs().map(|outputs| {
        [
            ("Read role", outputs.read_role_arn),
            ("Write role", outputs.write_role_arn),
        ]
    });
    let mut used = Vec::new();
    for (role, arn) in roles.into_iter().flatten() {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let facts = stack::role(iam, name).await.ok().flatten();
        let last_used = facts.and_then(|facts| facts.last_used);
        used.push((role, arn, last_used));
    }
    html! {
        dl.facts {
            div { dt { "Name" } dd { (deployed.name) } }
            div { dt { "State" } dd { (state(&deployed.state)) @if let Some(reason) = &deployed.reason { " " (data(reason)) } } }
            div { dt { "Last operation" } dd { (ago(deployed.since)) } }
            div { dt { "Created" } dd { (ago(deployed.created)) } }
            div { dt { "Termination protection" } dd { @if deployed.protected { "on" } @else { "off" } } }
            @for (role, arn, used) in &used {
                div {
                    dt { (role) }
                    dd { code { (arn) } @if let Some(used) = used { " used " (ago(*used)) } }
                }
            }
        }
        (failure)
    }
}

fn state(state: &StackState) -> Markup {
    let class = if state.is_stuck() { "badge bad" } else { "badge" };
    html! { span class=(class) { (state) } }
}

fn failure_markup(failure: &PastFailure) -> Markup {
    let class = if failure.is_over { "notice" } else { "notice bad" };
    html! {
        div class=(class) {
            p {
                "The last failure was " (ago(failure.at)) ": " code { (failure.first.logical_id) }
                @if failure.is_over { " (another operation followed)" }
            }
            p { (data(&failure.first.reason)) }
        }
    }
}

fn grants_markup(grants: &[(GrantName, Deployed)]) -> Markup {
    html! {
        div.scroll {
            table.list {
                thead { tr {
                    th scope="col" { "Grant" } th scope="col" { "Access" } th scope="col" { "Sections" } th scope="col" { "Trusts" } th scope="col" { "State" }
                } }
                tbody {
                    @for (name, deployed) in grants {
                        @let grant = Grant::of(deployed).ok();
                        tr {
                            th scope="row" { (name) }
                            @match &grant {
                                None => td colspan="3" { "unknown" },
                                Some(grant) => {
                                    td { span class={ "badge " (grant.scope.access()) } { (grant.scope.access()) } }
                                    td { @for section in grant.scope.sections() { span.chip { (section) } " " } }
                                    td {
                                        ul.plain {
                                            @for principal in grant.principals.iter().chain(&grant.github) { li { code { (data(principal)) } } }
                                            @for subject in &grant.oidc { li { code { (data(&subject.to_string())) } } }
                                        }
                                    }
                                }
                            }
                            td { (state(&deployed.state)) }
                        }
                    }
                }
            }
        }
    }
}

fn problem(what: &str, error: &StackError) -> Markup {
    html! { p.notice.bad { "Cannot read " (what) ": " (data(&explain(error))) } }
}
