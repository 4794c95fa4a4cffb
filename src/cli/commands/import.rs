use clap::Args;

use crate::cli::data_keys::FileArgs;
use crate::cli::failure::{Failure, Stop};
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::positionals::config_beside_options;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Prefix};
use crate::ops::Plan;

const EXAMPLES: &str = "\
Examples:
  discfg import payments -d .env --prefix /app
  discfg import -d backup.json --batch";

/// Set the keys of a file, without asking
///
/// Like `apply --yes`, except that it overwrites concurrent changes, and deletes nothing. It writes in one commit, or
/// with --batch in several. Keys that already have the value are not written again, so rerun it to resume.
#[derive(Debug, Args)]
#[command(override_usage = "discfg import [OPTIONS] -d FILE [CONFIG]", after_long_help = EXAMPLES)]
pub(in crate::cli) struct ImportArgs {
    /// Config to use instead of the current one (see `discfg which`)
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    #[command(flatten)]
    file: FileArgs,
    /// Put the keys below this prefix
    ///
    /// Names in the file are relative to it.
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<Prefix>,
    #[command(flatten)]
    plan: PlanArgs,
}

pub(in crate::cli) async fn run(
    args: ImportArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(config_beside_options(args.word.as_deref(), true)?)?;
    let config = session.config()?;
    let wanted = args.file.read(args.prefix.as_ref(), &config)?;
    let result: Result<(), Stop> = async {
        let format = session.format();
        let subject = args.prefix.clone().unwrap_or_else(Prefix::all);
        let store = session.store(Access::Write, &subject).await?;
        let plan = with_progress("reading", terminal, Plan::set(store, wanted))
            .await?
            .unguarded();
        let review = Review::new("import", config, &plan, Confirmation::Never);
        review.carry_out(&args.plan, store, format, terminal).await
    }
    .await;
    result.map_err(|stop| session.explain_stop(stop, Access::Write))
}
