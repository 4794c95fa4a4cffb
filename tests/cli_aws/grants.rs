//! `grant`, `grants` and `revoke`, as a platform engineer runs them.

use serde_json::{Value, json};

use support::grants::{TABLE, deployed, developer, line, policy, policy_arn, trust};

fn has_section(items: &[Value], section: &str) -> bool {
    items
        .iter()
        .any(|item| item["pk"]["S"] == "@config" && item["sk"]["S"] == section)
}

#[test]
fn a_grant_is_shown_deployed_and_written_down() {
    let (account, _proxy, place) = deployed();
    let principal = developer(&account);
    let role = format!(
        "arn:aws:iam::{}:role/discfg/discfg-payments--team-eu-central-1",
        account.id()
    );
    let statement =
        format!(r#"{{"Action":["sts:AssumeRole","sts:TagSession"],"Effect":"Allow","Resource":"{role}"}}"#);
    let sections = ["--write", "db", "--write", "@root", "--write", "new"];
    let others = ["--principal", &principal, "--yes", "-f", "json"];
    let made = place
        .args([&["grant", "team"][..], &sections, &others].concat())
        .run()
        .code(0)
        .stderr_has("Creating the stack discfg-payments--team")
        .stderr_has("create   grant policy (Policy)")
        .stderr_has("set      sections: /db,/new,@root")
        .stderr_lacks("who may read")
        .stderr_has("Role not verified: you are not a principal of this grant")
        .stderr_has(&format!("  {principal}\n    {statement}"))
        .json();
    assert_eq!(made["action"], "grant");
    assert_eq!(made["result"], "created");
    assert_eq!(made["config"], "payments");
    assert_eq!(made["stack"]["name"], "discfg-payments--team");
    assert_eq!(
        made["grant"],
        json!({
            "name": "team", "access": "write", "sections": ["/db", "/new", "@root"], "principals": [principal],
            "github": [], "oidc": [], "role": role, "policy": policy_arn(&account, "team"),
        })
    );
    assert_eq!(made["statements"][0]["statement"]["Resource"], role);
    assert_eq!(made["statements"][0]["principal"], principal);

    let items = account.items(TABLE);
    assert!(has_section(&items, "/new"), "{items:?}");
    assert!(
        items.iter().all(|item| item["pk"]["S"] != "/new"),
        "no head is written before a commit"
    );
    let line = line(&account, "team").expect("the grant is in the list");
    assert_eq!(line["access"], json!({"S": "write"}));
    let mut sections: Vec<&str> = line["sections"]["SS"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    sections.sort_unstable();
    assert_eq!(sections, ["/db", "/new", "@root"]);

    let table = format!("arn:aws:dynamodb:eu-central-1:{}:table/{TABLE}", account.id());
    let on = |keys: &[&str]| json!({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": keys}, "Null": {"dynamodb:LeadingKeys": "false"}});
    assert_eq!(
        policy(&account, "team")["Statement"],
        json!([
            {"Sid": "Read", "Effect": "Allow", "Resource": table,
             "Action": ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"],
             "Condition": on(&["@config", "/db", "/new", "@root"])},
            {"Sid": "Describe", "Effect": "Allow", "Action": "dynamodb:DescribeTable", "Resource": table},
            {"Sid": "Write", "Effect": "Allow", "Resource": table,
             "Action": ["dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
             "Condition": on(&["/db", "/new", "@root"])},
        ])
    );
    assert_eq!(
        trust(&account, "team")["Statement"],
        json!([{
            "Sid": "ThisAccount", "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Principal": {"AWS": format!("arn:aws:iam::{}:root", account.id())},
            "Condition": {"ArnLike": {"aws:PrincipalArn": [principal]}},
        }])
    );
}

#[test]
fn run_again_it_changes_what_is_given_and_keeps_the_rest() {
    let (account, proxy, place) = deployed();
    let principal = developer(&account);
    place
        .args([
            "grant",
            "payments",
            "team",
            "--read",
            "/db",
            "--principal",
            &principal,
            "--yes",
        ])
        .run()
        .code(0)
        .stdout_has("team of payments: created\n  read       /db\n  principal  ");
    proxy.forget();
    place
        .args(["grant", "team"])
        .run()
        .code(0)
        .stdout_has("team of payments: unchanged\n");
    assert_eq!(
        proxy.operations(),
        [
            "DescribeStacks",
            "DescribeStacks",
            "DescribeStacks",
            "GetTemplate",
            "GetItem"
        ]
    );
    place
        .args(["grant", "team", "--write", "db", "--write", "web", "--yes"])
        .run()
        .code(0)
        .stderr_has("sections: /db -> /db,/web")
        .stderr_has("access: read -> write")
        .stdout_has(&format!(
            "team of payments: updated\n  write      /db, /web\n  principal  {principal}\n"
        ));
    let line = line(&account, "team").expect("the grant is in the list");
    assert_eq!(line["access"], json!({"S": "write"}));
    assert_eq!(
        policy(&account, "team")["Statement"].as_array().map(Vec::len),
        Some(3)
    );
}

#[test]
fn grants_lists_what_there_is() {
    let (account, _proxy, place) = deployed();
    place
        .args(["grants"])
        .run()
        .code(0)
        .stdout("")
        .stderr_has("no grants of payments");
    let principal = developer(&account);
    for (name, access, section) in [("team", "--write", "db"), ("audit", "--read", "@root")] {
        let flags = [access, section, "--principal", &principal, "--yes", "-q"];
        place.args([&["grant", name][..], &flags].concat()).run().code(0);
    }
    let role = |name: &str| {
        let account = account.id();
        format!("arn:aws:iam::{account}:role/discfg/discfg-payments--{name}-eu-central-1")
    };
    place.args(["grants", "payments"]).run().code(0).stdout(format!(
        "audit\n  read       @root\n  principal  {principal}\n  role       {}\n\
         team\n  write      /db\n  principal  {principal}\n  role       {}\n",
        role("audit"),
        role("team")
    ));
    place
        .args(["grants", "-f", "raw"])
        .run()
        .code(0)
        .stdout("audit\nteam\n");
    let listed = place.args(["grants", "-f", "json"]).run().code(0).json();
    assert_eq!(listed["action"], "grants");
    assert_eq!(listed["grants"][1]["name"], "team");
    assert_eq!(listed["grants"][1]["access"], "write");
    assert_eq!(listed["grants"][1]["sections"], json!(["/db"]));
    assert_eq!(listed["grants"][1]["role"], role("team"));
    assert_eq!(listed["grants"][1]["status"], "CREATE_COMPLETE");
    place
        .args(["grants", "-f", "yaml"])
        .run()
        .code(0)
        .stdout_has("name: audit");
    place
        .args(["grants", "nosuch"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("config \"nosuch\" not found");
}

#[test]
fn revoke_takes_stack_and_line_away() {
    let (account, _proxy, place) = deployed();
    let principal = developer(&account);
    place
        .args([
            "grant",
            "team",
            "--read",
            "db",
            "--principal",
            &principal,
            "--yes",
            "-q",
        ])
        .run()
        .code(0);
    place
        .args(["revoke", "team"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("refusing to continue without confirmation (no terminal): use --yes")
        .stderr_has("not answered: Revoke the grant team of payments (")
        .stderr_has(&format!("used by {principal})?"));
    assert!(line(&account, "team").is_some());
    let gone = place
        .args(["revoke", "payments", "team", "--yes", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(
        gone,
        json!({"action": "revoke", "config": "payments", "grant": "team", "result": "revoked",
               "stack": "discfg-payments--team"})
    );
    assert_eq!(line(&account, "team"), None);
    place.args(["grants"]).run().code(0).stdout("");
    place
        .args(["revoke", "team", "--yes"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("grant \"team\" of config \"payments\" not found");
    place.args(["get", "db/url"]).run().code(0).stdout("one\n");
}

#[test]
fn a_revoke_that_went_half_way_is_seen_through() {
    let (account, proxy, place) = deployed();
    let principal = developer(&account);
    place
        .args([
            "grant",
            "team",
            "--read",
            "db",
            "--principal",
            &principal,
            "--yes",
            "-q",
        ])
        .run()
        .code(0);
    proxy.on("DeleteItem").times(1).deny();
    place
        .args(["revoke", "team", "--yes"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("access denied: dynamodb:DeleteItem")
        .stderr_has("then rerun the command");
    assert!(line(&account, "team").is_some());
    place
        .args(["revoke", "team", "--yes"])
        .run()
        .code(0)
        .stdout("team of payments: revoked\n");
    assert_eq!(line(&account, "team"), None);
}

#[test]
fn a_deployer_among_the_principals_proves_the_role() {
    let (account, proxy, place) = deployed();
    let admin = format!("arn:aws:iam::{}:user/adm*", account.id());
    // The emulator refuses the role everything, see above: the proof is answered here.
    proxy
        .on("BatchGetItem")
        .times(1)
        .answer(200, r#"{"Responses": {"discfg-payments": []}}"#);
    place
        .args(["grant", "team", "--read", "db", "--principal", &admin, "--yes"])
        .run()
        .code(0)
        .stderr_has("Verified: assumed the grant's role and read the config.");
}

#[test]
fn without_an_answer_nothing_is_granted() {
    let (account, _proxy, place) = deployed();
    let principal = developer(&account);
    let flags = ["grant", "team", "--read", "db", "--principal", &principal];
    place
        .args(flags)
        .run()
        .code(2)
        .stdout("")
        .stderr_has("Creating the stack discfg-payments--team")
        .stderr_has("--yes");
    place
        .args([&flags[..], &["--dry-run"]].concat())
        .run()
        .code(0)
        .stdout("team of payments: planned\n")
        .stderr_has("Dry run: nothing was deployed");
    assert_eq!(line(&account, "team"), None);
    place.args(["grants"]).run().code(0).stdout("");
}

#[test]
fn a_destroyed_config_keeps_no_line_of_a_grant() {
    let (account, _proxy, place) = deployed();
    let principal = developer(&account);
    place
        .args([
            "grant",
            "team",
            "--read",
            "db",
            "--principal",
            &principal,
            "--yes",
            "-q",
        ])
        .run()
        .code(0);
    place.args(["destroy", "payments", "--yes"]).run().code(0);
    assert_eq!(line(&account, "team"), None);
    assert!(!account.items(TABLE).is_empty(), "the table is kept");
}

#[test]
fn a_stack_that_is_not_discfgs_is_left_alone() {
    let (account, _proxy, place) = deployed();
    let foreign = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;
    account
        .query(
            &account.root(),
            "cloudformation",
            "2010-05-15",
            "CreateStack",
            &[("StackName", "discfg-payments--team"), ("TemplateBody", foreign)],
        )
        .expect("root may deploy");
    let principal = developer(&account);
    for args in [
        &[
            "grant",
            "team",
            "--read",
            "db",
            "--principal",
            &principal,
            "--yes",
        ][..],
        &["revoke", "team", "--yes"],
    ] {
        place
            .args(args)
            .run()
            .code(7)
            .stdout("")
            .stderr_has("the stack discfg-payments--team was not created by discfg");
    }
    place.args(["grants"]).run().code(0).stdout("");
}
