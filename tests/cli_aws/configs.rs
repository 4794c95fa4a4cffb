//! `configs`: which configs are there, by their stacks, their tables, their files.

use serde_json::json;

use support::cli::Place;
use support::config::embedded;
use support::emulator::Emulator;
use support::proxy::Proxy;

fn names(listed: &serde_json::Value) -> Vec<&str> {
    let configs = listed["configs"].as_array().into_iter().flatten();
    configs.filter_map(|config| config["config"].as_str()).collect()
}

#[test]
fn stacks_and_kept_tables_are_listed_and_nothing_else() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let none = "no configs in this account and region; create one with `discfg init NAME`\n";
    place.args(["configs"]).run().code(0).stdout("").stderr(none);
    for config in ["shop", "app"] {
        place.args(["init", config, "--yes", "-q"]).run().code(0);
    }
    account.create_table("discfg-kept");
    account.create_table("elsewhere");
    let template = r#"{"Resources":{"Topic":{"Type":"AWS::SNS::Topic"}}}"#;
    for foreign in ["discfg-foreign", "website"] {
        account
            .query(
                &account.root(),
                "cloudformation",
                "2010-05-15",
                "CreateStack",
                &[("StackName", foreign), ("TemplateBody", template)],
            )
            .expect("root may deploy");
    }
    let listed = place
        .args(["configs", "-f", "json"])
        .run()
        .code(0)
        .stderr("")
        .json();
    assert_eq!(names(&listed), ["app", "kept", "shop"]);
    assert_eq!(listed["configs"][0]["status"], "CREATE_COMPLETE");
    assert_eq!(listed["configs"][0]["stack"], "discfg-app");
    assert_eq!(listed["configs"][1]["status"], json!(null));
    assert_eq!(listed["configs"][1]["note"], "table without a stack");
    assert_eq!(listed["region"], "eu-central-1");
    place
        .args(["configs"])
        .run()
        .code(0)
        .stdout_has("app   eu-central-1, CREATE_COMPLETE, created 20")
        .stdout_has("kept  eu-central-1, table without a stack\n");
    place
        .args(["configs", "-f", "raw"])
        .run()
        .code(0)
        .stdout("app\nkept\nshop\n");
    place
        .args(["configs", "-f", "yaml"])
        .run()
        .code(0)
        .stdout_has("action: configs\n");
    place
        .args(["configs", "--region", "eu-west-1", "-f", "raw"])
        .run()
        .code(0)
        .stdout("");
}

#[test]
fn every_page_of_stacks_is_read() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let page = |name: &str, next: &str| {
        format!(
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>\
             <StackName>discfg-{name}</StackName><StackId>arn:{name}</StackId>\
             <CreationTime>2026-01-31T08:00:00Z</CreationTime><StackStatus>ROLLBACK_COMPLETE</StackStatus>\
             <Parameters><member><ParameterKey>Config</ParameterKey><ParameterValue>{name}</ParameterValue>\
             </member></Parameters></member></Stacks>{next}</DescribeStacksResult></DescribeStacksResponse>"
        )
    };
    let next = "<NextToken>more</NextToken>";
    proxy
        .on("DescribeStacks")
        .times(1)
        .answer(200, &page("one", next));
    proxy.on("DescribeStacks").times(1).answer(200, &page("two", ""));
    let place = Place::at(proxy.url(), &account.root());
    place
        .args(["configs"])
        .run()
        .code(0)
        .stdout_has("one  eu-central-1, ROLLBACK_COMPLETE, created 2026-01-31T08:00:00Z\n")
        .stdout_has("two  ");
    assert_eq!(proxy.count("DescribeStacks"), 2);
}

#[test]
fn without_permissions_what_is_left_is_listed_and_said() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place.args(["init", "shop", "--yes", "-q"]).run().code(0);
    let place = place.who(&account.user("tables", &["dynamodb:ListTables"]));
    place
        .args(["configs"])
        .run()
        .code(0)
        .stdout("shop  eu-central-1, table, stack unknown\n")
        .stderr("unknown: the stacks: cloudformation:DescribeStacks was denied\n");
    // Without a name it takes another action, too, which AWS names.
    let place = place.who(&account.user("half", &["cloudformation:DescribeStacks", "dynamodb:ListTables"]));
    place
        .args(["configs"])
        .run()
        .code(0)
        .stderr("unknown: the stacks: cloudformation:ListStacks was denied\n");
    let both = ["cloudformation:DescribeStacks", "cloudformation:ListStacks"];
    let place = place.who(&account.user("stacks", &both));
    place
        .args(["configs"])
        .run()
        .code(0)
        .stdout_has("shop  eu-central-1, CREATE_COMPLETE")
        .stderr("unknown: tables without a stack: dynamodb:ListTables was denied\n");
    let place = place.who(&account.developer());
    place
        .args(["configs"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("cannot list the stacks or tables of this account")
        .stderr_has(
            r#""Action":["cloudformation:DescribeStacks","cloudformation:ListStacks","dynamodb:ListTables"]"#,
        );
    place
        .args(["configs", "--account", "999999999999"])
        .run()
        .code(2)
        .stderr_has("from another account");
}

#[test]
fn files_are_listed_on_the_embedded_engine() {
    let place = embedded();
    place.args(["init", "other", "--local", "-q"]).run().code(0);
    place
        .args(["configs", "--local", "-f", "raw"])
        .run()
        .code(0)
        .stdout("mycfg\nother\n");
    place
        .args(["configs", "--local"])
        .run()
        .code(0)
        .stdout_has("other.db, ")
        .stdout_has(" bytes\n");
    Place::new()
        .args(["configs", "--local"])
        .run()
        .code(0)
        .stdout("")
        .stderr("no configs on this machine; create one with `discfg init NAME --local`\n");
}
