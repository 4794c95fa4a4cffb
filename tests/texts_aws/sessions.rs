//! Stacks: deployed, looked at, destroyed.

use serde_json::json;
use support::account::{Account, GITHUB, keys};
use support::cli::Place;
use support::emulator::Emulator;
use support::transcript::Transcript;

/// An account and the place of its administrator.
fn administrator() -> (Account, Place) {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    (account, place)
}

/// The same with a config that holds something.
fn deployed() -> (Account, Place) {
    let (account, place) = administrator();
    place.args(["init", "payments", "--yes", "-q"]).run().code(0);
    for key in ["db/url", "mode"] {
        place.args(["set", "payments", key, "one"]).run().code(0);
    }
    (account, place)
}

/// Runs a script there and holds what is seen to the file of that name.
#[track_caller]
fn session(place: &Place, name: &str, script: &str) {
    Transcript::of(place).script(script).keep("platform", name);
}

#[test]
fn init() {
    let (account, place) = administrator();
    account.oidc_provider(GITHUB);
    session(
        &place,
        "init",
        r"
        # What would be deployed
        discfg init payments --dry-run
        discfg init payments --dry-run -f json
        discfg init payments

        # Deployed
        discfg init payments --yes
        discfg init payments
        discfg init payments -f json
        discfg init payments -q -f raw

        # Changed
        discfg init payments --history-days 7 --reader arn:aws:iam::*:role/app-* --dry-run
        discfg init payments --history-days 7 --reader arn:aws:iam::*:role/app-* --yes
        discfg init payments --github acme/shop:environment:production --tag team=shop --yes -f json
        discfg init payments --billing provisioned:5/5 --dry-run -q

        # A second one, in each format
        discfg init orders --yes -f json
        discfg init third --yes -q -f yaml
        discfg init fourth --yes -q -f raw
        discfg init fifth --yes -q

        # Bad input
        discfg init payments --reader nobody
        discfg init payments --github acme
        discfg init payments --oidc gitlab,project_path:acme/shop
        discfg init payments --oidc gitlab,project_path:acme/shop:ref_type:branch:ref:main
        discfg init payments --billing cheap
        discfg init payments --history-days 0
        discfg init payments --account-id 111122223333
        discfg init payments --kms --kms-key arn:aws:kms:eu-central-1:111122223333:key/a
        discfg init payments --tag team
        discfg init payments --api --code nosuch.zip
        discfg init payments --region nowhere-1 --endpoint-url http://127.0.0.1:1 --yes
        ",
    );
}

#[test]
fn init_denied() {
    let (account, place) = deployed();
    let place = place.who(&account.user("half", &["cloudformation:DescribeStacks"]));
    session(
        &place,
        "init-denied",
        r"
        discfg init orders --yes
        discfg init payments --history-days 7 --yes
        ",
    );
}

#[test]
fn status() {
    let (account, place) = deployed();
    account.create_table("discfg-kept");
    let mut session = Transcript::of(&place);
    session.script(
        r"
        # A config, in each format
        discfg status payments
        discfg status payments -f json
        discfg status payments -f yaml
        discfg status payments -f raw

        # What isn't there, and table without a stack
        discfg status nosuch
        discfg status kept
        discfg status kept -f json

        # Drift
        discfg status payments --drift
        ",
    );
    let unprotect = json!({"TableName": "discfg-payments", "DeletionProtectionEnabled": false});
    let changed = account.dynamodb(&account.root(), "UpdateTable", &unprotect);
    changed.expect("root may");
    session.script(
        r"
        # Someone changes the table beside the stack
        discfg status payments --drift
        discfg status payments --drift -f json
        ",
    );
    session.keep("platform", "status");
}

#[test]
fn what_little_is_seen() {
    let (account, place) = deployed();
    let half = ["cloudformation:DescribeStacks", "dynamodb:DescribeTable"];
    let place = place.who(&account.user("half", &half));
    session(
        &place,
        "permissions-few",
        r"
        discfg status payments
        discfg status payments --drift
        discfg doctor payments
        discfg configs
        discfg grants payments
        discfg access payments --matrix
        ",
    );
    let place = place.who(&account.developer());
    session(
        &place,
        "permissions-none",
        r"
        discfg status payments
        discfg doctor payments
        discfg configs
        discfg access payments --matrix
        discfg destroy payments --yes
        discfg get payments mode
        discfg get payments mode --as self
        discfg set payments mode two --as self
        discfg ls -c payments --as self
        ",
    );
}

#[test]
fn doctor() {
    let (_account, place) = deployed();
    session(
        &place,
        "doctor",
        r"
        discfg doctor payments
        discfg doctor payments -f json
        discfg doctor payments -f raw
        discfg doctor
        discfg doctor nosuch
        ",
    );
    let place = place.who(&keys("AKIANOSUCHKEY", "secret"));
    session(
        &place,
        "doctor-unreachable",
        r"
        discfg doctor payments --endpoint-url http://127.0.0.1:1
        discfg get payments mode --endpoint-url http://127.0.0.1:1
        ",
    );
}

#[test]
fn configs() {
    let (account, place) = administrator();
    let mut session = Transcript::of(&place);
    session
        .about("# None at all")
        .run("discfg configs")
        .run("discfg configs -f json");
    place.args(["init", "shop", "--yes", "-q"]).run().code(0);
    account.create_table("discfg-kept");
    session.script(
        r"
        # A stack, and a table that outlived one
        discfg configs
        discfg configs -f json
        discfg configs -f yaml
        discfg configs -f raw
        discfg configs --region eu-west-1
        ",
    );
    session.keep("platform", "configs");
}

#[test]
fn template() {
    let (_account, place) = administrator();
    session(
        &place,
        "template",
        r"
        discfg template | head -n 20
        discfg template --grant | head -n 20
        discfg template -c payments --parameters --reader arn:aws:iam::*:role/app --history-days 7
        discfg template -c payments --parameters=deploy --github acme/shop:environment:production --tag team=shop
        discfg template --grant team -c payments --parameters --read db --principal arn:aws:iam::111122223333:role/app
        discfg template --grant -c payments --parameters
        discfg template --grant --parameters --reader arn:aws:iam::*:role/app -c payments
        discfg template -f json | head -n 3
        ",
    );
}

#[test]
fn destroy() {
    let (account, place) = deployed();
    let developer = format!("arn:aws:iam::{}:user/developer", account.id());
    account.developer();
    let grant = ["grant", "payments", "team", "--read", "db", "-yq"];
    place
        .args(grant.into_iter().chain(["--principal", &developer]))
        .run()
        .code(0);
    session(
        &place,
        "destroy",
        r"
        # What would go
        discfg destroy payments --dry-run
        discfg destroy payments --dry-run -f json
        discfg destroy payments
        discfg destroy payments --delete-data --dry-run

        # The stack goes, and the table stays
        discfg destroy payments --yes
        discfg status payments
        discfg destroy payments --yes

        # It is taken in again
        discfg init payments --dry-run

        # The table goes, too
        discfg destroy payments --delete-data --yes
        discfg destroy payments --delete-data --yes -f json
        discfg destroy nosuch --yes
        ",
    );
}
