//! The bucket for code, on the emulator: how it comes to be, and what is in it by a client that isn't ours.

use std::process::Command;

use aws_sdk_cloudformation::Client;
use discfg::aws::Meter;
use discfg::model::ErrorKind;
use discfg::stack::{
    self, BucketError, CodeBucket, CodeStack, FunctionCode, Progress, Proposal, StackError, StoredCode,
};
use futures::StreamExt as _;
use serde_json::{Value, json};

use support::account::{Account, REGION};
use support::emulator::{Emulator, venv};
use support::proxy::Proxy;
use support::s3::{code, zipped};

fn bucket_at(url: &str, account: &Account, requests: &Meter) -> CodeBucket {
    let sdk = Account::sdk(url, &account.root());
    CodeBucket::new(&sdk, &REGION.parse().expect("a region"), account.id(), requests)
}

fn bucket(account: &Account) -> CodeBucket {
    bucket_at(&account.url(), account, &Meter::default())
}

fn cloudformation(account: &Account) -> Client {
    Client::new(&Account::sdk(&account.url(), &account.root()))
}

async fn make_bucket(account: &Account) -> Client {
    let cfn = cloudformation(account);
    let plan = match stack::plan_code(&cfn, &CodeStack::default()).await {
        Ok(Proposal::Ready(plan)) => plan,
        other => panic!("no plan: {other:?}"),
    };
    assert_eq!(plan.stack, "discfg--code");
    let words: Vec<_> = plan.changes.iter().map(|change| change.words.as_str()).collect();
    assert_eq!(words, ["code bucket", "what the bucket refuses"]);
    let mut stream = stack::deploy(cfn.clone(), plan);
    loop {
        if let Progress::Done(deployed) = stream.next().await.expect("an end").expect("it succeeds") {
            assert_eq!(deployed.outputs["BucketName"], bucket(account).name());
            return cfn;
        }
    }
}

async fn put(bucket: &CodeBucket, code: &FunctionCode) -> String {
    assert_eq!(bucket.look(code).await.expect("an answer"), StoredCode::Missing);
    let version = bucket.upload(code).await.expect("it is taken");
    let there = StoredCode::There {
        version: version.clone(),
    };
    assert_eq!(bucket.look(code).await.expect("an answer"), there);
    version
}

