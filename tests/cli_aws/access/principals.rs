//! Sessions, other accounts and jobs of GitHub.

use serde_json::json;

use super::Asking;

#[test]
fn a_session_is_asked_about_as_its_role_with_its_path() {
    let asking = Asking::of(&["--reader", "arn:aws:iam::*:role/teams/*"]);
    asking.roles_are_as_made();
    let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    for (path, name) in [("/teams/", "dev"), ("/", "plain")] {
        let form = [
            ("RoleName", name),
            ("Path", path),
            ("AssumeRolePolicyDocument", trust.as_str()),
        ];
        asking.account.iam("CreateRole", &form);
    }
    let session = format!(
        "arn:aws:sts::{}:assumed-role/dev/ann@example.com",
        asking.account.id()
    );
    let role = asking.arn("role/teams/dev");
    asking
        .ask(&session, &["read", "db/url"])
        .code(1)
        .stdout_has(&format!("{role} can't read"))
        .stdout_has("  yes     trust: allowed by statement ThisAccount");
    asking
        .ask(&asking.arn("role/dev"), &["read", "db/url"])
        .code(3)
        .stdout("")
        .stderr_has(&format!("the role with this name is {role}"));
    asking
        .ask(&asking.arn("role/nosuch"), &["read", "db/url"])
        .code(3)
        .stdout("")
        .stderr_has("role/nosuch not found");
    asking
        .ask(
            "arn:aws:sts::210987654321:assumed-role/dev/ann",
            &["read", "db/url"],
        )
        .code(2)
        .stderr_has("a session in another account: give the ARN of its role");
}

#[test]
fn another_account_is_never_a_yes_from_here() {
    let bob = "arn:aws:iam::210987654321:user/bob";
    let flags = ["--account-id", "210987654321", "--org-id", "o-a1b2c3d4e5"];
    let asking = Asking::of(&flags);
    asking.roles_are_as_made();
    asking
        .ask(bob, &["read", "db/url"])
        .code(1)
        .stdout_has("unknown: ")
        .stdout_has("is unknown (give --org-id)")
        .stdout_has("its policies are in account 210987654321")
        .stdout_has(&format!(
            "missing: {{\"Effect\":\"Allow\",\"Action\":[\"sts:AssumeRole\",\"sts:TagSession\"],\"Resource\":\"{}\"}}",
            asking.role("read")
        ));
    asking
        .ask(bob, &["read", "db/url", "--org-id", "o-a1b2c3d4e5"])
        .code(1)
        .stdout_has("unknown: ")
        .stdout_has("  yes     trust: allowed by statement OtherAccounts");
    asking
        .ask(bob, &["read", "db/url", "--org-id", "o-f1f2f3f4f5"])
        .code(1)
        .stdout_has("no: ")
        .stdout_has("it requires the organization o-a1b2c3d4e5");
    asking
        .ask("arn:aws:iam::333333333333:user/bob", &["read", "db/url"])
        .code(1)
        .stdout_has("no: ")
        .stdout_has("missing: discfg init payments --account-id 210987654321 --account-id 333333333333 with --org-id or --external-id");
}

#[test]
fn a_github_job_is_asked_about_by_its_subject() {
    let asking = Asking::of(&["--github", "acme/shop:environment:production"]);
    asking.roles_are_as_made();
    let ask = |job: &str, access: &str| {
        let args = ["access", "payments", "--github", job, access, "db/url"];
        asking.place.args(args).run()
    };
    ask("acme/shop:environment:production", "read")
        .code(0)
        .stdout_has("yes: repo:acme/shop:environment:production can read /db/url of payments\n")
        .stdout_has("trust: allowed by statement GitHub of the trust policy\n");
    ask("acme/shop:environment:staging", "read")
        .code(1)
        .stdout_has("it only matches repo:acme/shop:environment:production")
        .stdout_has("missing: discfg init payments --github acme/shop:environment:production --github acme/shop:environment:staging");
    ask("acme/shop:environment:production", "write")
        .code(1)
        .stdout_has("no: ");
    ask("acme/shop", "read")
        .code(2)
        .stderr_has("ORG/REPO:environment:NAME");
}

#[test]
fn an_oidc_subject_is_asked_about_by_its_issuer() {
    let main = "https://gitlab.com,project_path:acme/shop:ref_type:branch:ref:main";
    let asking = Asking::of(&["--oidc", main]);
    asking.roles_are_as_made();
    let ask = |subject: &str, access: &str| {
        let args = ["access", "payments", "--oidc", subject, access, "db/url"];
        asking.place.args(args).run()
    };
    ask("gitlab,project_path:acme/shop:ref_type:branch:ref:main", "read")
        .code(0)
        .stdout_has(&format!("yes: {main} can read /db/url of payments\n"))
        .stdout_has("trust: allowed by statement FirstOidc of the trust policy\n");
    let dev = "https://gitlab.com,project_path:acme/shop:ref_type:branch:ref:dev";
    ask(dev, "read")
        .code(1)
        .stdout_has("it only matches project_path:acme/shop:ref_type:branch:ref:main")
        .stdout_has(&format!(
            "missing: discfg init payments --oidc {main} --oidc {dev}"
        ));
    ask(&format!("{main},https://gitlab.com"), "read")
        .code(1)
        .stdout_has("it requires the audience sts.amazonaws.com");
    ask(&main.replace("gitlab.com", "gitlab.example.com"), "read")
        .code(1)
        .stdout_has("no statement of the trust policy matches it");
    ask(main, "write").code(1).stdout_has("no: ");
    ask("gitlab,project_path:acme/shop", "read")
        .code(2)
        .stderr_has("every branch and tag of the project");
    let matrix = ["access", "payments", "--matrix", "-f", "raw"];
    asking
        .place
        .args(matrix)
        .run()
        .code(0)
        .stdout_has(&format!("\n\"{main}\",trust and policies,read\n"));
}
