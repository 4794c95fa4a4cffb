//! `init --api` from end to end: the stack is deployed, API Gateway asks IAM, and the function runs as a process. All that is
//! the emulator's; how it differs from AWS stands in `tests/support/emulator.py`.

use aws_credential_types::Credentials;
use serde_json::{Value, json};

use support::account::{Account, REGION};
use support::cli::{Outcome, Place};
use support::emulator::Emulator;
use support::front::{deployed, function, stub, zip};
use support::proxy::Proxy;

const PATH: &str = "/v1/payments";

/// An administrator's place with a proxy before AWS.
pub(crate) fn place_of(account: &Account) -> (Proxy, Place) {
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    (proxy, place)
}

pub(crate) fn init(place: &Place, args: &[&str]) -> Outcome {
    let all = [&["init", "payments", "--yes", "-f", "json"], args].concat();
    place.args(all).run()
}

fn role(account: &Account, name: &str) -> String {
    format!("arn:aws:iam::{}:role/discfg/{name}", account.id())
}

/// There is no stack of that name.
fn is_absent(account: &Account, stack: &str) {
    let parameters = [("StackName", stack)];
    let found = account.query(
        &account.root(),
        "cloudformation",
        "2010-05-15",
        "DescribeStacks",
        &parameters,
    );
    found.expect_err("there is no stack");
}

/// The function as Lambda has it.
pub(crate) fn deployed_function(account: &Account) -> Value {
    let answer = account.lambda("GET", "/2015-03-31/functions/discfg-payments");
    serde_json::from_str(&answer.body).unwrap_or_default()
}

/// Who calls the API.
struct Callers {
    developer: Credentials,
    reader: Credentials,
    writer: Credentials,
    /// Reads /db and the root section.
    auditor: Credentials,
    /// Writes them, too.
    release: Credentials,
}

/// Grants two roles their sections, and assumes all four.
fn callers(account: &Account, place: &Place) -> Callers {
    let developer = account.developer();
    let principal = format!("arn:aws:iam::{}:user/developer", account.id());
    for (grant, access) in [("auditor", "--read"), ("release", "--write")] {
        let to = ["--principal", &principal, "--yes", "-q"];
        let call = [&["grant", grant, access, "db", access, "@root"][..], &to].concat();
        place.args(call).run().code(0);
    }
    let as_role = |name: &str| account.assume(&developer, &role(account, name));
    Callers {
        reader: as_role(&format!("discfg-payments-{REGION}-read")),
        writer: as_role(&format!("discfg-payments-{REGION}-write")),
        auditor: as_role(&format!("discfg-payments--auditor-{REGION}")),
        release: as_role(&format!("discfg-payments--release-{REGION}")),
        developer,
    }
}

