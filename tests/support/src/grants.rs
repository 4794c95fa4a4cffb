//! Grants on a deployed config.
//!
//! The emulator doesn't tell its IAM which keys a request names, so that the policy of a grant, which asks for that,
//! lets nothing through: where commands act in a grant's role, the policy is given a version without these conditions
//! first. What the conditions say is tested on the template, and what they mean by a simulator (`tests/policies`).

use serde_json::Value;

use super::account::{Account, xml_text};
use super::cli::Place;
use super::emulator::Emulator;
use super::proxy::Proxy;

/// The table of the config that these tests deploy.
pub const TABLE: &str = "discfg-payments";

/// A deployed config with a key in each of three sections, and the administrator's place with a proxy before AWS.
pub fn deployed() -> (Account, Proxy, Place) {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    place.args(["init", "payments", "--yes", "-q"]).run().code(0);
    for key in ["db/url", "web/port", "mode"] {
        place.args(["set", key, "one"]).run().code(0);
    }
    (account, proxy, place)
}

/// The developer's ARN.
pub fn developer(account: &Account) -> String {
    format!("arn:aws:iam::{}:user/developer", account.id())
}

/// The ARN of a grant's policy.
pub fn policy_arn(account: &Account, grant: &str) -> String {
    format!(
        "arn:aws:iam::{}:policy/discfg/discfg-payments--{grant}-eu-central-1",
        account.id()
    )
}

/// The document of a grant's policy as IAM has it.
pub fn policy(account: &Account, grant: &str) -> Value {
    let arn = policy_arn(account, grant);
    let found = account.iam("GetPolicy", &[("PolicyArn", &arn)]);
    let version = xml_text(&found, "DefaultVersionId").to_owned();
    let version = account.iam(
        "GetPolicyVersion",
        &[("PolicyArn", &arn), ("VersionId", &version)],
    );
    document(xml_text(&version, "Document"))
}

/// The document of its role's trust.
pub fn trust(account: &Account, grant: &str) -> Value {
    let role = format!("discfg-payments--{grant}-eu-central-1");
    let found = account.iam("GetRole", &[("RoleName", &role)]);
    document(xml_text(&found, "AssumeRolePolicyDocument"))
}

/// IAM gives documents back percent-encoded.
pub fn document(encoded: &str) -> Value {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits: Vec<u8> = rest.by_ref().take(2).collect();
            let digits = String::from_utf8(digits).expect("two digits");
            bytes.push(u8::from_str_radix(&digits, 16).expect("hexadecimal"));
        } else {
            bytes.push(byte);
        }
    }
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {encoded}"))
}

/// Takes from the grant's policy the conditions that the emulator can't judge.
pub fn without_leading_keys(account: &Account, grant: &str) {
    let mut document = policy(account, grant);
    for statement in document["Statement"].as_array_mut().expect("statements") {
        let statement = statement.as_object_mut().expect("a statement");
        statement.remove("Condition");
    }
    let arguments = [
        ("PolicyArn", policy_arn(account, grant)),
        ("PolicyDocument", document.to_string()),
        ("SetAsDefault", "true".to_owned()),
    ];
    let arguments = arguments.each_ref().map(|(name, value)| (*name, value.as_str()));
    account.iam("CreatePolicyVersion", &arguments);
}

/// The grant's line in the table's list, seen by root.
pub fn line(account: &Account, grant: &str) -> Option<Value> {
    let items = account.items(TABLE);
    items
        .into_iter()
        .find(|item| item["sk"]["S"] == format!("@grant#{grant}"))
}

/// The developer's place, in which every command acts in the role of a new grant.
pub fn granted(flags: &[&str]) -> (Account, Proxy, Place) {
    let (account, proxy, place) = deployed();
    let principal = developer(&account);
    let call = [
        &["grant", "team", "--principal", &principal, "--yes", "-q"],
        flags,
    ]
    .concat();
    place.args(call).run().code(0);
    without_leading_keys(&account, "team");
    let place = place.who(&account.developer()).env("DISCFG_AS", "team");
    proxy.forget();
    (account, proxy, place)
}
