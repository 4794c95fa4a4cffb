use crate::aws::Aws;
use crate::cli::deploying::verify::Proof;
use crate::cli::direct_table::direct_table;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::{ConfigName, ErrorKind};
use crate::stack::Deployed;
use crate::store::{Admin as _, Meta};

/// The config's settings according to the stack.
fn wanted(deployed: &Deployed) -> Meta {
    Meta {
        layout: Meta::LAYOUT,
        history_days: deployed.history_days().get(),
    }
}

/// Stores the config's settings with the deployer's own credentials.
pub(super) async fn write(aws: &Aws, config: &ConfigName, deployed: &Deployed) -> Result<(), Failure> {
    let table = direct_table(config, aws.sdk().clone());
    table
        .write_meta(wanted(deployed))
        .await
        .map_err(Failure::of_direct_write)
}

/// Stores the settings in the table if they are missing or differ from the stack, as after a deployment without discfg.
/// The verification has read them; if it couldn't, the deployer's own credentials do.
pub(super) async fn mend(
    aws: &Aws,
    config: &ConfigName,
    deployed: &Deployed,
    proof: Proof,
    dry_run: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let found = match proof {
        Proof::Read(found) => found,
        Proof::Unread => match direct_table(config, aws.sdk().clone()).meta().await {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::Denied => {
                terminal.hint(
                    "Could not check the table's settings (days of history): access was denied through the read role \
                     and through your own policies.",
                );
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        },
    };
    let wanted = wanted(deployed);
    if found == Some(wanted) {
        return Ok(());
    }
    let days = wanted.history_days;
    if dry_run {
        terminal.hint(&format!(
            "Dry run: would set the table to {days} days of history."
        ));
        return Ok(());
    }
    write(aws, config, deployed).await?;
    terminal.hint(&format!("Set the table to {days} days of history."));
    Ok(())
}