#[test]
fn iam_bounds_who_may_do_what_by_method_and_by_path() {
    let account = Emulator::shared().account_of_the_unsigned();
    let (_proxy, place) = place_of(&account);
    let id = deployed(&place, function());
    let Callers {
        developer,
        reader,
        writer,
        auditor,
        release,
    } = callers(&account, &place);
    let put = format!("PUT {PATH}/db/keys/url");
    let made = account.call(&id, Some(&writer), &put, "hello");
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(
        made.json()["node"]["by"],
        format!(
            "arn:aws:sts::{}:assumed-role/discfg-payments-{REGION}-write/tester",
            account.id()
        ),
        "the caller is who wrote, not the function"
    );
    let read = account.call(&id, Some(&reader), &format!("GET {PATH}/db/keys/url"), "");
    assert_eq!(
        (read.status, &read.json()["node"]["value"]),
        (200, &json!("hello"))
    );

    for (who, call, status) in [
        (Some(&reader), put.clone(), 403),
        (Some(&reader), format!("DELETE {PATH}/db/keys/url"), 403),
        (Some(&reader), format!("POST {PATH}/@config/commit"), 403),
        (Some(&reader), format!("POST {PATH}/db/touch/url"), 403),
        (Some(&reader), format!("GET {PATH}/@config/info"), 200),
        (Some(&writer), format!("PUT {PATH}/app/keys/url"), 201),
        (Some(&writer), format!("PUT {PATH}/@root/keys/mode"), 201),
        (Some(&auditor), format!("GET {PATH}/db/keys/url"), 200),
        (Some(&auditor), format!("GET {PATH}/@root/keys/mode"), 200),
        (Some(&auditor), format!("GET {PATH}/db/list"), 200),
        (Some(&auditor), format!("GET {PATH}/db/list/below"), 200),
        (Some(&auditor), format!("GET {PATH}/db/changes"), 200),
        (Some(&auditor), format!("GET {PATH}/db/history/url"), 200),
        (Some(&auditor), format!("GET {PATH}/db/heads"), 200),
        (Some(&auditor), format!("GET {PATH}/db/snapshot"), 200),
        (Some(&auditor), format!("GET {PATH}/app/keys/url"), 403),
        (Some(&auditor), format!("GET {PATH}/app/list"), 403),
        (Some(&auditor), format!("GET {PATH}/dbx/list"), 403),
        (Some(&auditor), format!("GET {PATH}/@config/list"), 403),
        (Some(&auditor), format!("GET {PATH}/@config/info"), 403),
        (Some(&auditor), format!("GET {PATH}/@config/snapshot"), 403),
        (Some(&auditor), put.clone(), 403),
        (Some(&auditor), format!("POST {PATH}/db/commit"), 403),
        (Some(&release), put.clone(), 200),
        (Some(&release), format!("PUT {PATH}/@root/keys/mode"), 200),
        (Some(&release), format!("PUT {PATH}/app/keys/url"), 403),
        (Some(&release), format!("POST {PATH}/@config/commit"), 403),
        (Some(&release), format!("DELETE {PATH}/app/keys/url"), 403),
        (Some(&release), format!("DELETE {PATH}/db/keys/url"), 200),
        (Some(&developer), format!("GET {PATH}/db/keys/url"), 403),
        (None, format!("GET {PATH}/db/keys/url"), 403),
        (None, put, 403),
    ] {
        let body = if call.starts_with("PUT") { "hello" } else { "" };
        let answer = account.call(&id, who, &call, body);
        let who = who.map_or("nobody", |who| who.access_key_id());
        assert_eq!(answer.status, status, "{who} {call}: {}", answer.body);
    }
}

#[test]
fn what_iam_lets_through_by_a_pattern_leads_nowhere_else() {
    let account = Emulator::shared().account();
    let (_proxy, place) = place_of(&account);
    let id = deployed(&place, function());
    let Callers { auditor, release, .. } = callers(&account, &place);
    for path in [
        "db/keys/../../app/keys/url",
        "db/keys/%2e%2e/%2e%2e/app/keys/url",
        "db/keys/%2E%2E%2F%2E%2E%2Fapp/keys/url",
        "db/keys/%252e%252e/app/url",
        "db/../app/keys/url",
        "db/keys/./url",
        "db/keys//url",
        "db/keys/url/",
        "db/keys/a%00b",
        "db/keys/a%20b",
        "db/keys/%ff",
        "db/keys/a%253Fb",
    ] {
        let answer = account.call(&id, Some(&auditor), &format!("GET {PATH}/{path}"), "");
        let told = (answer.status, answer.json()["code"].clone());
        assert_eq!(told, (400, json!("path")), "{path}: {}", answer.body);
    }
    let of_another = json!({"changes": [{"op": "set", "key": "/app/url", "value": "x", "kind": "text"}]});
    let answer = account.call_json(&id, &release, &format!("POST {PATH}/db/commit"), &of_another);
    assert_eq!(answer.status, 400, "{}", answer.body);
    let large = "x".repeat(4 * 1024 * 1024 + 1);
    let answer = account.call(&id, Some(&release), &format!("PUT {PATH}/db/keys/url"), &large);
    assert_eq!(answer.status, 413, "{}", answer.body);
}

