//! Every way to access is looked at, and each says what decides.

use serde_json::{Value, json};

use super::{Asking, GRANT, way};
use support::account::REGION;
use support::simulator::{self, Said};

#[test]
fn a_yes_says_which_statements_decide() {
    let asking = Asking::of(&[]);
    asking.account.developer();
    asking.roles_are_as_made();
    let developer = asking.arn("user/developer");
    asking
        .ask(&developer, &["read", "db/url"])
        .code(0)
        .stdout_has(&format!("yes: {developer} can read /db/url of payments\n"))
        .stdout_has("--as read: yes\n  yes     trust: allowed by statement ThisAccount of the trust policy\n")
        .stdout_has("  yes     sts:AssumeRole, sts:TagSession: allowed by its policies\n")
        .stdout_has(
            "  yes     dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:Query: \
             allowed by policy discfg-payments (statement at 1:40)\n",
        )
        .stdout_has("--as self: no\n")
        .stderr_has("Not evaluated: resource policies of the table");
    let asked = simulator::asked(&asking.proxy);
    let on_table = asked.iter().filter(|asked| asked.on == asking.table());
    assert!(on_table.clone().count() >= 2, "{asked:#?}");
    for asked in on_table {
        assert_eq!(asked.keys, ["/db"], "{asked:?}");
    }
    assert!(
        asked
            .iter()
            .any(|asked| asked.by == developer && asked.on == asking.role("read") && asked.keys.is_empty()),
        "{asked:#?}"
    );
}

#[test]
fn the_answer_as_json_has_every_way_and_step() {
    let asking = Asking::of(&[]);
    asking.account.developer();
    asking.roles_are_as_made();
    let answer = asking
        .ask(&asking.arn("user/developer"), &["write", "top", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(answer["action"], "access");
    assert_eq!(answer["config"], "payments");
    assert_eq!(answer["wants"], "write");
    assert_eq!(
        (&answer["key"], &answer["section"]),
        (&json!("/top"), &json!("@root"))
    );
    assert_eq!(answer["answer"], "yes");
    let names: Vec<&Value> = answer["ways"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|way| &way["as"])
        .collect();
    assert_eq!(names, ["write", "self"], "the read role doesn't write");
    let write = way(&answer, "write");
    assert_eq!(write["role"], asking.role("write"));
    assert_eq!(write["steps"][0]["of"], "trust");
    assert_eq!(
        write["steps"][2]["of"],
        "dynamodb:BatchGetItem, dynamodb:ConditionCheckItem, dynamodb:DeleteItem, dynamodb:PutItem, \
         dynamodb:UpdateItem"
    );
    let alone = way(&answer, "self");
    assert_eq!(alone["answer"], "no");
    let missing = alone["steps"][0]["missing"].as_str().unwrap_or_default();
    let statement: Value = serde_json::from_str(missing).expect("a statement");
    assert_eq!(statement["Effect"], "Allow");
    assert_eq!(statement["Resource"], asking.table());
    assert_eq!(statement["Action"][3], "dynamodb:PutItem");
}

/// Most sessions have no tags that pass on, so a missing permission to pass them is told and decides nothing.
#[test]
fn tags_of_a_session_are_asked_about_apart() {
    let asking = Asking::of(&[]);
    asking.account.user("developer", &["sts:AssumeRole"]);
    asking.roles_are_as_made();
    let (arn, role) = (asking.arn("user/developer"), asking.role("read"));
    asking
        .ask(&arn, &["read", "db/url"])
        .code(0)
        .stdout_has("  yes     sts:AssumeRole: allowed by its policies\n")
        .stdout_has(&format!(
            "  no      sts:TagSession (only for sessions with transitive tags): not allowed by any statement of its policies\n\
             \x20         missing: {{\"Effect\":\"Allow\",\"Action\":\"sts:TagSession\",\"Resource\":\"{role}\"}}\n"
        ));
    let name = format!("discfg-payments-{REGION}-read");
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "ThisAccount", "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": asking.arn("root")},
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:*:*:*:*:*"}},
    }]});
    let trust = trust.to_string();
    let before = [("RoleName", name.as_str()), ("PolicyDocument", &trust)];
    asking.account.iam("UpdateAssumeRolePolicy", &before);
    let answer = asking.ask(&arn, &["read", "db/url", "-f", "json"]).code(0).json();
    let steps = &way(&answer, "read")["steps"];
    assert_eq!(steps[0]["answer"], "yes");
    assert_eq!(steps[0].get("onlyWithTags"), None);
    assert_eq!(steps[1]["of"], "trust, sts:TagSession");
    assert_eq!(steps[1]["onlyWithTags"], true);
    assert_eq!(steps[1]["missing"], "discfg init payments (updates the role)");
}

#[test]
fn a_no_says_what_is_missing() {
    let developer = |asking: &Asking| asking.arn("user/developer");
    let asking = Asking::of(&["--reader", "arn:aws:iam::*:role/app"]);
    asking.account.user("developer", &["s3:GetObject"]);
    asking.roles_are_as_made();
    let (arn, role) = (developer(&asking), asking.role("read"));
    asking
        .ask(&arn, &["read", "db/url"])
        .code(1)
        .stdout_has(&format!("no: {arn} can't read /db/url of payments\n"))
        .stdout_has(&format!(
            "  no      trust: statement ThisAccount of the trust policy: it only matches arn:aws:iam::*:role/app\n\
             \x20         missing: discfg init payments --reader 'arn:aws:iam::*:role/app' --reader {arn}\n"
        ))
        .stdout_has(&format!(
            "  no      sts:AssumeRole, sts:TagSession: not allowed by any statement of its policies\n\
             \x20         missing: {{\"Effect\":\"Allow\",\"Action\":[\"sts:AssumeRole\",\"sts:TagSession\"],\"Resource\":\"{role}\"}}\n"
        ))
        .stderr_lacks("error");
}

#[test]
fn a_role_that_is_not_as_made_is_told_with_what_mends_it() {
    let asking = Asking::of(&[]);
    asking.account.developer();
    simulator::answer(&asking.proxy, |asked| {
        asked.by.contains(":role/discfg/").then(Said::unsaid)
    });
    asking
        .ask(&asking.arn("user/developer"), &["read", "db/url"])
        .code(1)
        .stdout_has("missing: discfg init payments (updates the role)\n");
}

#[test]
fn grants_that_cover_the_section_are_ways_too() {
    let app = "arn:aws:iam::*:role/app";
    let asking = Asking::of(&["--reader", app, "--writer", app]);
    asking.account.developer();
    asking.roles_are_as_made();
    let developer = asking.arn("user/developer");
    let parameters = [
        ("Config", "payments"),
        ("Grant", "dbs"),
        ("Sections", "/db,/app"),
        ("Principals", developer.as_str()),
    ];
    asking.account.deploy("discfg-payments--dbs", GRANT, &parameters);
    let answer = asking
        .ask(&developer, &["read", "db/url", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(way(&answer, "dbs")["answer"], "yes");
    assert_eq!(
        way(&answer, "dbs")["role"],
        asking.arn(&format!("role/discfg/discfg-payments--dbs-{REGION}"))
    );
    assert_eq!(way(&answer, "read")["answer"], "no");
    asking
        .ask(&developer, &["read", "web/url"])
        .code(1)
        .stdout_has("--as read: no")
        .stdout_has("no: ");
    let writes = asking
        .ask(&developer, &["write", "db/url", "-f", "json"])
        .code(1)
        .json();
    let ways: Vec<&Value> = writes["ways"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|way| &way["as"])
        .collect();
    assert_eq!(ways, ["write", "self"], "the grant only reads");
}
