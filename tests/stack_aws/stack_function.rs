//! That the API's function runs the code of its stack and no other.

use discfg::stack::FunctionCode;
use serde_json::json;

use crate::stack_api::{deployed_function, init, place_of};
use crate::stack_code::aws;
use support::account::REGION;
use support::cli::Place;
use support::emulator::Emulator;
use support::front::{deployed, function, stub, zip};

/// The name of the zip file in the bucket.
fn code_key(place: &Place, name: &str) -> String {
    let code = FunctionCode::read(&place.dir().join(name)).expect("it can be run");
    code.key()
}

#[test]
fn what_somebody_put_under_the_name_of_the_code_is_never_deployed() {
    let account = Emulator::shared().account();
    let (_proxy, place) = place_of(&account);
    deployed(&place, stub());
    zip(&place, "next.zip", &function()[..4096], "second");
    let poison = zip(&place, "poison.zip", &function()[..4096], "poison");
    let poison = poison.to_str().expect("a plain path");
    let bucket = format!("discfg-code-{}-{REGION}", account.id());
    let put = |key: &str| {
        let object = ["--bucket", &bucket, "--key", key, "--body", poison];
        let how = ["--checksum-algorithm", "SHA256", "--if-none-match", "*"];
        aws(&account, &[&["s3api", "put-object"][..], &object, &how].concat());
    };
    let key = code_key(&place, "next.zip");
    put(&key);
    for more in [&["--code", "next.zip"][..], &["--code", "next.zip", "--dry-run"]] {
        let refused = init(&place, more).code(8).stdout("");
        let errors = refused.errors();
        assert!(
            errors.contains(&format!(
                "the object {key} in the bucket {bucket} is not the function's code"
            )),
            "{errors}"
        );
        assert!(errors.contains("aws s3api delete-object"), "{errors}");
    }

    // The stack names a version: what is put over deployed code never comes into the function.
    let before = deployed_function(&account)["Configuration"]["CodeSha256"].clone();
    let key = code_key(&place, "front.zip");
    let object = ["--bucket", &bucket, "--key", &key];
    aws(&account, &[&["s3api", "delete-object"][..], &object].concat());
    put(&key);
    init(&place, &["--api-waits", "3"]).code(0);
    let after = deployed_function(&account)["Configuration"]["CodeSha256"].clone();
    assert_eq!(after, before);
}

#[test]
fn a_function_that_was_updated_beside_the_stack_is_found() {
    let account = Emulator::shared().account();
    let (_proxy, place) = place_of(&account);
    deployed(&place, stub());
    let of = |command: &str| place.args([command, "payments", "-f", "json"]).run();
    let status = of("status").code(0).json();
    let code = &status["code"];
    assert!(code["sha256"].is_string(), "{status}");
    assert_eq!(code["sha256"], code["expected"]);
    place
        .args(["doctor", "payments"])
        .run()
        .stdout_has("discfg-payments runs the stack's code");

    let other = zip(&place, "other.zip", &function()[..4096], "other");
    let other = format!("fileb://{}", other.display());
    let name = ["--function-name", "discfg-payments"];
    let update = ["lambda", "update-function-code"];
    aws(&account, &[&update[..], &name, &["--zip-file", &other]].concat());
    let said = "the code of the function discfg-payments was changed outside CloudFormation";
    let status = of("status").code(7).stderr_has(said);
    let hint = format!("--s3-key {} --s3-object-version ", code_key(&place, "front.zip"));
    let status = status.stderr_has(&hint).json();
    assert_ne!(status["code"]["sha256"], status["code"]["expected"], "{status}");
    assert_eq!(status["code"]["expected"], code["sha256"]);
    place
        .args(["status", "payments"])
        .run()
        .code(7)
        .stdout_has("code doesn't match the stack");
    place.args(["doctor", "payments"]).run().code(1).stdout_has(said);
    init(&place, &[]).code(7).stderr_has(said);

    // What the hint says mends it.
    let parameters = &status["parameters"];
    let of = |name: &str| parameters[name].as_str().expect("it is set").to_owned();
    let (bucket, key, version) = (of("CodeBucket"), of("CodeKey"), of("CodeVersion"));
    let from = [
        "--s3-bucket",
        &bucket,
        "--s3-key",
        &key,
        "--s3-object-version",
        &version,
    ];
    aws(&account, &[&update[..], &name, &from].concat());
    init(&place, &[])
        .code(0)
        .stderr_has("Verified: the function runs the stack's code");
}

