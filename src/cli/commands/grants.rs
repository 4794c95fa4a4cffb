use std::fmt::Write as _;

use aws_sdk_cloudformation::Client;
use clap::Args;

use super::grant::{config_stack, require_dynamodb};
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::positionals::optional_config;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::cli::terminal::table::Table;
use crate::stack::{self, Grant, Output, Owner};
use crate::wire::result::{GrantShape, GrantsResult, ListedGrant};

/// List a config's grants
///
/// Shows the sections, principals and role of each grant. -f raw prints only the names, one per line.
#[derive(Debug, Args)]
#[command(override_usage = "discfg grants [OPTIONS] [CONFIG]")]
pub(in crate::cli) struct GrantsArgs {
    /// Config to use instead of the current one (see `discfg which`)
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
}

pub(in crate::cli) async fn run(
    args: GrantsArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(optional_config(args.word.as_deref())?)?;
    let target = session.target()?.clone();
    let config = target.config()?.clone();
    require_dynamodb(&target)?;
    let aws = session.aws().await?;
    let cfn = Client::new(aws.sdk());
    let mut api = None;
    let mut stacks = Vec::new();
    for (owner, stack) in stack::stacks(&cfn).await? {
        match owner {
            Owner::Config(of) if of == config => api = stack.outputs.get(Output::ApiId.name()).cloned(),
            Owner::Grant(of, grant) if of == config => stacks.push((grant, stack)),
            _ => {}
        }
    }
    if stacks.is_empty() {
        config_stack(&aws, &config).await?;
        terminal.hint(&format!("no grants of {config}"));
    }
    let grants = stacks.iter().map(|(name, stack)| {
        let mut grant = Grant::of(stack)?;
        // The role can't call an API that was deleted or replaced.
        grant.api = grant.api.filter(|id| api.as_ref() == Some(id));
        Ok(ListedGrant {
            grant: GrantShape::new(name, &grant),
            status: stack.state.to_string(),
        })
    });
    let shape = GrantsResult {
        action: "grants",
        config: config.to_string(),
        grants: grants.collect::<Result<_, Failure>>()?,
    };
    let columns = terminal.columns();
    let human = || {
        if let Some(columns) = columns {
            return table(&shape).lines(columns);
        }
        let mut text = String::new();
        for ListedGrant { grant, status } in &shape.grants {
            let note = if grant.role.is_some() { "" } else { status };
            let _ = writeln!(text, "{} {note}", grant.name);
            text.truncate(text.trim_end().len());
            let _ = write!(text, "\n{}", grant.lines());
        }
        text
    };
    let raw = || {
        let names = shape
            .grants
            .iter()
            .map(|listed| format!("{}\n", listed.grant.name));
        names.collect::<String>().into_bytes()
    };
    show(terminal, session.format(), &shape, human, raw)
}

fn table(shape: &GrantsResult) -> Table {
    let mut table = Table::new(&["NAME", "ACCESS", "SECTIONS", "STATE", "PRINCIPALS"]);
    for ListedGrant { grant, status } in &shape.grants {
        let principals = [&grant.principals, &grant.github, &grant.oidc];
        let principals: Vec<&str> = principals.into_iter().flatten().map(String::as_str).collect();
        table.toned_row([
            (Tone::Plain, grant.name.clone()),
            (Tone::Plain, grant.access.clone()),
            (Tone::Plain, grant.sections.join(" ")),
            (Tone::of_stack_status(status), status.clone()),
            (Tone::Plain, principals.join(" ")),
        ]);
    }
    table
}
