//! `--as` on AWS: which role a command acts in, where another than its own is named.

use aws_credential_types::Credentials;
use serde_json::json;
use support::account::Account;
use support::cli::Place;
use support::emulator::Emulator;
use support::proxy::Proxy;

/// A deployed config, and a developer's place with a proxy before AWS.
fn developer() -> (Account, Proxy, Place) {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    place.args(["init", "payments", "--yes", "-q"]).run().code(0);
    place.args(["set", "k", "v"]).run().code(0);
    let proxy = Proxy::before(Emulator::shared());
    let place = place
        .who(&account.developer())
        .env("AWS_ENDPOINT_URL", proxy.url());
    (account, proxy, place)
}

fn assumed(proxy: &Proxy) -> Vec<String> {
    proxy
        .requests()
        .iter()
        .filter(|request| request.operation == "AssumeRole")
        .map(|request| {
            let form = String::from_utf8_lossy(&request.message.body);
            let arn = form.split('&').find_map(|field| field.strip_prefix("RoleArn="));
            let name = arn.and_then(|arn| arn.rsplit("%2F").next());
            name.unwrap_or_default().to_owned()
        })
        .collect()
}

#[test]
fn reading_in_the_write_role_is_allowed() {
    let (_account, proxy, place) = developer();
    place
        .args(["get", "k", "--as", "write"])
        .run()
        .code(0)
        .stdout("v\n");
    assert_eq!(assumed(&proxy), ["discfg-payments-eu-central-1-write"]);
    proxy.forget();
    // What the environment says holds for every command, and a flag goes before it.
    let place = place.env("DISCFG_AS", "read");
    place.args(["set", "k", "w"]).run().code(5);
    place.args(["set", "k", "w", "--as", "write"]).run().code(0);
    assert_eq!(
        assumed(&proxy),
        ["discfg-payments-eu-central-1-read"],
        "the write role's credentials were kept"
    );
}

/// A session whose tags pass on to the roles that it assumes, as EKS Pod Identity's do, of a role that may do `actions`.
fn pod(account: &Account, actions: &[&str]) -> Credentials {
    let arn = format!("arn:aws:iam::{}:role/pod", account.id());
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": format!("arn:aws:iam::{}:root", account.id())},
    }]});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": "*"},
    ]});
    let (trust, policy) = (trust.to_string(), policy.to_string());
    account.iam(
        "CreateRole",
        &[("RoleName", "pod"), ("AssumeRolePolicyDocument", &trust)],
    );
    let inline = [
        ("RoleName", "pod"),
        ("PolicyName", "inline"),
        ("PolicyDocument", &policy),
    ];
    account.iam("PutRolePolicy", &inline);
    let user = account.user("node", &["sts:AssumeRole", "sts:TagSession"]);
    let tags = [
        ("Tags.member.1.Key", "kubernetes-namespace"),
        ("Tags.member.1.Value", "web"),
        ("TransitiveTagKeys.member.1", "kubernetes-namespace"),
    ];
    account.assume_with(&user, &arn, &tags)
}

#[test]
fn a_session_whose_tags_pass_on_assumes_the_role() {
    let (account, proxy, place) = developer();
    let place = place.who(&pod(&account, &["sts:AssumeRole", "sts:TagSession"]));
    place.args(["get", "k"]).run().code(0).stdout("v\n");
    place.args(["set", "k", "w"]).run().code(0);
    let roles = ["read", "write"].map(|access| format!("discfg-payments-eu-central-1-{access}"));
    assert_eq!(assumed(&proxy), roles);
}

#[test]
fn a_trust_of_before_that_refuses_tags_is_updated_by_init() {
    let (account, _proxy, place) = developer();
    let role = "discfg-payments-eu-central-1-read";
    let before = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": format!("arn:aws:iam::{}:root", account.id())},
    }]});
    let before = before.to_string();
    account.iam(
        "UpdateAssumeRolePolicy",
        &[("RoleName", role), ("PolicyDocument", &before)],
    );
    let place = place.who(&pod(&account, &["sts:AssumeRole", "sts:TagSession"]));
    let arn = format!("arn:aws:iam::{}:role/discfg/{role}", account.id());
    place
        .args(["get", "k"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has(&format!(
            "not authorized to perform: sts:TagSession on resource: {arn}"
        ))
        .stderr_has("hint: allow sts:TagSession in your own policies, since your session has tags: ")
        .stderr_has(&format!(
            r#"{{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"{arn}"}}"#
        ))
        .stderr_has(
            "hint: if an older discfg version deployed the stack, also update the role's trust policy: `discfg init payments`",
        );
}

/// The emulator asks the trust alone, so these are STS's words.
#[test]
fn own_policies_that_do_not_let_tags_pass_are_told() {
    let (account, proxy, place) = developer();
    let arn = format!(
        "arn:aws:iam::{}:role/discfg/discfg-payments--team-eu-central-1",
        account.id()
    );
    let said = format!(
        "User: arn:aws:sts::{0}:assumed-role/pod/eks-cluster-web-1 is not authorized to perform: sts:TagSession on \
         resource: {arn}",
        account.id()
    );
    proxy.on("AssumeRole").play(move |_| {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>AccessDenied</Code><Message>{said}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        );
        Some((403, body))
    });
    place
        .args(["get", "db/url", "--as", "team"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("allow sts:TagSession in your own policies, since your session has tags: ")
        .stderr_has("update the role's trust policy: `discfg grant payments team`")
        .stderr_lacks("discfg grants payments");
}

#[test]
fn a_grant_that_is_not_there_is_told_as_a_grant() {
    let (account, proxy, place) = developer();
    let before = account.items("discfg-payments");
    for args in [&["get", "k"][..], &["set", "k", "w"]] {
        proxy.forget();
        place
            .args([args, &["--as", "team"]].concat())
            .run()
            .code(5)
            .stdout("")
            .stderr_has("role/discfg/discfg-payments--team-eu-central-1, or the role does not exist")
            .stderr_has("sts:AssumeRole")
            .stderr_has("discfg grants payments")
            .stderr_lacks("discfg init");
        assert_eq!(assumed(&proxy), ["discfg-payments--team-eu-central-1"]);
    }
    assert_eq!(account.items("discfg-payments"), before);
}

#[test]
fn what_own_policies_refuse_is_told_as_that() {
    let (account, _proxy, place) = developer();
    let before = account.items("discfg-payments");
    for args in [&["get", "k"][..], &["set", "k", "w"], &["ls"]] {
        place
            .args([args, &["--as", "self"]].concat())
            .run()
            .code(5)
            .stdout("")
            .stderr_has("access denied: dynamodb:")
            .stderr_has("in your own policies");
    }
    assert_eq!(account.items("discfg-payments"), before);
}
