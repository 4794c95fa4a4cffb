//! Who may do what. The emulator's own simulator knows too little, so that a double answers for it.

use discfg::stack::{GRANT_TEMPLATE, TEMPLATE};
use support::account::{Account, GITHUB, REGION};
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

/// Deploys a stack as other tools do, which don't check what discfg checks.
fn create_stack(account: &Account, name: &str, template: &str, parameters: &[(&str, &str)]) {
    let mut query = vec![
        ("StackName".to_owned(), name),
        ("TemplateBody".to_owned(), template),
        ("Capabilities.member.1".to_owned(), "CAPABILITY_NAMED_IAM"),
    ];
    for (position, (parameter, value)) in (1..).zip(parameters) {
        let member = format!("Parameters.member.{position}");
        query.push((format!("{member}.ParameterKey"), parameter));
        query.push((format!("{member}.ParameterValue"), value));
    }
    let query: Vec<(&str, &str)> = query
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    account
        .query(
            &account.root(),
            "cloudformation",
            "2010-05-15",
            "CreateStack",
            &query,
        )
        .expect("root may deploy");
}

#[test]
fn subjects_that_discfg_would_refuse() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    let readers = format!("arn:aws:iam::{}:role/payments-*", account.id());
    create_stack(
        &account,
        "discfg-payments",
        TEMPLATE,
        &[
            ("Config", "payments"),
            ("Readers", &readers),
            (
                "GitHubSubjects",
                "repo:acme/shop:pull_request,repo:acme/shop:environment:x",
            ),
            ("FirstOidc", "gitlab.com|sts.amazonaws.com|project_path:acme/shop"),
            ("AccountIds", "111122223333"),
            ("ExternalId", "acme-7"),
        ],
    );
    create_stack(
        &account,
        "discfg-payments--web",
        GRANT_TEMPLATE,
        &[
            ("Config", "payments"),
            ("Grant", "web"),
            ("Sections", "/db"),
            ("GitHubSubjects", "repo:acme/web"),
            (
                "FirstOidc",
                "gitlab.com|sts.amazonaws.com|project_path:acme/web:ref:main",
            ),
        ],
    );
    simulator::answer(&proxy, |asked: &Asked| {
        asked.by.contains(":role/discfg/").then(|| {
            let reads = |action: &String| action.ends_with("GetItem") || action.ends_with("Query");
            if asked.actions.iter().all(reads) {
                Said::allowed("discfg-payments", 1, 40)
            } else {
                Said::unsaid()
            }
        })
    });
    Transcript::of(&place)
        .script(
            r"
            discfg status payments
            discfg access payments --matrix
            discfg grants payments
            ",
        )
        .keep("platform", "trusted-subjects");
}

#[test]
fn no_readers() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    create_stack(
        &account,
        "discfg-payments",
        TEMPLATE,
        &[("Config", "payments"), ("Readers", "")],
    );
    place
        .args(["status", "payments"])
        .run()
        .code(0)
        .stdout_has("readers    none\n");
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stderr_has("trusts no principal of your account (you are ");
}
