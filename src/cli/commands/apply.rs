use std::collections::BTreeMap;

use clap::Args;

use crate::cli::data_keys::FileArgs;
use crate::cli::digest::digest;
use crate::cli::failure::{Failure, Stop};
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::positionals::config_beside_options;
use crate::cli::secret_args::SecretArgs;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Key, Prefix, PrefixOrRoot};
use crate::ops::{self, DesiredValue, OpsError, Plan};
use crate::store::Store;

const EXAMPLES: &str = "\
Examples:
  discfg apply payments -d prod.yaml
  discfg apply -d db.json --prefix /db --prune --dry-run
  discfg export -c staging | discfg apply -c production -d - --from json --yes";

/// Apply a file of keys in one commit, after a review
///
/// Shows the changes and asks for confirmation. Commits exactly what was shown: if any of these keys has changed
/// meanwhile, nothing is written (exit code 4). Keys that the file does not contain stay, unless --prune is given.
#[derive(Debug, Args)]
#[command(override_usage = "discfg apply [OPTIONS] -d FILE [CONFIG]", after_long_help = EXAMPLES)]
pub(in crate::cli) struct ApplyArgs {
    /// Config to use instead of the current one (see `discfg which`)
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    #[command(flatten)]
    file: FileArgs,
    /// Put the keys below this prefix
    ///
    /// Names in the file are relative to it.
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<PrefixOrRoot>,
    /// Also delete keys below --prefix that FILE doesn't have
    ///
    /// Keys with a time to live stay.
    #[arg(long, requires = "prefix")]
    prune: bool,
    /// Only if the keys below --prefix have this digest
    ///
    /// `discfg info --prefix PREFIX` shows the digest. If it differs, nothing is written (exit code 4).
    #[arg(long, value_name = "DIGEST", value_parser = digest, requires = "prefix")]
    if_digest: Option<String>,
    /// Don't ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    plan: PlanArgs,
}

pub(in crate::cli) async fn run(
    args: ApplyArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(config_beside_options(args.word.as_deref(), true)?)?;
    let config = session.config()?;
    let prefix = args.prefix.as_ref().map(PrefixOrRoot::prefix);
    let mut keys = args.file.read(args.file.path()?, prefix, &config)?;
    args.secrets.mark(&mut keys.wanted)?;
    let result: Result<(), Stop> = async {
        let format = session.format();
        let subject = args.prefix.clone().unwrap_or_else(|| Prefix::all().into());
        let store = session.store(Access::Write, &subject).await?;
        let plan = with_progress("reading", terminal, make_plan(&args, keys.wanted, store)).await?;
        let review =
            Review::new("apply", config, &plan, Confirmation::unless(args.yes)).renaming(&keys.renamed);
        review.carry_out(&args.plan, store, format, terminal).await
    }
    .await;
    result.map_err(|stop| session.explain_stop(stop, Access::Write))
}

async fn make_plan(
    args: &ApplyArgs,
    wanted: BTreeMap<Key, DesiredValue>,
    store: &dyn Store,
) -> Result<Plan, OpsError> {
    let Some(name) = args
        .prefix
        .as_ref()
        .filter(|_| args.prune || args.if_digest.is_some())
    else {
        return Plan::set(store, wanted).await;
    };
    let part = ops::find_section_part(store, name).await?;
    let now = ops::section_part_snapshot(store, &part).await?;
    if let Some(digest) = &args.if_digest {
        let found = now.clone().without_ttl().digest().to_string();
        if found != *digest {
            return Err(OpsError::Digest {
                wanted: digest.clone(),
                found,
            });
        }
    }
    if args.prune {
        Plan::over(store, now, &part, wanted, false).await
    } else {
        Plan::set_over(store, now, &part, wanted).await
    }
}
