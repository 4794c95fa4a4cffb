mod environment;
mod names;
mod program;
mod reload_signal;
mod restart;

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;

use clap::Args;

use self::environment::EnvironmentSpec;
use self::names::NamedKey;
use self::program::Program;
use self::reload_signal::ReloadSignal;
use self::restart::{RestartPace, Supervised};
use crate::cli::bad_sections::ExceptArgs;
use crate::cli::failure::{Failure, Stop};
use crate::cli::left_out::say_left_out;
use crate::cli::output::show;
use crate::cli::positionals::config_beside_options;
use crate::cli::session::Session;
use crate::cli::sides::no_keys_below;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::table::Table;
use crate::formats::EnvName;
use crate::model::{Access, Prefix, Span};
use crate::wire::{ExecAnswer, PlannedVariable};

/// Run a command with the keys as environment variables
///
/// A key's variable is its path below the prefix in upper case, with / - . and : replaced by _, so /db/url is `DB_URL`,
/// and with --prefix /db it is `URL`. Two keys for one variable below a prefix are an error. If several prefixes set
/// the same variable, the last one wins. All keys are read in one consistent snapshot. Keys with a time to live (TTL)
/// are left out, unless --with-ttl is given or --env names them.
///
/// The command also inherits discfg's environment, including AWS credentials in it, but not the credentials of the role
/// that discfg assumes.
///
/// Variables that change what programs run or trust, such as `PATH`, `LD_*`, `GIT_*`, `*_PROXY` and `AWS_*`, are refused
/// unless --allow-env names them. No such list is complete: to decide which variables the command receives, use
/// --prefix, --env or --strict. The command is looked up in discfg's own PATH.
///
/// The command replaces the discfg process, so it keeps the process ID and receives signals directly; with --restart,
/// discfg stays as its parent.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg exec [OPTIONS] [CONFIG] -- COMMAND [ARGUMENT]...",
    after_long_help = AFTER_HELP
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(in crate::cli) struct ExecArgs {
    /// Config to use instead of the current one (see `discfg which`)
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    /// Pass keys below this prefix; repeatable [default: / without --env]
    #[arg(long = "prefix", value_name = "PREFIX")]
    prefixes: Vec<Prefix>,
    /// Pass KEY as the variable NAME; repeatable
    ///
    /// Without --prefix, no other keys are passed; with it, KEY need not be below it.
    #[arg(long = "env", value_name = "NAME=KEY")]
    named: Vec<NamedKey>,
    /// Allow a variable refused by default; repeatable
    #[arg(long = "allow-env", value_name = "NAME")]
    allowed: Vec<EnvName>,
    /// Include keys with a time to live
    #[arg(long)]
    with_ttl: bool,
    /// Accept a prefix that matches no keys
    #[arg(long)]
    allow_empty: bool,
    #[command(flatten)]
    except: ExceptArgs,
    /// Set only variables whose current value is the word discfg
    ///
    /// As in `URL=discfg discfg exec --strict -- COMMAND`. Each of them must be filled; no other variable is set.
    #[arg(long, conflicts_with = "no_clobber")]
    strict: bool,
    /// Pass only the variables of the config
    #[arg(long, conflicts_with = "no_clobber")]
    pristine: bool,
    /// Keep variables that are already set
    #[arg(long)]
    no_clobber: bool,
    /// Show the variables and their keys, and run nothing
    ///
    /// Shows the length of each value, but no values. Secrets are not decrypted.
    #[arg(long, conflicts_with = "restart")]
    dry_run: bool,
    /// Restart the command when one of its variables changes
    #[arg(long)]
    restart: bool,
    /// Time between checks (with --restart)
    ///
    /// Several changes within that time cause one restart.
    #[arg(long, value_name = "TIME", default_value = "2s", requires = "restart")]
    interval: Span,
    /// Time from TERM to KILL (with --restart)
    ///
    /// At a restart, and when discfg receives TERM.
    #[arg(long, value_name = "TIME", default_value = "10s", requires = "restart")]
    grace: Span,
    /// Send this signal instead of restarting
    ///
    /// The command keeps running with the variables that it started with. The signal goes to the command, not to what it
    /// has started.
    #[arg(long, value_name = "SIGNAL", requires = "restart", ignore_case = true)]
    signal: Option<ReloadSignal>,
    /// Command to run, and its arguments, after --
    #[arg(last = true, required_unless_present = "dry_run", value_name = "COMMAND")]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
Exit codes:
    2  usage error
  125  discfg failed before it ran the command
  126  the command can't be executed
  127  the command was not found
  Any other is the command's; with --restart, 128 + N if signal N ended it.

With --restart the command runs in its own process group. If stdin and stdout
are a terminal, it can read from it, and Ctrl-Z stops it together with discfg.
discfg forwards INT, TERM, HUP, QUIT, USR1 and USR2 to the group; after TERM it
kills what has not ended within --grace. When the command exits, discfg exits
too. If discfg is killed, Linux kills the command, but not what it has started.
Processes with a session of their own (setsid) are not in the group.
While the config can't be read, the command keeps running and discfg retries.

Examples:
  discfg exec payments -- ./server
  discfg exec --prefix /db --env TOKEN=/app/token -- printenv
  discfg exec payments --restart -- ./worker";

pub(in crate::cli) async fn run(
    args: ExecArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let result = start(args, session, terminal).await;
    result.map_err(|stop| session.explain_stop(stop, Access::Read).before_the_child())
}

async fn start(args: ExecArgs, session: &mut Session, terminal: &mut Terminal) -> Result<(), Stop> {
    session.choose(config_beside_options(args.word.as_deref(), false)?)?;
    let program = if args.dry_run && args.command.is_empty() {
        None
    } else {
        Some(Program::find(&args.command, args.pristine)?)
    };
    let given = !args.prefixes.is_empty();
    let wanted = EnvironmentSpec {
        // Who names keys wants those alone.
        prefixes: if given || !args.named.is_empty() {
            args.prefixes
        } else {
            vec![Prefix::all()]
        },
        named: args.named,
        allowed: args.allowed,
        with_ttl: args.with_ttl,
        except: args.except.sections,
        strict: args.strict,
        no_clobber: args.no_clobber,
    };
    let around = env::vars_os().collect();
    let read = wanted.to_read();
    let subject = read
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let store = session.store(Access::Read, subject).await?;
    let snapshot = store.snapshot_except(&read, &wanted.except).await?;
    for prefix in wanted.prefixes.iter().filter(|_| given && !args.allow_empty) {
        let is_left_out = prefix
            .section()
            .is_some_and(|section| wanted.except.contains(&section));
        if !is_left_out && !snapshot.entries.iter().any(|entry| prefix.holds(&entry.key)) {
            return Err(no_keys_below(prefix, store).await?.into());
        }
    }
    let chosen = wanted.choose(&snapshot.entries, &around)?;
    let Some(program) = program.filter(|_| !args.dry_run) else {
        say_left_out(wanted.left_out(&snapshot.entries), terminal);
        let shape = chosen.planned();
        show_planned(&shape, session, terminal)?;
        return Ok(terminal.flush()?);
    };
    let variables = chosen.reveal(store).await?;
    if args.restart {
        let pace = RestartPace {
            interval: args.interval.duration(),
            grace: args.grace.duration(),
        };
        let supervised = Supervised {
            store,
            wanted: &wanted,
            around: &around,
            program: &program,
            pace,
            signal: args.signal,
        };
        return Ok(supervised.run(&snapshot, variables, terminal).await?);
    }
    if let Some(stats) = session.take_stats() {
        terminal.note(&stats);
    }
    terminal.flush()?;
    let error = program.command(&variables).exec();
    Err(program.failure(&error, &variables).into())
}

/// Shows the variables that a command would be given.
fn show_planned(planned: &ExecAnswer, session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let length = |variable: &PlannedVariable| match variable.bytes {
        Some(bytes) => format!("{bytes} bytes"),
        None => "secret".into(),
    };
    let columns = terminal.columns();
    let human = || {
        if let Some(columns) = columns {
            let mut table = Table::new(&["NAME", "KEY", "#LENGTH"]);
            for variable in &planned.variables {
                table.row([variable.name.clone(), variable.key.clone(), length(variable)]);
            }
            return table.lines(columns);
        }
        let line = |variable: &PlannedVariable| {
            let PlannedVariable { name, key, .. } = variable;
            [name.as_str(), "\t", key, "\t", &length(variable), "\n"].concat()
        };
        planned.variables.iter().map(line).collect()
    };
    show(terminal, session.format(), planned, human, || {
        let names = planned
            .variables
            .iter()
            .map(|variable| format!("{}\n", variable.name));
        names.collect::<String>().into_bytes()
    })
}
