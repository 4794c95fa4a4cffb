use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::{Aws, Caller};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::engine::{self, OpenError};
use crate::model::{Access, GrantName, Kind, PrincipalPattern, Role, Section};
use crate::stack::Grant;
use crate::store::Heads;
use crate::target::{Origin, Setting, Target};

/// How long IAM may take to spread a role.
const SPREADS_WITHIN: Duration = Duration::from_mins(1);

/// Assumes the grant's role and reads once, if the deployer is among the principals.
pub(super) async fn prove(
    aws: &Arc<Aws>,
    caller: &Caller,
    target: &Target,
    name: &GrantName,
    grant: &Grant,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if !is_principal(caller, grant) {
        terminal.hint("You are not among the principals, so the role was not tried.");
        return Ok(());
    }
    let mut target = target.clone();
    target.role = Some(Setting {
        value: Role::Grant(name.clone()),
        origin: Origin::Default,
    });
    let sections: Vec<Section> = grant.scope.sections().iter().take(1).cloned().collect();
    let until = Instant::now() + SPREADS_WITHIN;
    let mut pause = Duration::from_millis(500);
    loop {
        let denied = match read_once(aws, &target, &sections).await {
            Ok(()) => {
                terminal.hint("Proved: the grant's role was assumed and the table read.");
                return Ok(());
            }
            Err(error) if error.kind() == Kind::Denied => Failure::from(error),
            Err(error) => return Err(error.into()),
        };
        if Instant::now() + pause >= until {
            terminal.hint(&format!(
                "Not proved: {}. Either your own policies don't let you assume the role, or IAM has not spread it yet.",
                denied.message
            ));
            return Ok(());
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(8));
    }
}

async fn read_once(aws: &Arc<Aws>, target: &Target, sections: &[Section]) -> Result<(), OpenError> {
    let opened = engine::open(target, Access::Read, Some(aws), None).await?;
    let read = opened.store.heads(Heads::Of(sections.to_vec())).await;
    read.map(drop).map_err(OpenError::Store)
}

/// Whether the grant names the deployer. Of an assumed role only its name is known, not its path: that it may be meant
/// is enough to try.
fn is_principal(caller: &Caller, grant: &Grant) -> bool {
    let arn = Caller::principal(&caller.arn);
    let is_session = arn != caller.arn;
    let bare = |arn: &str| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        arn.split('/').next().map(|start| format!("{start}/{name}"))
    };
    grant.principals.iter().any(|pattern| {
        let patterns = [Some(pattern.clone()), is_session.then(|| bare(pattern)).flatten()];
        let mut patterns = patterns.iter().flatten().filter_map(|text| text.parse().ok());
        patterns.any(|pattern: PrincipalPattern| pattern.matches(&arn))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GrantScope;

    #[test]
    fn a_session_is_known_by_its_roles_name() {
        let grant = |principal: &str| Grant {
            scope: GrantScope::new(Access::Read, [Section::root()]).expect("a scope"),
            principals: vec![principal.into()],
            github: Vec::new(),
            role: None,
            policy: None,
            makes_oidc_provider: false,
            kms_key: None,
        };
        let caller = |arn: &str| Caller {
            arn: arn.into(),
            account: "123456789012".into(),
        };
        let session = caller("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_1f/ann");
        let user = caller("arn:aws:iam::123456789012:user/team/ann");
        let sso =
            grant("arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Dev_*");
        assert!(is_principal(&session, &sso));
        assert!(!is_principal(&user, &sso));
        assert!(is_principal(
            &user,
            &grant("arn:aws:iam::123456789012:user/team/*")
        ));
        assert!(!is_principal(&user, &grant("arn:aws:iam::123456789012:user/ann")));
    }
}
