//! Questions that get no answer.

use super::Asking;
use support::cli::Place;

#[test]
fn each_permission_that_asking_takes_is_named_where_it_is_missing() {
    let asking = Asking::of(&[]);
    asking.account.developer();
    let developer = asking.arn("user/developer");
    let actions = [
        "cloudformation:DescribeStacks",
        "cloudformation:ListStacks",
        "iam:GetRole",
        "iam:SimulatePrincipalPolicy",
    ];
    for missing in actions {
        let mut given = actions.to_vec();
        given.retain(|action| *action != missing);
        let who = asking
            .account
            .user(&format!("without-{}", missing.replace(':', "-")), &given);
        let place = Place::at(asking.proxy.url(), &who);
        let args = ["access", "payments", "--principal", &developer, "read", "db/url"];
        let denied = place.args(args).run().code(5).stdout("");
        let denied = denied.stderr_has(&format!("access denied: {missing}"));
        let service = missing.split(':').next().unwrap_or_default();
        denied.stderr_has(&format!(
            r#"{{"Effect":"Allow","Action":"{missing}","Resource":"arn:aws:{service}:"#
        ));
    }
}

#[test]
fn what_is_not_there_is_told_from_what_is_denied() {
    let asking = Asking::of(&[]);
    let nobody = asking.arn("user/nobody");
    asking
        .proxy
        .on("SimulatePrincipalPolicy")
        .error(404, "NoSuchEntity", "The user cannot be found.");
    asking
        .ask(&nobody, &["read", "db/url"])
        .code(3)
        .stdout("")
        .stderr_has("user/nobody not found");
    asking
        .place
        .args(["access", "nosuch", "--principal", &nobody, "read", "db/url"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("config \"nosuch\" not found");
}

#[test]
fn a_call_that_asks_nothing_is_a_usage_error() {
    let place = Place::at("http://127.0.0.1:1", &support::account::keys("a", "b"));
    let user = "arn:aws:iam::123456789012:user/ann";
    for (args, part) in [
        (
            &["payments", "read", "k"][..],
            "expected exactly one of --principal ARN, --github JOB, --oidc ISSUER,SUBJECT",
        ),
        (
            &["payments", "--principal", user],
            "expected [CONFIG] read|write KEY",
        ),
        (
            &["payments", "--principal", user, "wipe", "k"],
            "invalid access \"wipe\": expected read or write",
        ),
        (
            &["payments", "--principal", user, "read", "a//b"],
            "invalid key \"a//b\"",
        ),
        (
            &["payments", "--principal", user, "--principal", user, "read", "k"],
            "expected exactly one of --principal ARN",
        ),
        (
            &["payments", "--principal", "*", "read", "k"],
            "expected a single principal",
        ),
        (
            &[
                "payments",
                "--principal",
                "arn:aws:iam::123456789012:root",
                "read",
                "k",
            ],
            "the root user can't assume a role",
        ),
        (
            &["payments", "--principal", "ann", "read", "k"],
            "expected the ARN of a user",
        ),
        (
            &["--matrix", "payments", "read", "k"],
            "with --matrix, expected only [CONFIG]",
        ),
        (
            &["payments", "--local", "--principal", user, "read", "k"],
            "the embedded engine has no roles",
        ),
        (
            &[
                "payments",
                "--account",
                "210987654321",
                "--principal",
                user,
                "read",
                "k",
            ],
            "omit --account",
        ),
    ] {
        place
            .args(["access"].iter().chain(args))
            .run()
            .code(2)
            .stdout("")
            .stderr_has(part);
    }
}