/// What the AWS CLI gives as the account's root.
pub(crate) fn aws(account: &Account, args: &[&str]) -> Value {
    let root = account.root();
    let done = Command::new(venv().expect("the AWS CLI is in it").join("bin/aws"))
        .args(args)
        .args(["--output", "json"])
        .env("AWS_ENDPOINT_URL", account.url())
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", root.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", root.secret_access_key())
        .output()
        .expect("it runs");
    assert!(
        done.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_slice(&done.stdout).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_is_put_once_into_a_bucket_that_is_made_once() {
    let account = Emulator::shared().account();
    let bucket = bucket(&account);
    let first = code("first");
    assert_eq!(
        bucket.look(&first).await.expect("an answer"),
        StoredCode::NoBucket
    );
    make_bucket(&account).await;
    put(&bucket, &first).await;
    let second = code("second");
    assert_ne!(first.key(), second.key());
    let version = put(&bucket, &second).await;
    // Someone else may have put it there in between.
    let again = bucket.upload(&second).await.expect("it is there already");
    assert_eq!(again, version);

    let listed = aws(
        &account,
        &["s3api", "list-object-versions", "--bucket", bucket.name()],
    );
    let mut keys: Vec<_> = listed["Versions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|version| version["Key"].as_str().unwrap_or_default().to_owned())
        .collect();
    keys.sort();
    let mut expected = [first.key(), second.key()];
    expected.sort();
    assert_eq!(keys, expected, "each once");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let got = folder.path().join("got.zip");
    let got_by = got.to_str().expect("a plain path");
    let key = first.key();
    let object = aws(
        &account,
        &[
            "s3api",
            "get-object",
            "--bucket",
            bucket.name(),
            "--key",
            &key,
            got_by,
        ],
    );
    assert_eq!(object["ContentType"], "application/zip");
    assert_eq!(std::fs::read(&got).expect("a file"), zipped("first"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_takes_one_request_to_know() {
    let account = Emulator::shared().account();
    make_bucket(&account).await;
    let code = code("there");
    bucket(&account).upload(&code).await.expect("it is taken");
    let proxy = Proxy::before(Emulator::shared());
    let requests = Meter::default();
    let bucket = bucket_at(proxy.url(), &account, &requests);
    let found = bucket.look(&code).await.expect("an answer");
    assert!(matches!(found, StoredCode::There { .. }), "{found:?}");
    let asked = proxy.requests();
    assert_eq!(asked.len(), 1);
    let answer = asked[0].answer.as_ref().expect("it was asked");
    assert_eq!(answer.body.len(), 0, "and not the code with it");
    assert_eq!(requests.spent().requests["HeadObject"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bucket_is_private_versioned_and_refuses_what_comes_in_the_clear() {
    let account = Emulator::shared().account();
    make_bucket(&account).await;
    let name = bucket(&account).name().to_owned();
    let of = |what: &str| aws(&account, &["s3api", what, "--bucket", &name]);
    assert_eq!(of("get-bucket-versioning")["Status"], "Enabled");
    assert_eq!(
        of("get-public-access-block")["PublicAccessBlockConfiguration"],
        json!({
            "BlockPublicAcls": true, "BlockPublicPolicy": true,
            "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
        })
    );
    let policy = of("get-bucket-policy");
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().expect("a text")).expect("JSON");
    assert_eq!(policy["Statement"][0]["Effect"], "Deny");
    assert_eq!(
        policy["Statement"][0]["Resource"],
        json!([format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_put_under_the_name_of_the_code_is_not_the_code() {
    let account = Emulator::shared().account();
    make_bucket(&account).await;
    let bucket = bucket(&account);
    let code = code("mine");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let other = folder.path().join("other.zip");
    std::fs::write(&other, zipped("theirs")).expect("a file");
    let object = ["--bucket", bucket.name(), "--key", &code.key()];
    let poison = |more: &[&str]| {
        let body = ["--body", other.to_str().expect("a plain path")];
        let call = [&["s3api", "put-object"][..], &object, &body, more].concat();
        aws(&account, &call)
    };
    for more in [&["--checksum-algorithm", "SHA256"][..], &[]] {
        poison(&[more, &["--if-none-match", "*"]].concat());
        for error in [
            bucket.look(&code).await.map(|_| ()),
            bucket.upload(&code).await.map(|_| ()),
        ] {
            let error = error.expect_err("it is something else");
            assert!(matches!(error, BucketError::Foreign { .. }), "{error:?}");
        }
        // It makes way, and stays as an earlier version.
        aws(&account, &[&["s3api", "delete-object"][..], &object].concat());
    }
    put(&bucket, &code).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stack_is_no_configs() {
    let account = Emulator::shared().account();
    let cfn = make_bucket(&account).await;
    let listed = stack::stacks(&cfn).await.expect("an answer");
    assert!(listed.is_empty(), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_was_deleted_is_not_made_again_by_its_stack() {
    let account = Emulator::shared().account();
    let cfn = make_bucket(&account).await;
    let error = stack::plan_code(&cfn, &CodeStack::default())
        .await
        .expect_err("it is made");
    assert!(matches!(error, StackError::BucketGone { .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Stack);
    assert_eq!(
        error.to_string(),
        "the bucket of the stack discfg--code was deleted outside CloudFormation"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_of_that_name_that_is_not_ours_is_left_alone() {
    let account = Emulator::shared().account();
    let template = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;
    account.deploy("discfg--code", template, &[]);
    let cfn = cloudformation(&account);
    let foreign = cfn.describe_stacks().stack_name("discfg--code").send().await;
    let arn = foreign.expect("an answer").stacks()[0]
        .stack_id()
        .map(str::to_owned);
    stack::settled(&cfn, &arn.expect("an ARN"))
        .await
        .expect("it settles");
    let error = stack::plan_code(&cfn, &CodeStack::default())
        .await
        .expect_err("it isn't ours");
    assert_eq!(
        error.to_string(),
        "the stack discfg--code is not discfg's: it has no output DiscfgCode"
    );
}
