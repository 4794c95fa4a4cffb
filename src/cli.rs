//! The command line: arguments, one file a command, the terminal, output, exit codes.

mod args;
mod bad_sections;
mod change_line;
mod child;
mod commands;
mod complete;
mod crash;
mod data_file;
mod data_keys;
mod deciding_names;
mod denied_lookups;
mod deploying;
mod digest;
mod direct_table;
mod early_flags;
mod failure;
mod field;
mod first_process;
mod global;
mod help;
mod key_glob;
mod left_out;
mod message_args;
mod near_miss;
mod one_line;
mod out_file;
mod output;
mod overriding;
mod plan_review;
mod positionals;
mod price;
mod running_code;
mod secret_args;
mod session;
mod side_pairs;
mod sides;
mod terminal;
mod usage_error;
mod value_line;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args as _, CommandFactory as _, FromArgMatches as _, Subcommand as _};
use tokio::signal::unix::{SignalKind, signal};

use args::{Cli, Command};
use early_flags::EarlyFlags;
use failure::Failure;
use global::Global;
use session::Session;
use terminal::Terminal;
use usage_error::with_arguments_on_one_line;

/// How long a server that has stopped waits for what still runs.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Runs the command line and gives the process's exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    terminal::keep_closed();
    if let Some(code) = child::become_program(&args) {
        return code;
    }
    let early = EarlyFlags::of(&args);
    crash::guard(early.json, || run_with(args, &early))
}

fn run_with(args: Vec<OsString>, early: &EarlyFlags) -> ExitCode {
    if let Some(code) = complete::answer(&args, Cli::command) {
        return code;
    }
    let color = early.color.unwrap_or_default();
    terminal::color::set_colors(color);
    let mut parser = parser(&args).color(color);
    let parsed = parser.try_get_matches_from_mut(args);
    // To take it apart would cost a `get` a thirtieth of its time, and the process ends soon or has better to do.
    std::mem::forget(parser);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let error = near_miss::improved(error, &Cli::command());
            return terminal::show_usage(&with_arguments_on_one_line(error), early.json);
        }
    };
    // A server has its own log.
    if !cli.command.runs_a_server() {
        terminal::show_events(cli.global.verbose);
    }
    first_process::end_on_signals(&cli.command);
    let mut terminal = Terminal::new(&cli.global);
    let result = start(cli, &mut terminal);
    let flushed = terminal.flush();
    let result = match (result, flushed) {
        // Nobody has learned what the exit code stands for, such as what differs.
        (Err(failure), Err(unwritten)) if failure.message.is_empty() => Err(unwritten),
        (result, flushed) => result.and(flushed),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal.fail(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The parser of a call: of only one command, if that is the first word.
///
/// clap copies every global argument into each command before it parses, so that every further command would make a
/// `get` slower.
fn parser(args: &[OsString]) -> clap::Command {
    let commands = Command::augment_subcommands(clap::Command::new(env!("CARGO_PKG_NAME")));
    let word = args.get(1).and_then(|word| word.to_str());
    let is_called = |command: &&clap::Command| {
        word.is_some_and(|word| {
            command.get_name() == word || command.get_all_aliases().any(|alias| alias == word)
        })
    };
    let called = commands.get_subcommands().find(is_called).cloned();
    std::mem::forget(commands);
    let Some(called) = called else {
        return help::grouped(Cli::command());
    };
    let parser = clap::Command::new(env!("CARGO_PKG_NAME"))
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .max_term_width(args::HELP_WIDTH)
        .subcommand_required(true)
        .subcommand(help::with_globals(called));
    Global::augment_args(parser)
}

fn start(cli: Cli, terminal: &mut Terminal) -> Result<(), Failure> {
    let serves = cli.command.runs_a_server();
    // One thread: a command mostly waits for the network, and threads cost more than they save.
    let mut runtime = if serves {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("the runtime can't be started", &error))?;
    fail_beyond_file_size(&runtime);
    let Cli { global, command } = cli;
    let is_export = matches!(command, Command::Export(_));
    if !is_export && global.format.is_some_and(|format| format.shown.is_none()) {
        return Err(
            Failure::usage("invalid output format: only `export` writes this data format")
                .hint("use -f human, json, yaml, raw or silent"),
        );
    }
    let mut session = Session::new(global);
    let result = runtime.block_on(dispatch(command, &mut session, terminal));
    if serves {
        // The shutdown doesn't wait for running requests, but a store is to be left in order.
        runtime.shutdown_timeout(SHUTDOWN);
    }
    if let Some(stats) = session.take_stats() {
        terminal.note(&stats);
    }
    result
}

/// Lets a write beyond the limit on the size of files fail, which else ends the process. The programs that discfg runs
/// are ended by it as before.
fn fail_beyond_file_size(runtime: &tokio::runtime::Runtime) {
    let _within = runtime.enter();
    if let Err(error) = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())) {
        tracing::debug!(%error, "the signal of the limit on the size of files can't be handled");
    }
}

