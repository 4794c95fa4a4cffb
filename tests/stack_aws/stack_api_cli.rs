//! The command line through a config's HTTP API as it is deployed: signed, let in by IAM, answered by the function.

use support::account::{Account, REGION};
use support::cli::{Outcome, Place};
use support::emulator::Emulator;
use support::front::{deployed, function, stub, zip};

/// The administrator's place, and a developer's in which `use` has chosen the API.
fn fronted(program: &[u8]) -> (Account, Place, Place) {
    let account = Emulator::shared().account();
    let admin = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    let id = deployed(&admin, program);
    let developer = Place::at(&account.url(), &account.developer());
    // The emulator's address tells neither that it is API Gateway's nor the region.
    let url = account.api_url(&id);
    developer
        .args(["use", "payments", "--engine", &url, "--sign"])
        .run()
        .code(0);
    (account, admin, developer)
}

fn done(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run().code(0)
}

#[test]
fn every_data_command_works_and_the_caller_is_who_wrote() {
    let (account, admin, place) = fronted(function());
    place.write("all.json", r#"{"/db/a:b":"1","/db/c":"2","/web/x":"3"}"#);
    done(&place, &["import", "-d", "all.json", "-q"]);
    done(&place, &["set", "mode", "dev", "--ttl", "1h"]);
    done(&place, &["touch", "mode"]);
    done(&place, &["set", "db/c", "two"]);
    done(&place, &["rollback", "db/c", "--to", "1"]);
    done(&place, &["get", "db/c"]).stdout("2\n").stderr("");
    done(&place, &["get", "mode"]).stdout("dev\n");
    done(&place, &["ls"]).stdout("/db/\n/mode\n/web/\n");
    done(&place, &["ls", "db", "-r"]).stdout("/db/a:b\n/db/c\n");
    done(&place, &["history", "db/c"]).stderr("");
    place
        .args(["diff", "/db@1", "/db@2"])
        .run()
        .code(1)
        .stdout("~ c\n");
    let exported = done(&place, &["export"]);
    assert_eq!(
        exported.text(),
        done(&admin, &["export"]).text(),
        "as without an API"
    );
    done(&place, &["exec", "--pristine", "--prefix", "db", "--", "env"]).stdout_has("C=2\n");
    done(&place, &["watch", "--after", "db=0", "--once", "-f", "json"]).stdout_has(r#""key":"/db/a:b""#);
    done(&place, &["apply", "-d", "all.json", "--yes", "-q"]);
    done(&place, &["copy", "/db", "/copied", "--yes", "-q"]);
    done(&place, &["delete", "copied", "-r", "--yes", "-q"]);
    done(&place, &["delete", "mode"]);
    place.args(["get", "mode"]).run().code(3).stdout("");
    done(&place, &["info"]).stdout_has("/web");
    let read = done(&admin, &["get", "db/c", "-f", "json"]).json();
    let by = format!(
        "arn:aws:sts::{}:assumed-role/discfg-payments-{REGION}-write/discfg-developer",
        account.id()
    );
    assert_eq!(read["node"]["by"], by);
}

#[test]
fn guards_and_limits_are_told_as_without_an_api() {
    let (_account, _admin, place) = fronted(function());
    done(&place, &["set", "db/url", "x"]);
    place
        .args(["set", "db/url", "y", "--if-absent"])
        .run()
        .code(4)
        .stdout("");
    place
        .args(["set", "db/url", "y", "--if-revision", "7"])
        .run()
        .code(4)
        .stdout("");
    let large = "x".repeat(190_001);
    place.write("large", &large);
    place
        .args(["set", "db/large", "-d", "large"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("190,001 bytes; the limit is 190,000");
    // Seventeen of them are more than a function may answer at once.
    let most = "x".repeat(190_000);
    place.write("most", &most);
    for key in 0..34 {
        done(&place, &["set", &format!("big/{key}"), "-d", "most", "-q"]);
    }
    let listed = done(&place, &["ls", "big", "-r", "--values", "-f", "json"]).json();
    assert_eq!(listed["nodes"].as_array().map(Vec::len), Some(34), "by pages");
    let whole = place.args(["export", "--prefix", "big"]).run().code(8).stdout("");
    assert!(
        whole
            .errors()
            .contains("bytes exceed the 6000000-byte limit of AWS Lambda"),
        "{}",
        whole.errors()
    );
    done(&place, &["get", "db/url"]).stdout("x\n");
}

#[test]
fn a_denial_names_the_method_and_the_path() {
    let (account, admin, place) = fronted(function());
    done(&admin, &["set", "db/url", "x"]);
    let denied = place
        .args(["set", "db/url", "y", "--as", "read"])
        .run()
        .code(5)
        .stdout("");
    let errors = denied.errors();
    assert!(
        errors.contains("access denied: POST /v1/payments/db/commit"),
        "{errors}"
    );
    assert!(
        errors.contains(&format!("discfg-payments-{REGION}-read")),
        "{errors}"
    );
    let denied = place
        .args(["get", "db/url", "--as", "self"])
        .run()
        .code(5)
        .stdout("");
    let errors = denied.errors();
    assert!(
        errors.contains("access denied: GET /v1/payments/db/keys/url"),
        "{errors}"
    );
    assert!(errors.contains("user/developer"), "{errors}");

    let principal = format!("arn:aws:iam::{}:user/developer", account.id());
    let to = ["--write", "db", "--principal", &principal, "--yes", "-q"];
    done(&admin, &[&["grant", "team"], &to[..]].concat());
    done(&place, &["get", "db/url", "--as", "team"]).stdout("x\n");
    done(&place, &["set", "db/url", "y", "--as", "team", "-q"]);
    done(&place, &["ls", "db", "--as", "team"]).stdout("/db/url\n");
    let denied = place
        .args(["get", "web/x", "--as", "team"])
        .run()
        .code(5)
        .stdout("");
    let errors = denied.errors();
    assert!(
        errors.contains("access denied: GET /v1/payments/web/keys/x"),
        "{errors}"
    );
    assert!(errors.contains("discfg grant payments team"), "{errors}");
}

#[test]
fn a_function_that_fails_is_unavailable_and_one_that_is_gone_is_told() {
    let (_account, admin, place) = fronted(stub());
    // A program for Linux that is none for Lambda.
    let program = std::fs::read("/bin/true").expect("a program");
    let code = zip(&admin, "other.zip", &program, "");
    let code = format!("--code={}", code.display());
    let deployed = admin.args(["init", "payments", &code, "--yes"]).run().code(7);
    assert!(
        deployed.errors().contains("doesn't work"),
        "{}",
        deployed.errors()
    );
    let failed = place.args(["get", "db/url"]).run().code(6).stdout("");
    assert!(failed.errors().contains("is unavailable"), "{}", failed.errors());
    let log = "aws logs tail /aws/lambda/discfg-payments";
    assert!(failed.errors().contains(log), "{}", failed.errors());
    let doctor = place.args(["doctor"]).run().code(1);
    assert!(doctor.text().contains(log), "{}", doctor.text());
    let failed = place.args(["set", "db/url", "x"]).run().code(6).stdout("");
    assert!(failed.errors().contains("commit"), "{}", failed.errors());
    done(&admin, &["init", "payments", "--no-api", "--yes", "-q"]);
    let gone = place.args(["get", "db/url"]).run().stdout("");
    assert!(gone.errors().contains("error:"), "{}", gone.errors());
    assert_eq!(gone.code(5).text(), "", "the roles may not call it any more");
}

#[test]
fn a_grant_that_came_before_the_api_is_made_again() {
    let account = Emulator::shared().account();
    let admin = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    done(&admin, &["init", "payments", "--yes", "-q"]);
    let principal = format!("arn:aws:iam::{}:user/developer", account.id());
    let grant = [
        "grant",
        "team",
        "--read",
        "db",
        "--principal",
        &principal,
        "--yes",
        "-f",
        "json",
    ];
    done(&admin, &grant);
    let code = zip(&admin, "front.zip", function(), "");
    let code = format!("--code={}", code.display());
    done(&admin, &["init", "payments", "--api", &code, "--yes"])
        .stderr_has("Roles of these grants can't call the HTTP API until you update each of them")
        .stderr_has("discfg grant payments team");
    let again = done(&admin, &grant).json();
    assert_eq!(again["result"], "updated", "{again}");
    let resources: Vec<&str> = again["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|change| change["resource"].as_str())
        .collect();
    assert!(resources.contains(&"ApiReadPolicy"), "{resources:?}");
    assert!(!resources.contains(&"ApiWritePolicy"), "{resources:?}");
    assert_eq!(done(&admin, &grant).json()["result"], "unchanged");

    // The emulator's simulator knows no managed policies, so it is the step alone that is looked at.
    admin
        .args(["access", "--principal", &principal, "read", "/db/k"])
        .run()
        .stdout_has(" execute-api:Invoke (only for the HTTP API): ");
    let api = || done(&admin, &["grants", "-f", "json"]).json()["grants"][0]["api"].take();
    assert!(api().is_string());
    done(&admin, &["init", "payments", "--no-api", "--yes", "-q"]);
    assert!(api().is_null(), "the role's policy names it, and it is gone");
    let again = done(&admin, &grant).json();
    assert_eq!(again["result"], "updated", "its part in the API goes: {again}");
}

#[test]
fn a_grant_of_more_sections_than_there_is_room_for_is_refused_before_it_is_deployed() {
    let account = Emulator::shared().account();
    let admin = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    let code = zip(&admin, "front.zip", stub(), "");
    let code = format!("--code={}", code.display());
    done(&admin, &["init", "payments", "--api", &code, "--yes", "-q"]);
    let principal = format!("arn:aws:iam::{}:user/developer", account.id());
    let grant = |name: &str, flag: &str, count: usize, more: &[&str]| {
        let sections: Vec<String> = (0..count).map(|n| format!("{flag}=section-{n:02}")).collect();
        let to = ["--principal", &principal, "--yes", "-f", "json"];
        let sections = sections.iter().map(String::as_str);
        let call = ["grant", name].into_iter().chain(sections).chain(to);
        let call: Vec<&str> = call.chain(more.iter().copied()).collect();
        admin.args(call).run()
    };
    grant("many", "--read", 60, &[])
        .code(8)
        .stdout("")
        .stderr_has("the parameter ApiReads is too long: ")
        .stderr_has("bytes; the limit is 4096")
        .stderr_has("hint: split it into two grants with fewer sections each")
        .stderr_has("use --no-api");
    grant("many", "--write", 30, &[])
        .code(8)
        .stdout("")
        .stderr_has("the policy of resource ApiWritePolicy is too long: ")
        .stderr_has("characters; the limit is 6144");
    let stacks = account.query(&account.root(), "cloudformation", "2010-05-15", "ListStacks", &[]);
    let stacks = stacks.expect("root may list stacks");
    assert!(!stacks.contains("discfg-payments--many"), "{stacks}");

    let read = grant("readers", "--read", 40, &[]).code(0).json();
    assert!(read["grant"]["api"].is_string(), "{read}");
    let written = grant("writers", "--write", 18, &[]).code(0).json();
    assert!(written["grant"]["api"].is_string(), "{written}");
    let without = grant("many", "--read", 60, &["--no-api"]).code(0).json();
    assert!(without["grant"]["api"].is_null(), "{without}");
    let taken = grant("readers", "--read", 40, &["--no-api"]).code(0).json();
    assert_eq!(taken["result"], "updated", "{taken}");
    assert!(taken["grant"]["api"].is_null(), "{taken}");
}