#[test]
fn who_may_not_look_at_the_function_is_told_so() {
    let account = Emulator::shared().account();
    let (_proxy, place) = place_of(&account);
    deployed(&place, stub());
    let limited = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "lambda:*", "Resource": "*"},
    ]});
    let limited = place.who(&account.user_with("limited", &limited));
    let unseen = "the function's code: lambda:GetFunctionConfiguration was denied";
    limited
        .args(["status", "payments"])
        .run()
        .code(0)
        .stdout_has(unseen);
    limited
        .args(["doctor", "payments"])
        .run()
        .stdout_has("access denied: lambda:GetFunctionConfiguration");
    init(&limited, &[]).code(0).stderr_has(unseen);
}

/// A program that ends at once is deployed like any other: a read through the API shows it.
#[test]
fn a_function_that_does_not_serve_is_a_failure_that_names_its_log() {
    let account = Emulator::shared().account();
    let (_proxy, place) = place_of(&account);
    let ends = std::fs::read("/bin/true").expect("a program that ends at once");
    zip(&place, "front.zip", &ends, "");
    let ended = init(&place, &["--api", "--code", "front.zip"]).code(7).stdout("");
    let errors = ended.errors();
    for told in [
        "the stack discfg-payments is deployed, but its HTTP API ",
        " doesn't work",
        &format!("`aws logs tail /aws/lambda/discfg-payments --region {REGION}`"),
    ] {
        assert!(errors.contains(told), "{told}: {errors}");
    }
    zip(&place, "front.zip", stub(), "");
    let mended = init(&place, &["--code", "front.zip"]).code(0);
    assert!(
        mended
            .errors()
            .contains("Verified: the HTTP API answered a signed request."),
        "{}",
        mended.errors()
    );
}

/// A new account often has 10 executions in all, and keeps as many unreserved.
#[test]
fn executions_that_the_account_does_not_have_are_refused_before_anything_is_deployed() {
    let account = Emulator::shared().account();
    let (proxy, place) = place_of(&account);
    zip(&place, "front.zip", stub(), "");
    let settings = "GET /2016-08-19/account-settings HTTP/1.1";
    let unreserved = |n: u32| json!({"AccountLimit": {"UnreservedConcurrentExecutions": n}}).to_string();
    proxy.on(settings).answer(200, &unreserved(14));
    let waits = ["--api", "--code", "front.zip", "--api-waits"];
    let refused = init(&place, &[&waits[..], &["5"]].concat()).code(8).stdout("");
    for told in [
        "cannot reserve 5 executions: 14 are unreserved in eu-central-1",
        "reserve fewer with --api-waits",
    ] {
        assert!(refused.errors().contains(told), "{}", refused.errors());
    }
    assert_eq!(proxy.count("CreateChangeSet") + proxy.count("PutObject"), 0);
    init(&place, &[&waits[..], &["4"]].concat()).code(0);
    // What the function has reserved itself counts as free.
    proxy.calm();
    proxy.on(settings).answer(200, &unreserved(10));
    init(&place, &["--api-waits", "4", "--api-rate", "50"]).code(0);
    init(&place, &["--api-waits", "5"]).code(8);
    // Where the caller can't ask, the deployment finds out.
    proxy.calm();
    let not_asked = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "lambda:GetAccountSettings", "Resource": "*"},
    ]});
    let limited = place.who(&account.user_with("limited", &not_asked));
    init(&limited, &["--api-waits", "5"]).code(0);
}