#[test]
fn a_changed_zip_updates_the_function_and_the_same_one_nothing() {
    let account = Emulator::shared().account();
    let (proxy, place) = place_of(&account);
    let id = deployed(&place, stub());
    let first = deployed_function(&account)["Configuration"]["CodeSha256"].clone();
    assert!(first.is_string(), "{first}");
    let status = place.args(["status", "-f", "json"]).run().code(0).json();
    let code = &status["parameters"]["CodeKey"];
    place
        .args(["status"])
        .run()
        .code(0)
        .stdout_has(&format!("API        {}\n", account.api_url(&id)));

    proxy.forget();
    let again = init(&place, &["--api", "--code", "front.zip"]).code(0).json();
    assert_eq!(again["result"], "unchanged", "{again}");
    // Two more than without an API, for its code: in the bucket, and as the function runs it.
    let asked = proxy.operations();
    let bucket = format!("HEAD /discfg-code-{}-{REGION}/", account.id());
    assert!(asked[0].starts_with(&bucket), "{asked:?}");
    assert_eq!(
        asked[1..],
        [
            "DescribeStacks",
            "GetTemplate",
            "GET /2015-03-31/functions/discfg-payments/configuration HTTP/1.1",
            "BatchGetItem"
        ]
    );
    // Flags that aren't given keep what the stack has: the code too, where none is shipped.
    let again = init(&place, &["--api"]).code(0).json();
    assert_eq!(again["result"], "unchanged", "{again}");
    let again = init(&place, &["--api-waits", "3", "--api-rate", "50"])
        .code(0)
        .json();
    assert_eq!(again["result"], "updated", "{again}");
    let function = deployed_function(&account);
    assert_eq!(function["Configuration"]["CodeSha256"], first, "{function}");
    let environment = &function["Configuration"]["Environment"]["Variables"];
    assert_eq!(
        environment,
        &json!({"DISCFG_CONFIG": "payments", "DISCFG_WAITS": "3", "DISCFG_API": id})
    );

    zip(&place, "next.zip", self::function(), "second");
    let updated = init(&place, &["--code", "next.zip"]).code(0).json();
    assert_eq!(updated["result"], "updated", "{updated}");
    let changes = updated["changes"].as_array().expect("changes").iter();
    let changes: Vec<_> = changes
        .map(|change| (&change["action"], &change["resource"]))
        .collect();
    assert_eq!(
        changes,
        [(&json!("change"), &json!("Function"))],
        "nothing but the function"
    );
    let parameters = updated["parameters"].as_array().expect("parameters");
    assert!(
        parameters.iter().any(|changed| changed["before"] == *code),
        "{parameters:?}"
    );
    assert_ne!(deployed_function(&account)["Configuration"]["CodeSha256"], first);
    let developer = account.developer();
    let writer = account.assume(
        &developer,
        &role(&account, &format!("discfg-payments-{REGION}-write")),
    );
    let made = account.call(&id, Some(&writer), &format!("PUT {PATH}/db/keys/url"), "hello");
    assert_eq!(made.status, 201, "{made:?}");
    let waited = format!("GET {PATH}/db/changes?after=1&wait=50ms");
    assert_eq!(account.call(&id, Some(&writer), &waited, "").status, 200);
}

#[test]
fn the_api_is_taken_away_and_the_config_stays() {
    let account = Emulator::shared().account();
    let (_proxy, place) = place_of(&account);
    let id = deployed(&place, function());
    place.args(["set", "db/url", "hello"]).run().code(0);
    let taken = init(&place, &["--no-api"]).code(0);
    assert!(
        taken.errors().contains("delete   HTTP API (Api)"),
        "{}",
        taken.errors()
    );
    assert!(
        taken
            .errors()
            .contains("narrows  read policy: removed: allow execute-api:Invoke"),
        "{}",
        taken.errors()
    );
    let taken = taken.json();
    assert_eq!(taken["result"], "updated");
    assert_eq!(taken["outputs"].get("ApiId"), None, "{taken}");
    assert_eq!(
        account
            .lambda("GET", "/2015-03-31/functions/discfg-payments")
            .status,
        404
    );
    let developer = account.developer();
    let reader = account.assume(
        &developer,
        &role(&account, &format!("discfg-payments-{REGION}-read")),
    );
    let gone = account.call(&id, Some(&reader), &format!("GET {PATH}/db/keys/url"), "");
    assert_eq!(gone.status, 403, "{gone:?}");
    let gone = account.call(&id, Some(&account.root()), &format!("GET {PATH}/db/keys/url"), "");
    assert_eq!(gone.status, 404, "{gone:?}");
    place.args(["get", "db/url"]).run().code(0).stdout("hello\n");
    // The policies have nothing more to do with it.
    let policy = format!(
        "arn:aws:iam::{}:policy/discfg/discfg-payments-{REGION}-read",
        account.id()
    );
    let policy = account.iam("GetPolicyVersion", &[("PolicyArn", &policy), ("VersionId", "v2")]);
    assert!(
        policy.contains("dynamodb") && !policy.contains("execute-api"),
        "{policy}"
    );

    let back = init(&place, &["--api", "--code", "front.zip"]).code(0).json();
    assert_ne!(back["outputs"]["ApiId"], json!(id), "another one");
    place
        .args(["destroy", "payments", "--yes", "--delete-data"])
        .run()
        .code(0);
    assert_eq!(
        account
            .lambda("GET", "/2015-03-31/functions/discfg-payments")
            .status,
        404
    );
}

