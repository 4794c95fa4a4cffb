//! `access`: who may do what, and what decides it.

mod certainty;
mod console;
mod matrix;
mod principals;
mod refusals;
mod ways;

use serde_json::Value;

use support::account::{Account, GITHUB, REGION};
use support::cli::{Outcome, Place};
use support::emulator::Emulator;
use support::proxy::Proxy;
use support::simulator::{self, Asked, Said};

const GRANT: &str = include_str!("../../infra/grant.yaml");

/// A config whose stack the administrator made with these flags, with a proxy before the emulator.
struct Asking {
    account: Account,
    proxy: Proxy,
    place: Place,
}

impl Asking {
    fn of(flags: &[&str]) -> Self {
        let account = Emulator::shared().account();
        let proxy = Proxy::before(Emulator::shared());
        let place = Place::at(proxy.url(), &account.admin());
        for issuer in [GITHUB, "https://gitlab.com"] {
            account.oidc_provider(issuer);
        }
        place
            .args(["init", "payments", "--yes", "-q"].iter().chain(flags))
            .run()
            .code(0);
        proxy.forget();
        Self {
            account,
            proxy,
            place,
        }
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:{name}", self.account.id())
    }

    fn role(&self, access: &str) -> String {
        self.arn(&format!("role/discfg/discfg-payments-{REGION}-{access}"))
    }

    fn table(&self) -> String {
        format!(
            "arn:aws:dynamodb:{REGION}:{}:table/discfg-payments",
            self.account.id()
        )
    }

    /// The config's own roles may do what the template gives them.
    fn roles_are_as_made(&self) {
        simulator::answer(&self.proxy, |asked: &Asked| {
            asked.by.contains(":role/discfg/").then(|| {
                let reads = ["GetItem", "BatchGetItem", "Query"];
                let only_reads = asked
                    .actions
                    .iter()
                    .all(|action| reads.iter().any(|read| action.ends_with(read)));
                if only_reads || asked.by.ends_with("-write") {
                    Said::allowed("discfg-payments", 1, 40)
                } else {
                    Said::unsaid()
                }
            })
        });
    }

    fn ask(&self, principal: &str, words: &[&str]) -> Outcome {
        let args = ["access", "payments", "--principal", principal];
        self.place.args(args.iter().chain(words)).run()
    }
}

fn way<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let ways = answer["ways"].as_array().into_iter().flatten();
    ways.into_iter()
        .find(|way| way["as"] == name)
        .unwrap_or_else(|| panic!("no way {name} in {answer}"))
}
