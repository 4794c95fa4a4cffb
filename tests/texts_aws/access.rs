//! Who may do what. The emulator's own simulator knows too little, so that a double answers for it.

use support::account::{GITHUB, REGION};
use support::cli::Place;
use support::emulator::Emulator;
use support::proxy::Proxy;
use support::simulator::{self, Asked, Said};
use support::transcript::Transcript;

#[test]
fn access() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    let developer = format!("arn:aws:iam::{}:user/developer", account.id());
    account.developer();
    account.oidc_provider(GITHUB);
    let flags = ["--reader", &*developer, "--github", "acme/shop:environment:x"];
    let init = ["init", "payments", "--yes", "-q"];
    place.args(init.into_iter().chain(flags)).run().code(0);
    for key in ["db/url", "web/port"] {
        place.args(["set", "payments", key, "one"]).run().code(0);
    }
    // The config's own roles may do what the template gives them.
    simulator::answer(&proxy, |asked: &Asked| {
        asked.by.contains(":role/discfg/").then(|| {
            let reads = ["GetItem", "BatchGetItem", "Query"];
            let reads = |action: &String| reads.iter().any(|read| action.ends_with(read));
            if asked.actions.iter().all(reads) || asked.by.ends_with("-write") {
                Said::allowed("discfg-payments", 1, 40)
            } else {
                Said::unsaid()
            }
        })
    });
    let account = account.id();
    let place = place
        .env("DEVELOPER", developer)
        .env("ADMIN", format!("arn:aws:iam::{account}:user/admin"))
        .env(
            "READER",
            format!("arn:aws:iam::{account}:role/discfg/discfg-payments-{REGION}-read"),
        );
    Transcript::of(&place)
        .script(
            r#"
            # One principal, one key
            discfg access payments --principal "$DEVELOPER" read db/url
            discfg access payments --principal "$DEVELOPER" write db/url
            discfg access payments --principal "$DEVELOPER" read db/url -f json
            discfg access payments --principal "$DEVELOPER" read db/url -f raw
            discfg access payments --principal "$ADMIN" write db/url
            discfg access payments --principal "$READER" read db/url
            discfg access payments --github acme/shop:environment:x read db/url
            discfg access payments --github acme/shop:environment:y read db/url
            discfg access payments --principal arn:aws:iam::111122223333:role/app read db/url

            # Everyone
            discfg access payments --matrix
            discfg access payments --matrix -f json
            discfg access payments --matrix -f raw
            discfg access payments --matrix --principal "$ADMIN"

            # What isn't there, and bad input
            discfg access nosuch --principal "$DEVELOPER" read db/url
            discfg access payments --principal "${DEVELOPER}s" read db/url
            discfg access payments --principal nobody read db/url
            discfg access payments --principal "$DEVELOPER" list db/url
            discfg access payments --principal "$DEVELOPER"
            discfg access payments read db/url
            discfg access payments --github acme read db/url
            discfg access payments --principal "$DEVELOPER" read a//b
            "#,
        )
        .keep("platform", "access");
}
