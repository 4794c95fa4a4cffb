//! `--as` on AWS: which role a command acts in, where another than its own is named.

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
            .stderr_has("role/discfg/discfg-payments--team-eu-central-1, or the role is not there")
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
            .stderr_has("was denied")
            .stderr_has("your own policies must allow dynamodb:");
    }
    assert_eq!(account.items("discfg-payments"), before);
}
