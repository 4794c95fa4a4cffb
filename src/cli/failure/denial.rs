//! Hints for denied requests: the policy statement that would allow them.

use serde_json::json;

use crate::aws::{DenialMessage, DeniedBy};

/// The hint for a denial with the message `said`. `action` is the action of the request; the service may name another
/// one that the request also needs, such as `iam:PassRole`.
pub(in crate::cli) fn advice(action: &str, said: &str) -> String {
    advice_on(action, None, said)
}

/// The hint where the resource of the request is known by its ARN.
pub(in crate::cli) fn advice_on(action: &str, on: Option<&str>, said: &str) -> String {
    let denial = DenialMessage::of(said);
    let action = denial.action.unwrap_or(action);
    if let DeniedBy::Explicit(place) = denial.by {
        return format!("remove the explicit deny in {place} for {action}: it overrides every allow");
    }
    let place = match denial.by {
        DeniedBy::Lacking(kind) if kind != "identity-based policy" => kind,
        _ => "policies",
    };
    let resource = denial
        .resource
        .or(on)
        .map_or_else(|| of_action(action, denial.who), any_of_its_name);
    let place = match denial.who {
        Some(who) => format!("the {place} of {who}"),
        None => format!("your {place}"),
    };
    let (action, resource) = (json!(action), json!(resource));
    format!(r#"add to {place}: {{"Effect":"Allow","Action":{action},"Resource":{resource}}}"#)
}

/// A recreated stack has another ID, so the statement matches any ID.
fn any_of_its_name(arn: &str) -> String {
    match arn
        .split_once(":stack/")
        .and_then(|(start, stack)| Some((start, stack.split_once('/')?)))
    {
        Some((start, (name, _))) => format!("{start}:stack/{name}/*"),
        None => arn.to_owned(),
    }
}

/// Where the service names no resource: any resource of this kind that discfg creates in the caller's account.
fn of_action(action: &str, who: Option<&str>) -> String {
    let parts: Vec<&str> = who.unwrap_or("arn:*:iam::*:").split(':').collect();
    let (partition, account) = match parts.as_slice() {
        [_, partition, _, _, account, ..] => (*partition, *account),
        _ => ("*", "*"),
    };
    match action.split_once(':').map(|(service, _)| service) {
        Some("cloudformation") => format!("arn:{partition}:cloudformation:*:{account}:stack/discfg-*/*"),
        Some("dynamodb") => format!("arn:{partition}:dynamodb:*:{account}:table/discfg-*"),
        Some("iam") if action.contains("Policy") => format!("arn:{partition}:iam::{account}:policy/discfg/*"),
        Some("iam" | "sts") => format!("arn:{partition}:iam::{account}:role/discfg/*"),
        _ => "*".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_own_words_make_the_statement() {
        let said = "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: \
            cloudformation:CreateChangeSet on resource: \
            arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/0a1b because no \
            identity-based policy allows the cloudformation:CreateChangeSet action";
        assert_eq!(
            advice("cloudformation:CreateChangeSet", said),
            r#"add to the policies of arn:aws:iam::123456789012:user/dev: {"Effect":"Allow","Action":"cloudformation:CreateChangeSet","Resource":"arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/*"}"#
        );
    }

    #[test]
    fn an_action_that_comes_with_another_is_the_one_to_allow() {
        let said = "User: arn:aws-cn:iam::123456789012:user/dev is not authorized to perform: iam:PassRole on \
            resource: arn:aws-cn:iam::123456789012:role/deployer because no permissions boundary allows the \
            iam:PassRole action";
        assert_eq!(
            advice("cloudformation:CreateChangeSet", said),
            r#"add to the permissions boundary of arn:aws-cn:iam::123456789012:user/dev: {"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws-cn:iam::123456789012:role/deployer"}"#
        );
    }

    #[test]
    fn a_deny_is_not_mended_by_an_allow() {
        let said = "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: dynamodb:DeleteTable on \
            resource: arn:aws:dynamodb:eu-central-1:123456789012:table/discfg-payments with an explicit deny in a \
            service control policy";
        let advice = advice("dynamodb:DeleteTable", said);
        assert!(!advice.contains("Allow"), "{advice}");
        assert!(
            advice.contains("explicit deny in a service control policy"),
            "{advice}"
        );
    }

    #[test]
    fn without_a_resource_it_is_what_discfg_makes_in_that_account() {
        let said =
            "User: arn:aws-us-gov:sts::123456789012:assumed-role/ops/me is not authorized to perform this";
        assert!(
            advice("dynamodb:DescribeTable", said)
                .ends_with(r#""Resource":"arn:aws-us-gov:dynamodb:*:123456789012:table/discfg-*"}"#)
        );
        assert!(
            advice("cloudformation:DescribeStacks", "Access Denied")
                .ends_with(r#""Resource":"arn:*:cloudformation:*:*:stack/discfg-*/*"}"#)
        );
        let policy =
            "User: x is not authorized to perform: iam:ListEntitiesForPolicy on resource: policy discfg";
        assert!(advice("iam:ListEntitiesForPolicy", policy).contains(":policy/discfg/*"));
    }
}
