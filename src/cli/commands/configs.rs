use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_cloudformation::Client;
use clap::Args;

use crate::aws::{AwsError, Fault};
use crate::cli::denied_lookups::DeniedLookups;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::cli::terminal::table::Table;
use crate::cli::terminal::times::TimeStyle;
use crate::context::{EngineName, Target};
use crate::engine::local::{LocalEngine, OpenMode};
use crate::engine::{self, OpenError};
use crate::model::{ConfigName, ErrorKind, SystemClock, Timestamp};
use crate::stack::{self, Owner};
use crate::store::StoreError;
use crate::wire::result::{ConfigShape, ConfigsResult};

/// List the configs in this account and region
///
/// Finds configs by their stacks, and by the tables that were kept when a stack was destroyed. With --local, lists the
/// configs on this machine. Uses your own credentials. An empty list is not an error.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConfigsArgs {}

pub(in crate::cli) async fn run(
    _: ConfigsArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let target = session.target()?.clone();
    let listed = match &target.engine.value {
        EngineName::DynamoDb => on_aws(&target, session, terminal).await?,
        EngineName::Local => on_this_machine(&target).await?,
        EngineName::Http(url) => {
            return Err(Failure::usage(format!("cannot list configs through {url}"))
                .hint("use --engine dynamodb to access AWS directly"));
        }
    };
    let raw = || {
        let names = listed.configs.iter().map(|found| format!("{}\n", found.config));
        names.collect::<String>().into_bytes()
    };
    if listed.configs.is_empty() {
        let (place, local) = match &target.engine.value {
            EngineName::Local => ("on this machine", " --local"),
            _ => ("in this account and region", ""),
        };
        terminal.hint(&format!(
            "no configs {place}; create one with `discfg init NAME{local}`"
        ));
    }
    let (columns, times) = (terminal.columns(), terminal.time_style());
    let human = || match columns {
        Some(columns) => table(&listed, times).lines(columns),
        None => text(&listed, times),
    };
    show(terminal, session.format(), &listed, human, raw)
}

async fn on_aws(
    target: &Target,
    session: &mut Session,
    terminal: &Terminal,
) -> Result<ConfigsResult, Failure> {
    let aws = session.aws().await?;
    if let Some(account) = &target.account
        && aws.caller().await?.account != *account
    {
        return Err(Failure::usage(format!(
            "cannot list the configs of account {account} from another account"
        ))
        .hint("use credentials of that account, without --account"));
    }
    let region = aws.region().to_string();
    let mut denied_lookups = DeniedLookups::default();
    let stacks = denied_lookups.record("the stacks", stack::stacks(&Client::new(aws.sdk())).await)?;
    let are_stacks_known = stacks.is_some();
    let mut found: BTreeMap<ConfigName, ConfigShape> = BTreeMap::new();
    for (owner, stack) in stacks.into_iter().flatten() {
        if let Owner::Config(config) = owner {
            let other_name = stack.name != config.stack_name();
            let entry = ConfigShape {
                config: config.to_string(),
                note: if stack.is_adopting() {
                    Some(format!(
                        "only the table is imported; finish with `discfg init {config}`"
                    ))
                } else {
                    other_name.then(|| format!("discfg expects the stack name {}", config.stack_name()))
                },
                stack: Some(stack.name),
                status: Some(stack.state.to_string()),
                region: Some(region.clone()),
                created: Some(stack.created.to_string()),
                file: None,
                bytes: None,
            };
            found.insert(config, entry);
        }
    }
    let mut unknown = denied_lookups.lines();
    match engine::configs(target, Some(&aws)).await {
        Ok(tables) => {
            for config in tables {
                let note = if are_stacks_known {
                    "table without a stack"
                } else {
                    "table, stack unknown"
                };
                found.entry(config.clone()).or_insert_with(|| ConfigShape {
                    config: config.to_string(),
                    stack: None,
                    status: None,
                    region: Some(region.clone()),
                    created: None,
                    note: Some(note.into()),
                    file: None,
                    bytes: None,
                });
            }
        }
        Err(OpenError::Aws(AwsError::Failed { action, source })) if source.fault == Fault::Denied => {
            let action = source.denied(&action);
            unknown.push(format!("tables without a stack: {action} was denied"));
            if !are_stacks_known {
                return Err(Failure::new(
                    ErrorKind::Denied,
                    "access denied: cannot list the stacks or tables of this account",
                )
                .hint(
                    r#"add to your own policies: {"Effect":"Allow","Action":["cloudformation:DescribeStacks","cloudformation:ListStacks","dynamodb:ListTables"],"Resource":"*"}"#,
                ));
            }
        }
        Err(error) => return Err(error.into()),
    }
    for line in &unknown {
        terminal.note(&format!("unknown: {line}"));
    }
    Ok(ConfigsResult {
        action: "configs",
        engine: "dynamodb",
        region: Some(region),
        configs: found.into_values().collect(),
        unknown,
    })
}

