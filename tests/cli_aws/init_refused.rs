//! `init` with what it can't take: told before anything is deployed.

use support::cli::Place;
use support::emulator::Emulator;

#[test]
fn a_principal_whom_no_trust_could_match_is_refused() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let init = |flag: &str, arn: &str| place.args(["init", "payments", "--yes", flag, arn]).run();
    for flag in ["--reader", "--writer"] {
        for (arn, why) in [
            ("*", "invalid principal"),
            ("arn:aws:s3:::bucket", "neither a role nor a user"),
            (
                "arn:aws:iam::123456789012:role/${aws:username}",
                "invalid principal",
            ),
            (
                "arn:aws:sts::123456789012:assumed-role/dev/ann",
                "it is a session; use its role, arn:aws:iam::123456789012:role/dev",
            ),
            (
                "arn:aws:iam::123456789012:root",
                "for the whole account, use arn:aws:iam::123456789012:*",
            ),
        ] {
            init(flag, arn).code(2).stdout("").stderr_has(why);
        }
        let arn = "arn:aws-cn:iam::123456789012:role/dev";
        init(flag, arn).code(8).stdout("").stderr_has(&format!(
            "{arn} is in another partition than eu-central-1 (partition aws)"
        ));
    }
    for (arn, why) in [
        ("deploy", "invalid principal"),
        ("arn:aws:iam::123456789012:user/ann", "invalid role"),
    ] {
        init("--cfn-role", arn).code(2).stdout("").stderr_has(why);
    }
    let arn = "arn:aws-us-gov:iam::123456789012:policy/bound";
    init("--permissions-boundary", arn)
        .code(8)
        .stdout("")
        .stderr_has("in another partition");
    let arn = "arn:aws:iam::123456789012:policy/discfg/discfg-boundary";
    init("--permissions-boundary", arn)
        .code(2)
        .stdout("")
        .stderr_has("can be changed by deployers");
    let stacks = account.query(&account.root(), "cloudformation", "2010-05-15", "ListStacks", &[]);
    let stacks = stacks.expect("root may list stacks");
    assert!(!stacks.contains("discfg-payments"), "{stacks}");
}
