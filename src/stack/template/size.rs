use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::Region;
use crate::stack::error::StackError;
use crate::stack::policy::resolve;
use crate::stack::policy::resolve::StackLocation;

/// A size-limited IAM document, in characters without white space (IAM user guide, "IAM and STS
/// character limits").
struct Bounded {
    kind: &'static str,
    property: &'static str,
    what: &'static str,
    /// The default quota.
    quota: usize,
    /// The maximum to which the quota can be raised.
    most: usize,
}

const BOUNDED: [Bounded; 2] = [
    Bounded {
        kind: "AWS::IAM::Role",
        property: "AssumeRolePolicyDocument",
        what: "trust policy",
        quota: 2_048,
        most: 4_096,
    },
    Bounded {
        kind: "AWS::IAM::ManagedPolicy",
        property: "PolicyDocument",
        what: "policy",
        quota: 6_144,
        most: 6_144,
    },
];

/// Checks the parameters against CloudFormation's quota, and the resulting documents against IAM's. Documents of the
/// deployed stack, from the parameters `before`, that exceed the default show that the account's quota was raised.
///
/// A deployment would also fail, but halfway, and with IAM's messages.
pub(in crate::stack) fn check(
    stack: &str,
    template: &str,
    region: &Region,
    before: Option<&BTreeMap<String, String>>,
    after: &BTreeMap<String, String>,
) -> Result<(), StackError> {
    if let Some((name, value)) = after
        .iter()
        .find(|(_, value)| value.len() > StackError::PARAMETER_BYTES)
    {
        return Err(StackError::LongParameter {
            name: name.clone(),
            size: value.len(),
        });
    }
    let had = before.map_or_else(BTreeMap::new, |before| sizes(stack, template, region, before));
    for ((id, property), (bounded, size, is_json)) in sizes(stack, template, region, after) {
        if !is_json {
            return Err(StackError::NotJson {
                what: bounded.what,
                of: id,
            });
        }
        let raised = had
            .get(&(id.clone(), property))
            .is_some_and(|(_, had, _)| *had > bounded.quota);
        let quota = if raised { bounded.most } else { bounded.quota };
        if size > quota {
            return Err(StackError::TooLong {
                what: bounded.what,
                of: id,
                size,
                quota,
                most: bounded.most,
            });
        }
    }
    Ok(())
}

type Sizes = BTreeMap<(String, &'static str), (&'static Bounded, usize, bool)>;

/// The size of each limited document of the template, and whether it is valid JSON. Documents that can't be determined
/// from the template are omitted.
fn sizes(stack: &str, template: &str, region: &Region, parameters: &BTreeMap<String, String>) -> Sizes {
    // All account IDs have this length.
    let arn = format!(
        "arn:{}:cloudformation:{region}:000000000000:stack/{stack}/0",
        region.partition()
    );
    let made = StackLocation::of(&arn).and_then(|place| resolve::resources(template, parameters, &place));
    let mut sizes = Sizes::new();
    for (id, resource) in made.into_iter().flatten() {
        for bounded in BOUNDED.iter().filter(|bounded| bounded.kind == resource.kind) {
            if let Some(Ok(document)) = resource.properties.get(bounded.property) {
                let is_json = match document {
                    Value::String(text) => serde_json::from_str::<Value>(text).is_ok(),
                    _ => true,
                };
                sizes.insert((id.clone(), bounded.property), (bounded, size(document), is_json));
            }
        }
    }
    sizes
}

