//! What the README shows does what it says: its commands run.

use support::account::REGION;
use support::cli::Place;
use support::emulator::{Emulator, venv};
use support::kms::without_conditions;
use support::markdown::blocks;

const README: &str = include_str!("../../README.md");

fn run_everyday_use(place: &Place) {
    for block in blocks(README, "Everyday use", "sh") {
        place.shell(&format!("set -e\n{block}")).run().code(0);
    }
}

#[test]
fn everyday_use_works_on_the_embedded_engine() {
    let place = Place::new();
    place.args(["init", "payments", "--local"]).run().code(0);
    run_everyday_use(&place);
    place.args(["get", "db/pool"]).run().code(0).stdout("40\n");
}

#[test]
fn everyday_use_works_on_aws() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place.args(["init", "payments", "--yes"]).run().code(0);
    run_everyday_use(&place);
    place.args(["get", "db/pool"]).run().code(0).stdout("40\n");
}

#[test]
fn what_is_done_on_aws_works() {
    let account = Emulator::shared().account();
    let tools = venv().expect("the emulator runs in it").join("bin");
    let place = Place::at(&account.url(), &account.admin())
        .env("AWS_DEFAULT_REGION", REGION)
        .env("TOOLS", tools);
    let platform = blocks(README, "For the platform team", "sh");
    for block in blocks(README, "On AWS", "sh").into_iter().chain(platform) {
        // A reader of the README sits at a terminal and is asked, in an account of their own.
        let block = block
            .replace("discfg init payments", "discfg init payments --yes")
            .replace("discfg init vault", "discfg init vault --yes")
            .replace("discfg grant payments", "discfg grant payments --yes")
            .replace("111122223333", account.id());
        let script = format!("set -e\nPATH=$PATH:$TOOLS\n{block}");
        place.shell(&script).run().code(0);
        if block.contains("--kms") {
            let made = place.args(["init", "vault", "-f", "json"]).run().code(0).json();
            let key = made["outputs"]["KmsKeyArn"].as_str().expect("a key");
            without_conditions(&account, "vault", key);
        }
    }
    place
        .args(["init", "orders"])
        .run()
        .code(0)
        .stdout_has("orders: unchanged");
}
