//! The console's page about access: the same answers, and what they stand on.

use support::account::REGION;
use support::console::{ConsoleProcess, encoded};

use super::Asking;

#[test]
fn the_console_says_who_can_do_what_and_why() {
    let asking = Asking::of(&[]);
    asking.account.developer();
    asking.roles_are_as_made();
    let developer = asking.arn("user/developer");
    asking
        .place
        .args(["set", "-c", "payments", "db/url", "one"])
        .run()
        .code(0);
    asking
        .place
        .args([
            "grant",
            "payments",
            "web",
            "--write",
            "web",
            "--principal",
            &developer,
            "--yes",
        ])
        .run()
        .code(0);
    let process = ConsoleProcess::start(&asking.place, &["payments"]);
    let visitor = process.launch();
    asking.proxy.forget();

    let page = visitor.page("/c/payments/access");
    page.has("discfg-payments")
        .has("CREATE_COMPLETE")
        .has(&asking.role("read"))
        .has(&asking.role("write"));
    page.has(">web</th>")
        .has("/web")
        .has(&developer)
        .has("Evaluate all principals")
        .lacks("class=\"matrix\"");
    assert_eq!(
        asking.proxy.count("SimulatePrincipalPolicy"),
        0,
        "nothing was asked"
    );

    let path = |who: &str, wants: &str, key: &str| {
        format!(
            "/c/payments/access?{}",
            encoded(&[("who", who), ("wants", wants), ("key", key)])
        )
    };
    let answer = visitor.page(&path(&developer, "read", "db/url"));
    answer
        .has("<strong>yes</strong>")
        .has(&format!("{developer}</bdi> can read"))
        .has("allowed by statement ThisAccount of the trust policy")
        .has("dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:Query")
        .has("As <strong>self</strong>");
    visitor
        .page(&path(&asking.arn("role/nobody"), "write", "web/a"))
        .has("role=\"alert\"")
        .has("not found");
    visitor
        .page(&path("<b>", "read", "db/url"))
        .has("role=\"alert\"")
        .lacks("<b>");
    visitor
        .page(&path(&developer, "read", "a//b"))
        .has("empty segment");

    let matrix = visitor.page("/c/payments/access?matrix=on");
    matrix
        .has("class=\"matrix\"")
        .has("/db")
        .has("/web")
        .has("badge write");

    // What can't be read is said in its place, and the rest is there.
    asking.proxy.on("DescribeStackEvents").deny();
    let page = visitor.page("/c/payments/access");
    page.has("Cannot read the last failure")
        .has("CREATE_COMPLETE")
        .has(REGION);
    asking.proxy.on("DescribeStacks").deny();
    visitor.page("/c/payments/access").has("role=\"alert\"");
    visitor.page("/c/payments").has("db/");
}