fn size(document: &Value) -> usize {
    let text = match document {
        Value::String(text) => text.clone(),
        document => document.to_string(),
    };
    text.chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::TEMPLATE;

    const GRANT: &str = include_str!("../../../infra/grant.yaml");
    /// 36 characters, as a config's name may have.
    const CONFIG: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
    /// Of today's regions that a config of that length fits in, the longest.
    const REGION: &str = "ap-southeast-1";

    fn region() -> Region {
        REGION.parse().expect("a region")
    }

    fn parameters(given: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        given.iter().map(owned).collect()
    }

    fn principals(count: usize, name: &str) -> String {
        let arn = |index| format!("arn:aws:iam::123456789012:role/{name}-{index:02}");
        (0..count).map(arn).collect::<Vec<_>>().join(",")
    }

    fn size_of(template: &str, given: &[(&str, &str)], id: &str) -> usize {
        let all = sizes("discfg-x", template, &region(), &parameters(given));
        let of = all.iter().find(|((of, _), _)| of == id);
        of.map_or_else(|| panic!("{id} has no size"), |(_, (_, size, _))| *size)
    }

    fn checked(before: Option<&[(&str, &str)]>, after: &[(&str, &str)]) -> Result<(), StackError> {
        let before = before.map(parameters);
        check(
            "discfg-x",
            TEMPLATE,
            &region(),
            before.as_ref(),
            &parameters(after),
        )
    }

    /// How many sections of such a name a grant can have that may call an API, and what is said of one more.
    fn most_by_api(config: &str, access: &str, name: &str) -> (usize, String) {
        let api = "arn:aws:execute-api:ap-southeast-1:123456789012:abcdefghij/$default/GET/v1";
        let refused = |count: usize| {
            let names: Vec<String> = (0..count).map(|index| format!("{name}{index:02}")).collect();
            let reads: Vec<String> = names
                .iter()
                .map(|name| format!("{api}/{config}/{name}/*"))
                .collect();
            let sections: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
            let given = parameters(&[
                ("Config", config),
                ("Grant", "g"),
                ("Sections", &sections.join(",")),
                ("Access", access),
                ("ApiReads", &reads.join(",")),
            ]);
            check("discfg-x--g", GRANT, &region(), None, &given).err()
        };
        let (count, error) = (1..)
            .find_map(|count| Some((count, refused(count)?)))
            .expect("some are too many");
        (count - 1, error.to_string())
    }

    #[test]
    fn as_many_sections_fit_an_api_as_the_documents_say() {
        for (config, name, reads, writes) in [
            ("c", "", 40..60, 20..30),
            ("payments", "services", 40..50, 18..25),
            (CONFIG, "services", 30..40, 15..20),
        ] {
            let (most, words) = most_by_api(config, "read", name);
            assert!(reads.contains(&most), "{config} {name}: {most}");
            assert!(
                words.starts_with("the parameter ApiReads is too long: 4"),
                "{words}"
            );
            assert!(words.ends_with("bytes; the limit is 4096"), "{words}");
            let (most, words) = most_by_api(config, "write", name);
            assert!(writes.contains(&most), "{config} {name}: {most}");
            assert!(
                words.starts_with("the policy of resource ApiWritePolicy is too long: 6"),
                "{words}"
            );
            assert!(words.ends_with("characters; the limit is 6144"), "{words}");
        }
    }

    #[test]
    fn policies_fit_with_the_longest_names() {
        for id in ["ReadPolicy", "WritePolicy"] {
            let size = size_of(TEMPLATE, &[("Config", CONFIG)], id);
            assert!((250..6_144).contains(&size), "{id}: {size}");
        }
        // Twenty sections of twenty characters.
        let section = |index: usize| format!("/section-of-length-{index:02}");
        let sections = (0..20).map(section).collect::<Vec<_>>().join(",");
        let given = [
            ("Config", CONFIG),
            ("Grant", "g"),
            ("Sections", &sections),
            ("Access", "write"),
            (
                "KmsKeyArn",
                "arn:aws:kms:ap-southeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
        ];
        let size = size_of(GRANT, &given, "Policy");
        assert!((1_500..6_144).contains(&size), "{size}");
    }

    #[test]
    fn twenty_principals_of_usual_length_fit() {
        let principals = principals(20, "payments-production-service");
        let size = size_of(
            TEMPLATE,
            &[("Config", CONFIG), ("Readers", &principals)],
            "ReadRole",
        );
        assert!((1_400..=2_048).contains(&size), "{size}");
        assert!(checked(None, &[("Config", CONFIG), ("Readers", &principals)]).is_ok());
        let given = [
            ("Config", CONFIG),
            ("Grant", "g"),
            ("Sections", "/db"),
            ("Principals", principals.as_str()),
        ];
        let size = size_of(GRANT, &given, "Role");
        assert!((1_400..=2_048).contains(&size), "{size}");
    }

    #[test]
    fn a_trust_that_is_too_long_is_refused_with_its_size_and_the_quota() {
        let sso =
            "aws-reserved/sso.amazonaws.com/ap-southeast-1/AWSReservedSSO_PaymentsReadOnly_0123456789abcdef";
        let principals = principals(20, sso);
        let long = [("Config", CONFIG), ("Writers", principals.as_str())];
        let error = checked(None, &long).expect_err("too long");
        let text = error.to_string();
        assert!(
            text.starts_with("the trust policy of resource WriteRole is too long: 2")
                && text.ends_with("characters; the limit is 2048"),
            "{text}"
        );
        // Other accounts are trusted with the same list once more.
        let twice = [
            ("Config", CONFIG),
            ("Readers", &principals[..1_000]),
            ("AccountIds", "210987654321"),
            ("ExternalId", "acme-7"),
        ];
        assert!(checked(None, &twice).is_err());
        assert!(checked(None, &twice[..2]).is_ok());
    }

    #[test]
    fn a_trust_with_an_oidc_issuer_is_measured_and_must_be_json() {
        let main = "gitlab.com|sts.amazonaws.com|project_path:acme/shop:ref_type:branch:ref:main";
        let principals = principals(20, "payments-production-service");
        let without = [("Config", CONFIG), ("Readers", principals.as_str())];
        let with = [without[0], without[1], ("FirstOidc", main)];
        let more = size_of(TEMPLATE, &with, "ReadRole") - size_of(TEMPLATE, &without, "ReadRole");
        assert!((250..350).contains(&more), "{more}");
        let job = ("GitHubSubjects", r#"repo:acme/shop:environment:a "b""#);
        assert!(checked(None, &[without[0], job]).is_ok());
        let error = checked(None, &[without[0], job, ("FirstOidc", main)]).expect_err("a quote");
        assert_eq!(
            error.to_string(),
            "the trust policy of resource ReadRole is not valid JSON: a principal or a job contains a quote or a backslash"
        );
    }

    #[test]
    fn an_account_that_has_more_already_may_have_as_much_as_any() {
        let name = "a".repeat(64);
        let (some, more, most) = (
            principals(20, &name),
            principals(30, &name),
            principals(40, &name),
        );
        let before = [("Config", CONFIG), ("Readers", some.as_str())];
        assert!(
            checked(None, &before).is_err(),
            "without a sign that the quota was raised"
        );
        assert!(checked(Some(&before), &[("Config", CONFIG), ("Readers", &more)]).is_ok());
        let error = checked(Some(&before), &[("Config", CONFIG), ("Readers", &most)]);
        let text = error.expect_err("more than IAM ever allows").to_string();
        assert!(text.ends_with("the limit is 4096"), "{text}");
    }

    #[test]
    fn a_policy_has_a_quota_that_is_never_raised() {
        let name = "a".repeat(120);
        let section = |index: usize| format!("/{name}-{index}");
        let sections = (0..30).map(section).collect::<Vec<_>>().join(",");
        let given = parameters(&[
            ("Config", CONFIG),
            ("Grant", "g"),
            ("Sections", &sections),
            ("Access", "write"),
        ]);
        let error = check("discfg-x--g", GRANT, &region(), Some(&given), &given).expect_err("too long");
        let text = error.to_string();
        assert!(
            text.starts_with("the policy of resource Policy is too long"),
            "{text}"
        );
        assert!(text.ends_with("the limit is 6144"), "{text}");
    }
}
