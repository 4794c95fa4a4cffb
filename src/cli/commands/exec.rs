mod environment;
mod names;
mod program;
mod restart;

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;

use clap::Args;

use self::environment::EnvironmentSpec;
use self::names::NamedKey;
use self::program::Program;
use self::restart::{RestartPace, Supervised};
use crate::cli::bad_sections::ExceptArgs;
use crate::cli::failure::{Failure, Stop};
use crate::cli::positionals::optional_config;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::formats::EnvName;
use crate::model::{Access, Prefix, Span};

/// Run a command with the keys as its environment
///
/// A key's variable is its path below the prefix in upper case, with _ for each of / - . and : so /db/url is `DB_URL`,
/// and `URL` with --prefix /db. Two keys for one name below a prefix are an error that names both; of several prefixes
/// the later wins. All prefixes are read as they were together at one moment. The command also has the variables that
/// discfg has, AWS's among them; of the role that discfg acts in it is given nothing. Keys with a time to live are
/// left out unless --with-ttl, or --env names one.
///
/// discfg gives its place to the command, which so has its process id, signals and exit code, unless --restart.
/// The command is looked for in the PATH that discfg has. `PATH`, `LD_*`, `DYLD_*`, `BASH_ENV`, `NODE_OPTIONS` and
/// others that make a shell or an interpreter run something else are refused without --allow-env.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg exec [OPTIONS] [CONFIG] -- COMMAND [ARGUMENT]...",
    after_long_help = EXIT_CODES
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(in crate::cli) struct ExecArgs {
    /// The config
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    /// The keys below this prefix; may be given several times [default: /]
    #[arg(long = "prefix", value_name = "PREFIX")]
    prefixes: Vec<Prefix>,
    /// Give this key as this variable, below whichever prefix it lies; may be given several times
    #[arg(long = "env", value_name = "NAME=KEY")]
    named: Vec<NamedKey>,
    /// Let this variable through although its name is refused; may be given several times
    #[arg(long = "allow-env", value_name = "NAME")]
    allowed: Vec<EnvName>,
    /// Keys with a time to live, too
    #[arg(long)]
    with_ttl: bool,
    #[command(flatten)]
    except: ExceptArgs,
    /// Fill the variables that hold `discfg`, every one of them, and set no other
    #[arg(long, conflicts_with = "no_clobber")]
    strict: bool,
    /// Give the command no variables but those of the config
    #[arg(long, conflicts_with = "no_clobber")]
    pristine: bool,
    /// Leave variables as they are that are set already
    #[arg(long)]
    no_clobber: bool,
    /// Stay, and run the command anew when a change of the config changes one of its variables
    #[arg(long)]
    restart: bool,
    /// With --restart: how often to look for changes; those that follow each other faster are one restart
    #[arg(long, value_name = "TIME", default_value = "2s", requires = "restart")]
    interval: Span,
    /// With --restart: how long the command may take to end after TERM, before KILL
    #[arg(long, value_name = "TIME", default_value = "10s", requires = "restart")]
    grace: Span,
    /// The command, after --, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const EXIT_CODES: &str = "\
Exit codes:
    2  the call can't be understood
  125  discfg failed before the command ran, whatever the reason
  126  the command can't be run
  127  the command was not found
  any other is the command's own; with --restart, 128 and the signal's number where one ended it

With --restart the command is in a process group of its own: INT, TERM, HUP, QUIT, USR1 and USR2 are
passed to all of the group, and a restart ends all of it. It can't read from the terminal then. When
the command ends by itself, so does discfg. While the config can't be read, the command keeps
running, and discfg tries again.";

pub(in crate::cli) async fn run(
    args: ExecArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let result = start(args, session, terminal).await;
    result.map_err(|stop| session.explain_stop(stop, Access::Read).before_the_child())
}

async fn start(args: ExecArgs, session: &mut Session, terminal: &mut Terminal) -> Result<(), Stop> {
    session.choose(optional_config(args.word.as_deref())?)?;
    let program = Program::find(&args.command, args.pristine)?;
    let given = !args.prefixes.is_empty();
    let wanted = EnvironmentSpec {
        prefixes: if given { args.prefixes } else { vec![Prefix::all()] },
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
    for prefix in wanted.prefixes.iter().filter(|_| given) {
        if !snapshot.entries.iter().any(|entry| prefix.holds(&entry.key)) {
            terminal.hint(&format!("no keys below {prefix}"));
        }
    }
    let variables = wanted.choose(&snapshot.entries, &around)?.reveal(store).await?;
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
