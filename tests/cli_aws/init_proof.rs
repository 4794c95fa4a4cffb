//! How `init` proves what it made, and what it says where it can't.

use support::account::Account;
use support::cli::Place;
use support::emulator::Emulator;
use support::proxy::Proxy;

const ROLE: &str = "discfg-payments-eu-central-1-read";

fn deployed(flags: &[&str]) -> Account {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let init = ["init", "payments", "-yq"].iter().chain(flags);
    place.args(init).run().code(0);
    account
}

#[test]
fn a_role_that_is_not_spread_yet_is_tried_again() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    proxy.on("AssumeRole").times(1).deny();
    place
        .args(["init", "payments", "--yes"])
        .run()
        .code(0)
        .stderr_has("Verified: assumed the read role and read the config.")
        .stdout_has("payments: created");
    assert_eq!(proxy.count("AssumeRole"), 2);
    assert_eq!(proxy.count("GetRole"), 1, "the trust is looked at once");
}

#[test]
fn who_is_not_in_the_trust_is_told_at_once_and_whom_it_names() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    let (admin, dev) = (
        format!("arn:aws:iam::{}:user/admin", account.id()),
        format!("arn:aws:iam::{}:user/developer", account.id()),
    );
    place
        .args(["init", "payments", "--yes", "--reader", &dev])
        .run()
        .code(0)
        .stderr_has(&format!(
            "You ({admin}) are not among the readers: you won't be able to read this config."
        ))
        .stderr_has(&format!(
            "You can't read this config yourself: the role {ROLE} trusts {dev}, and you are {admin}."
        ))
        .stdout_has("payments: created");
    assert_eq!(proxy.count("AssumeRole"), 1, "waiting would mend nothing");
    // The list that is printed takes nobody's access away.
    place
        .args(["get", "-c", "payments", "k"])
        .run()
        .code(5)
        .stderr_has(&format!("`discfg init payments --reader {dev} --reader {admin}`"));
    place
        .args(["init", "payments", "--yes", "--reader", &dev, "--reader", &admin])
        .run()
        .code(0)
        .stderr_lacks("are not among");
}

#[test]
fn who_locks_oneself_out_is_told_before_the_question() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place.args(["init", "payments", "-yq"]).run().code(0);
    let admin = format!("arn:aws:iam::{}:user/admin", account.id());
    let nobody = format!("arn:aws:iam::{}:role/nobody", account.id());
    for (option, told) in [
        ("--reader", format!("You ({admin}) are not among the readers: ")),
        ("--writer", format!("You ({admin}) are not among the writers: ")),
    ] {
        place
            .args(["init", "payments", "--dry-run", option, &nobody])
            .run()
            .code(0)
            .stderr_has(&told);
        place
            .args([
                "init",
                "payments",
                "--dry-run",
                option,
                &nobody,
                option,
                "arn:aws:iam::*:user/a*",
            ])
            .run()
            .code(0)
            .stderr_lacks("are not among");
    }
}

#[test]
fn credentials_that_were_kept_prove_nothing_of_a_new_trust() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place.args(["init", "payments", "--yes"]).run().code(0);
    place.args(["get", "-c", "payments", "k"]).run().code(3);
    let nobody = format!("arn:aws:iam::{}:role/nobody", account.id());
    place
        .args(["init", "payments", "--yes", "--reader", &nobody])
        .run()
        .code(0)
        .stderr_has("You can't read this config yourself");
}

#[test]
fn who_is_trusted_and_may_not_assume_is_told_what_is_missing() {
    let account = deployed(&[]);
    let actions = [
        "cloudformation:*",
        "iam:GetRole",
        "dynamodb:*",
        "sts:GetCallerIdentity",
    ];
    let place = Place::at(&account.url(), &account.user("deployer", &actions));
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stderr_has(&format!("Not verified: the role {ROLE} trusts you"))
        .stderr_has("your own policies don't allow sts:AssumeRole on it")
        .stdout_has("payments: unchanged");
}

#[test]
fn without_a_look_at_the_trust_both_possibilities_are_told() {
    let account = deployed(&[]);
    let place = Place::at(
        &account.url(),
        &account.user("deployer", &["cloudformation:*", "sts:GetCallerIdentity"]),
    );
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stderr_has("Either you are not a reader, or IAM has not propagated the role yet")
        .stderr_has("iam:GetRole")
        .stderr_has("access was denied through the read role and through your own policies")
        .stdout_has("payments: unchanged");
}

#[test]
fn the_root_user_is_told_that_it_cannot_read_so() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.root());
    place
        .args(["init", "payments", "--yes"])
        .run()
        .code(0)
        .stderr_has("root user, which can't assume a role")
        .stdout_has("payments: created");
}
