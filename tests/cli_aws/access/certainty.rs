//! What stands in the way, and what can't be known.

use serde_json::json;

use super::Asking;
use support::account::REGION;
use support::simulator::{self, Said};

#[test]
fn what_stands_in_the_way_is_named() {
    let asking = Asking::of(&[]);
    asking.account.developer();
    let developer = asking.arn("user/developer");
    let denied = Said {
        decision: "explicitDeny",
        statement: Some(("guardrail", "IAM Policy", 7, 5)),
        ..Said::default()
    };
    let cases = [
        (denied, "no", "denied by policy guardrail (statement at 7:5)"),
        (
            Said {
                in_boundary: Some(false),
                ..Said::unsaid()
            },
            "no",
            "its permissions boundary doesn't allow it",
        ),
        (
            Said {
                in_organization: Some(false),
                ..Said::unsaid()
            },
            "no",
            "the organization's policies (SCP) don't allow it",
        ),
        (
            Said {
                unknown_keys: &["aws:SourceIp"],
                ..Said::allowed("office", 1, 1)
            },
            "unknown",
            "the policies ask for aws:SourceIp, which isn't known here; without it the simulator says allowed",
        ),
        (
            Said {
                decision: "perhaps",
                ..Said::default()
            },
            "unknown",
            "the simulator says perhaps",
        ),
    ];
    for (said, answer, because) in cases {
        asking.proxy.calm();
        simulator::answer(&asking.proxy, move |asked| {
            let of_role = asked.by.contains(":role/discfg/");
            Some(if of_role {
                Said::allowed("p", 1, 1)
            } else {
                said.clone()
            })
        });
        asking
            .ask(&developer, &["read", "db/url"])
            .code(1)
            .stdout_has(&format!("{answer}: "))
            .stdout_has(&format!("sts:AssumeRole, sts:TagSession: {because}\n"));
    }
}

#[test]
fn a_trust_that_discfg_did_not_write_is_unknown() {
    let asking = Asking::of(&[]);
    asking.account.developer();
    simulator::answer(&asking.proxy, |asked| {
        Some(
            if asked.by.contains(":role/discfg/") || asked.on.contains(":role/") {
                Said::allowed("p", 1, 1)
            } else {
                Said::unsaid()
            },
        )
    });
    for (statement, because) in [
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}),
            "statement 1 of the trust policy: it names everyone, which discfg never does",
        ),
        (
            json!({"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "sts:AssumeRole"}),
            "cannot evaluate the trust policy",
        ),
    ] {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        for access in ["read", "write"] {
            let name = format!("discfg-payments-{REGION}-{access}");
            // The emulator refuses NotPrincipal in a trust, as IAM does: then it is told to the client alone.
            let update = [("RoleName", name.as_str()), ("PolicyDocument", document.as_str())];
            if document.contains("NotPrincipal") {
                let role = asking.role(access);
                let (encoded, wanted) = (document.replace('"', "&quot;"), format!("RoleName={name}"));
                asking.proxy.on("GetRole").play(move |form| {
                    form.contains(&wanted)
                        .then(|| (200, role_answer(&role, &encoded)))
                });
            } else {
                asking.account.iam("UpdateAssumeRolePolicy", &update);
            }
        }
        asking
            .ask(&asking.arn("user/developer"), &["read", "db/url"])
            .code(1)
            .stdout_has("unknown: ")
            .stdout_has(because);
    }
}

fn role_answer(arn: &str, trust: &str) -> String {
    let name = arn.rsplit('/').next().unwrap_or_default();
    format!(
        "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>\
         <Path>/discfg/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId><Arn>{arn}</Arn>\
         <CreateDate>2026-01-31T08:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"
    )
}
