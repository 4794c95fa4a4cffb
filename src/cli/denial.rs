//! What a service says when it refuses a request for want of permission, and the statement that would allow it.

use serde_json::json;

/// What to do about it. `action` is what was tried; the service may name another one that it takes besides, such as
/// `iam:PassRole`.
pub(super) fn advice(action: &str, said: &str) -> String {
    let denied = Denied::new(action, said);
    let who = denied.who.map(|who| format!(" of {who}")).unwrap_or_default();
    if let Some(place) = denied.forbidden_by {
        return format!(
            "{} is forbidden by an explicit deny in {place}, which stands above every allow: it has to be lifted there",
            denied.action
        );
    }
    let place = denied.not_allowed_by.unwrap_or("policies");
    format!("add to the {place}{who}: {}", denied.statement())
}

struct Denied<'a> {
    action: &'a str,
    resource: String,
    who: Option<&'a str>,
    /// The sort of policy that lacks the statement, unless it is those of the identity.
    not_allowed_by: Option<&'a str>,
    forbidden_by: Option<&'a str>,
}

impl<'a> Denied<'a> {
    fn new(action: &'a str, said: &'a str) -> Self {
        let who = after(said, "User: ").filter(|who| who.starts_with("arn:"));
        let action = after(said, "not authorized to perform: ").unwrap_or(action);
        let resource = after(said, "on resource: ")
            .filter(|resource| resource.starts_with("arn:"))
            .map_or_else(|| of_action(action, who), any_of_its_name);
        Self {
            action,
            resource,
            who,
            not_allowed_by: between(said, "because no ", " allows")
                .filter(|kind| *kind != "identity-based policy"),
            forbidden_by: said
                .split_once("with an explicit deny in ")
                .map(|(_, place)| place.trim_end_matches('.')),
        }
    }

    fn statement(&self) -> String {
        json!({"Effect": "Allow", "Action": self.action, "Resource": self.resource}).to_string()
    }
}

fn after<'a>(said: &'a str, start: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(start)?;
    let word = rest.split_whitespace().next()?;
    Some(word.trim_matches(|c| matches!(c, '"' | '\'' | ',' | '.')))
}

fn between<'a>(said: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(start)?;
    rest.split_once(end).map(|(between, _)| between)
}

/// A stack that is made anew has another id, so a statement goes by its name.
fn any_of_its_name(arn: &str) -> String {
    match arn
        .split_once(":stack/")
        .and_then(|(start, stack)| Some((start, stack.split_once('/')?)))
    {
        Some((start, (name, _))) => format!("{start}:stack/{name}/*"),
        None => arn.to_owned(),
    }
}

/// Where the service names no resource: whatever of the kind discfg makes in the caller's account.
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
            r#"add to the policies of arn:aws:iam::123456789012:user/dev: {"Action":"cloudformation:CreateChangeSet","Effect":"Allow","Resource":"arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/*"}"#
        );
    }

    #[test]
    fn an_action_that_comes_with_another_is_the_one_to_allow() {
        let said = "User: arn:aws-cn:iam::123456789012:user/dev is not authorized to perform: iam:PassRole on \
            resource: arn:aws-cn:iam::123456789012:role/deployer because no permissions boundary allows the \
            iam:PassRole action";
        assert_eq!(
            advice("cloudformation:CreateChangeSet", said),
            r#"add to the permissions boundary of arn:aws-cn:iam::123456789012:user/dev: {"Action":"iam:PassRole","Effect":"Allow","Resource":"arn:aws-cn:iam::123456789012:role/deployer"}"#
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