async fn dispatch(command: Command, session: &mut Session, terminal: &mut Terminal) -> Result<(), Failure> {
    match command {
        Command::Use(args) => commands::r#use::run(args, session, terminal),
        Command::Which(args) => commands::which::run(args, session, terminal),
        Command::Init(args) => commands::init::run(args, session, terminal).await,
        Command::Access(args) => commands::access::run(args, session, terminal).await,
        Command::Template(args) => commands::template::run(args, session, terminal),
        Command::Status(args) => commands::status::run(args, session, terminal).await,
        Command::Configs(args) => commands::configs::run(args, session, terminal).await,
        Command::Grant(args) => commands::grant::run(args, session, terminal).await,
        Command::Revoke(args) => commands::revoke::run(args, session, terminal).await,
        Command::Grants(args) => commands::grants::run(args, session, terminal).await,
        Command::Destroy(args) => commands::destroy::run(args, session, terminal).await,
        Command::Doctor(args) => commands::doctor::run(args, session, terminal).await,
        Command::Set(args) => commands::set::run(args, session, terminal).await,
        Command::Edit(args) => commands::edit::run(args, session, terminal).await,
        Command::Get(args) => commands::get::run(args, session, terminal).await,
        Command::Delete(args) => commands::delete::run(args, session, terminal).await,
        Command::Touch(args) => commands::touch::run(args, session, terminal).await,
        Command::Find(args) => commands::find::run(args, session, terminal).await,
        Command::Ls(args) => commands::ls::run(args, session, terminal).await,
        Command::Apply(args) => commands::apply::run(args, session, terminal).await,
        Command::Import(args) => commands::import::run(args, session, terminal).await,
        Command::Watch(args) => commands::watch::run(args, session, terminal).await,
        Command::Purge(args) => commands::purge::run(args, session, terminal).await,
        Command::History(args) => commands::history::run(args, session, terminal).await,
        Command::Rollback(args) => commands::rollback::run(args, session, terminal).await,
        Command::Diff(args) => commands::diff::run(args, session, terminal).await,
        Command::Copy(args) => commands::copy::run(args, session, terminal).await,
        Command::Move(args) => commands::r#move::run(args, session, terminal).await,
        Command::Exec(args) => commands::exec::run(args, session, terminal).await,
        Command::Export(args) => commands::export::run(args, session, terminal).await,
        Command::Info(args) => commands::info::run(args, session, terminal).await,
        Command::Serve(args) => commands::serve::run(args, session, terminal).await,
        #[cfg(feature = "console")]
        Command::Ui(args) => commands::ui::run(args, session, terminal).await,
        Command::Version => commands::version::run(session, terminal),
        Command::Completions(args) => commands::completions::run(&args, terminal),
        Command::Man(args) => commands::man::run(&args, Cli::command(), terminal),
    }
}