#[test]
fn a_look_leaves_nothing_behind() {
    let account = Emulator::shared().account();
    let (proxy, place) = place_of(&account);
    zip(&place, "front.zip", function(), "first");
    let look = init(&place, &["--api", "--code", "front.zip", "--dry-run"]).code(0);
    let bucket = format!("discfg-code-{}-{REGION}", account.id());
    assert!(
        look.errors().contains(&format!(
            "Without --dry-run, init first uploads the function's code to the bucket {bucket}, which it creates in a separate stack."
        )),
        "{}",
        look.errors()
    );
    assert!(
        look.errors().contains("allow lambda:InvokeFunction"),
        "{}",
        look.errors()
    );
    let look = look.json();
    assert_eq!(look["result"], "planned");
    assert_eq!(look["price"]["millionRequests"], json!(1.2));
    assert_eq!(proxy.count("PutObject"), 0);
    for stack in ["discfg--code", "discfg-payments"] {
        is_absent(&account, stack);
    }
}

#[test]
fn what_can_not_be_the_functions_code_is_refused_before_anything_is_asked() {
    let account = Emulator::shared().account();
    let (proxy, place) = place_of(&account);
    zip(&place, "script.zip", b"#!/bin/sh\nexit 1\n", "");
    let mut foreign = function()[..4096].to_vec();
    foreign[18..20].copy_from_slice(&0xf3_u16.to_le_bytes());
    zip(&place, "riscv.zip", &foreign, "");
    place.write("none.zip", "no zip");
    for (file, told) in [
        ("script.zip", "invalid bootstrap in script.zip: it is"),
        ("riscv.zip", "invalid bootstrap in riscv.zip: it is"),
        ("none.zip", "none.zip is not a valid zip file"),
        ("missing.zip", "cannot read missing.zip"),
    ] {
        let refused = init(&place, &["--code", file]).code(8).stdout("");
        assert!(refused.errors().contains(told), "{file}: {}", refused.errors());
    }
    let none = init(&place, &["--api"]).code(3).stdout("");
    assert!(none.errors().contains("--code ZIP"), "{}", none.errors());
    assert!(
        proxy
            .operations()
            .iter()
            .all(|operation| operation == "DescribeStacks"),
        "{:?}",
        proxy.operations()
    );
    for (args, told) in [
        (&["--code", "x.zip", "--no-api"][..], "cannot be used with"),
        (&["--api-waits", "10001"], "10001 is not in"),
        (&["--api-rate", "0"], "0 is not in"),
    ] {
        let refused = init(&place, args).code(2).stdout("");
        assert!(refused.errors().contains(told), "{args:?}: {}", refused.errors());
    }
    let local = place.args(["init", "x", "--local", "--api"]).run().code(2);
    assert!(
        local.errors().contains("a local config has no stack"),
        "{}",
        local.errors()
    );
}

#[test]
fn who_may_not_put_the_code_is_told_what_it_takes() {
    let account = Emulator::shared().account();
    let (_proxy, place) = place_of(&account);
    zip(&place, "front.zip", function(), "first");
    let everything_but_s3 = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:*Object", "Resource": "*"},
    ]});
    let limited = place.who(&account.user_with("limited", &everything_but_s3));
    let denied = init(&limited, &["--api", "--code", "front.zip"])
        .code(5)
        .stdout("");
    assert!(
        denied.errors().contains("access denied: s3:PutObject"),
        "{}",
        denied.errors()
    );
    is_absent(&account, "discfg-payments");
}

#[test]
fn configs_that_are_made_at_once_share_one_bucket() {
    let account = Emulator::shared().account();
    let (_proxy, place) = place_of(&account);
    zip(&place, "front.zip", stub(), "");
    let init = |config: &'static str| {
        let all = [
            "init",
            config,
            "--api",
            "--code",
            "front.zip",
            "--yes",
            "-f",
            "json",
        ];
        place.args(all).start()
    };
    let running = ["one", "two", "three"].map(init);
    for run in running {
        let made = run.end().code(0).json();
        assert_eq!(made["result"], "created", "{made}");
    }
}

#[test]
fn what_bounds_an_api_needs_one() {
    let account = Emulator::shared().account();
    let (proxy, place) = place_of(&account);
    let refused = init(&place, &["--api-waits", "5"]).code(2).stdout("");
    assert!(
        refused.errors().contains("add --api to create one"),
        "{}",
        refused.errors()
    );
    assert_eq!(proxy.operations(), ["DescribeStacks"]);
}