async fn on_this_machine(target: &Target) -> Result<ConfigsResult, Failure> {
    let folder = target.data_dir.clone().ok_or(OpenError::NoDataDir)?;
    let found = engine::configs(target, None).await?.into_iter().map(|config| {
        let path = folder.join(format!("{config}.db"));
        ConfigShape {
            config: config.to_string(),
            stack: None,
            status: None,
            region: None,
            created: None,
            note: fault(&path),
            bytes: Some(LocalEngine::bytes_of(&path)),
            file: Some(path.display().to_string()),
        }
    });
    Ok(ConfigsResult {
        action: "configs",
        engine: "local",
        region: None,
        configs: found.collect(),
        unknown: Vec::new(),
    })
}

/// Why the file is no config that can be opened, if so.
fn fault(path: &Path) -> Option<String> {
    let opened = LocalEngine::open(path, OpenMode::Read, Arc::new(SystemClock), String::new());
    match opened.err()? {
        StoreError::NoConfig { .. } => Some("holds no config: it is an empty database".into()),
        error => Some(error.to_string()),
    }
}

fn table(listed: &ConfigsResult, times: TimeStyle) -> Table {
    let mut table = Table::new(&["CONFIG", "STATE", "REGION", "CREATED", "#BYTES", "FILE", "NOTE"]);
    for found in &listed.configs {
        let status = found.status.clone().unwrap_or_default();
        let bytes = found.bytes.map(|bytes| bytes.to_string());
        table.toned_row([
            (Tone::Plain, found.config.clone()),
            (Tone::of_stack_status(&status), status),
            (Tone::Plain, found.region.clone().unwrap_or_default()),
            (Tone::Plain, created(found, times).unwrap_or_default()),
            (Tone::Plain, bytes.unwrap_or_default()),
            (Tone::Plain, found.file.clone().unwrap_or_default()),
            (Tone::Plain, found.note.clone().unwrap_or_default()),
        ]);
    }
    table
}

fn created(found: &ConfigShape, times: TimeStyle) -> Option<String> {
    let at = found.created.as_ref()?;
    Some(
        at.parse()
            .map_or_else(|_| at.clone(), |at: Timestamp| times.show(at)),
    )
}

fn text(listed: &ConfigsResult, times: TimeStyle) -> String {
    let width = listed.configs.iter().map(|found| found.config.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for found in &listed.configs {
        let place = found
            .file
            .as_deref()
            .or(found.region.as_deref())
            .unwrap_or_default();
        let mut parts = vec![place.to_owned()];
        parts.extend(found.status.clone());
        parts.extend(created(found, times).map(|at| format!("created {at}")));
        parts.extend(found.bytes.map(|bytes| format!("{bytes} bytes")));
        parts.extend(found.note.clone());
        // Writing to a String can't fail.
        let _ = writeln!(text, "{:width$}  {}", found.config, parts.join(", "));
    }
    text
}
