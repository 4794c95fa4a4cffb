use std::sync::Arc;

use crate::aws::{Aws, AwsError, CallerIdentity};
use crate::cli::deploying::verify::{
    DeployerTrust, ReadDenial, SPREADS_WITHIN, explain_denial, retry_until_spread,
};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::context::{Setting, SettingOrigin, Target};
use crate::engine::{self, OpenError};
use crate::model::{Access, GrantName, Role, Section};
use crate::stack::Grant;
use crate::store::{Heads, StoreError};

/// Assumes the grant's role and reads once, if the deployer is among the principals.
pub(super) async fn prove(
    aws: &Arc<Aws>,
    caller: &CallerIdentity,
    target: &Target,
    name: &GrantName,
    grant: &Grant,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if !is_principal(caller, grant) {
        terminal.hint("Role not verified: you are not a principal of this grant.");
        return Ok(());
    }
    let mut target = target.clone();
    target.role = Some(Setting {
        value: Role::Grant(name.clone()),
        origin: SettingOrigin::Default,
    });
    let sections: Vec<Section> = grant.scope.sections().iter().take(1).cloned().collect();
    let tried = retry_until_spread(
        SPREADS_WITHIN,
        async || read_once(aws, &target, &sections).await,
        async |_| true,
    )
    .await?;
    let role = grant.role.as_deref().unwrap_or_default();
    terminal.hint(&match tried {
        Ok(()) => "Verified: assumed the grant's role and read the config.".into(),
        Err(denial) => explain_denial(&denial, Some(&DeployerTrust::Given), role, caller, true),
    });
    Ok(())
}

async fn read_once(
    aws: &Arc<Aws>,
    target: &Target,
    sections: &[Section],
) -> Result<Result<(), ReadDenial>, OpenError> {
    let opened = match engine::open(target, Access::Read, Some(aws), engine::OpenSettings::default()).await {
        Err(OpenError::Aws(error @ AwsError::AssumeDenied { .. })) => return Ok(Err(ReadDenial::of(&error))),
        opened => opened?,
    };
    match opened.store.heads(Heads::Of(sections.to_vec())).await {
        Ok(_) => Ok(Ok(())),
        Err(error @ StoreError::Denied { .. }) => Ok(Err(ReadDenial::Table(error))),
        Err(error) => Err(OpenError::Store(error)),
    }
}

/// Whether the grant may match the deployer.
fn is_principal(caller: &CallerIdentity, grant: &Grant) -> bool {
    grant.principals.iter().any(|pattern| caller.fits(pattern))
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
            oidc: Vec::new(),
            role: None,
            policy: None,
            makes_oidc_provider: None,
            kms_key: None,
            api: None,
        };
        let caller = |arn: &str| CallerIdentity {
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
