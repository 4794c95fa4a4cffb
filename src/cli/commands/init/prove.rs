use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::{Aws, AwsError};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::engine::{self, OpenError};
use crate::model::{Access, Kind, PrincipalPattern, Role, Section};
use crate::stack::{Deployed, Parameter};
use crate::store::{Heads, StoreError};
use crate::target::{Origin, Setting, Target};

/// How long IAM may take to spread a role.
const SPREADS_WITHIN: Duration = Duration::from_mins(1);

/// Assumes the read role and reads once. A deployer who is no reader is told so, which is no failure.
pub(super) async fn prove(
    aws: &Arc<Aws>,
    target: &Target,
    deployed: &Deployed,
    fresh: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut target = target.clone();
    target.role = Some(Setting {
        value: Role::Config(Access::Read),
        origin: Origin::Default,
    });
    // The flag is a setting of the stack here, and what other accounts must give; the deployer is at home.
    target.external_id = None;
    let until = Instant::now() + SPREADS_WITHIN;
    let mut pause = Duration::from_millis(500);
    if fresh && !is_reader(aws, deployed).await? {
        terminal.hint("You are not among the readers, so reading was not tried.");
        return Ok(());
    }
    loop {
        let denied: Failure = match read_once(aws, &target).await {
            Ok(()) => {
                terminal.hint("Proved: the read role was assumed and the table read.");
                return Ok(());
            }
            Err(error) if error.kind() == Kind::Denied => error.into(),
            Err(error) => return Err(error.into()),
        };
        if !fresh || Instant::now() + pause >= until {
            terminal.hint(&format!(
                "Not proved: {}. Either you are not among the readers, or IAM has not spread the role yet.",
                denied.message
            ));
            return Ok(());
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(8));
    }
}

async fn read_once(aws: &Arc<Aws>, target: &Target) -> Result<(), OpenError> {
    let opened = engine::open(target, Access::Read, Some(aws), None).await?;
    let read = opened.store.heads(Heads::Of(vec![Section::root()])).await;
    read.map(drop)
        .map_err(|error: StoreError| OpenError::Store(error))
}

/// Whether the stack's list of readers names the deployer. Of an assumed role only its name is known, not its
/// path, so such a deployer counts as a reader until IAM says otherwise.
async fn is_reader(aws: &Aws, deployed: &Deployed) -> Result<bool, AwsError> {
    let caller = aws.caller().await?;
    if caller.is_root() {
        return Ok(false);
    }
    let readers = deployed
        .parameters
        .get(Parameter::Readers.name())
        .map_or("", String::as_str);
    let patterns: Vec<PrincipalPattern> = readers
        .split(',')
        .filter_map(|pattern| pattern.parse().ok())
        .collect();
    Ok(caller.arn.contains(":assumed-role/")
        || patterns.is_empty()
        || patterns.iter().any(|pattern| pattern.matches(&caller.arn)))
}
