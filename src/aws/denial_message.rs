//! The words in which AWS refuses a request for want of permission (IAM User Guide, "Troubleshoot access denied error
//! messages"). There are three shapes: no policy of some type allows the action, which names a resource or none; a policy
//! of some type denies it; and older ones that give no reason.

/// What such a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DenialMessage<'a> {
    /// The ARN of who was refused.
    pub(crate) who: Option<&'a str>,
    /// The action that is lacking, such as `iam:PassRole`. A request may take others besides the one that it is named for.
    pub(crate) action: Option<&'a str>,
    /// The ARN, or `*`, that the action was tried on.
    pub(crate) resource: Option<&'a str>,
    /// Which policy decided.
    pub(crate) by: DeniedBy<'a>,
}

/// Which policy decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeniedBy<'a> {
    /// None of this type allows it, such as `identity-based policy` or `permissions boundary`.
    Lacking(&'a str),
    /// This denies it explicitly, such as `a service control policy`.
    Explicit(&'a str),
    /// The message doesn't say.
    Unknown,
}

impl<'a> DenialMessage<'a> {
    pub(crate) fn of(said: &'a str) -> Self {
        let by = if let Some((_, place)) = said.split_once("with an explicit deny in ") {
            DeniedBy::Explicit(place.trim_end_matches('.'))
        } else if let Some(kind) = between(said, "because no ", " allows") {
            DeniedBy::Lacking(kind)
        } else {
            DeniedBy::Unknown
        };
        Self {
            who: after(said, "User: ").filter(|who| who.starts_with("arn:")),
            action: after(said, "not authorized to perform: ").filter(|action| action.contains(':')),
            resource: after(said, "on resource: ")
                .filter(|resource| resource.starts_with("arn:") || *resource == "*"),
            by,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
        cloudformation:ListStacks on resource: arn:aws:cloudformation:us-east-1:111122223333:stack/*/* because no \
        identity-based policy allows the cloudformation:ListStacks action";

    #[test]
    fn what_no_policy_allows() {
        assert_eq!(
            DenialMessage::of(LIST),
            DenialMessage {
                who: Some("arn:aws:iam::111122223333:user/dev"),
                action: Some("cloudformation:ListStacks"),
                resource: Some("arn:aws:cloudformation:us-east-1:111122223333:stack/*/*"),
                by: DeniedBy::Lacking("identity-based policy"),
            }
        );
        let nowhere = LIST.replace(
            " on resource: arn:aws:cloudformation:us-east-1:111122223333:stack/*/*",
            "",
        );
        assert_eq!(
            DenialMessage::of(&nowhere),
            DenialMessage {
                resource: None,
                ..DenialMessage::of(LIST)
            }
        );
        let session = "User: arn:aws:sts::111122223333:assumed-role/pods/eks is not authorized to perform: sts:TagSession \
            on resource: arn:aws:iam::111122223333:role/discfg/discfg-payments-eu-central-1-read";
        let denial = DenialMessage::of(session);
        assert_eq!(denial.action, Some("sts:TagSession"));
        assert_eq!(denial.by, DeniedBy::Unknown);
    }

    #[test]
    fn what_a_policy_denies() {
        let said = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: dynamodb:DeleteTable on \
            resource: * with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-a/p-b";
        let denial = DenialMessage::of(said);
        assert_eq!(denial.resource, Some("*"));
        let place = "a service control policy: arn:aws:organizations::1:policy/o-a/p-b";
        assert_eq!(denial.by, DeniedBy::Explicit(place));
    }

    #[test]
    fn other_words_name_nothing() {
        for said in [
            "Access Denied",
            "",
            "User: x is not authorized to perform this",
            "Forbidden",
        ] {
            let denial = DenialMessage::of(said);
            assert_eq!(
                (denial.who, denial.action, denial.resource, denial.by),
                (None, None, None, DeniedBy::Unknown),
                "{said}"
            );
        }
    }
}
