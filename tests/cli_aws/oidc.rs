//! OIDC issuers beyond GitHub: GitLab's jobs and the service accounts of Kubernetes.

use serde_json::{Value, json};

use support::account::{Account, GITHUB, REGION, xml_text};
use support::cli::Place;
use support::emulator::Emulator;
use support::grants::{self, document};
use support::proxy::Proxy;
use support::web_identity::bearer;

const GITLAB: &str = "https://gitlab.com";
const EKS: &str = "https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C";
const MAIN: &str = "project_path:acme/shop:ref_type:branch:ref:main";
const POD: &str = "system:serviceaccount:web:shop";

fn administrator() -> (Account, Proxy, Place) {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    (account, proxy, place)
}

fn statements(account: &Account, role: &str) -> Vec<Value> {
    let found = account.iam("GetRole", &[("RoleName", role)]);
    let trust = document(xml_text(&found, "AssumeRolePolicyDocument"));
    trust["Statement"].as_array().expect("statements").clone()
}

fn statement(account: &Account, sid: &str, issuer: &str, subjects: &[&str]) -> Value {
    let issuer = issuer.replace("https://", "");
    json!({
        "Sid": sid, "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": format!("arn:aws:iam::{}:oidc-provider/{issuer}", account.id())},
        "Condition": {"StringEquals": {
            format!("{issuer}:aud"): "sts.amazonaws.com",
            format!("{issuer}:sub"): subjects,
        }},
    })
}

#[test]
fn tokens_of_the_subjects_that_are_given_read() {
    let (account, _proxy, place) = administrator();
    for issuer in [GITHUB, GITLAB, EKS] {
        account.oidc_provider(issuer);
    }
    let (gitlab, eks) = (format!("gitlab,{MAIN}"), format!("{EKS},{POD}"));
    let init = [
        "init",
        "payments",
        "--yes",
        "--github",
        "acme/shop:environment:live",
    ];
    place
        .args(init.into_iter().chain(["--oidc", &gitlab, "--oidc", &eks]))
        .run()
        .code(0)
        .stderr_has(&format!(
            "grants   read role: allow gitlab.com to assume it, only for the audience sts.amazonaws.com, only for the subjects {MAIN}"
        ))
        .stderr_has(&format!(
            "set      OIDC subjects that can read: gitlab.com|sts.amazonaws.com|{MAIN}"
        ));
    place.args(["set", "payments", "k", "v"]).run().code(0);
    let role = format!("discfg-payments-{REGION}-read");
    let all = statements(&account, &role);
    let sids: Vec<&Value> = all.iter().map(|statement| &statement["Sid"]).collect();
    assert_eq!(sids, ["ThisAccount", "GitHub", "FirstOidc", "SecondOidc"]);
    assert_eq!(all[2], statement(&account, "FirstOidc", GITLAB, &[MAIN]));
    assert_eq!(all[3], statement(&account, "SecondOidc", EKS, &[POD]));

    let aud = "sts.amazonaws.com";
    let reads = |iss, sub, aud| bearer(&account, &role, iss, sub, aud).args(["get", "k"]).run();
    reads(GITLAB, MAIN, aud).code(0).stdout("v\n");
    reads(EKS, POD, aud).code(0).stdout("v\n");
    reads(GITHUB, "repo:acme/shop:environment:live", aud).code(0);
    for (iss, sub, aud) in [
        (GITLAB, "project_path:fork/shop:ref_type:branch:ref:main", aud),
        (GITLAB, MAIN, GITLAB),
        (GITLAB, POD, aud),
        (EKS, "system:serviceaccount:web:default", aud),
        (EKS, MAIN, aud),
        ("https://gitlab.example.com", MAIN, aud),
    ] {
        reads(iss, sub, aud).code(5).stdout("");
    }
    // Who reads can't write: the role of writers trusts no token.
    let writer = format!("discfg-payments-{REGION}-write");
    bearer(&account, &writer, GITLAB, MAIN, aud)
        .args(["set", "k", "w"])
        .run()
        .code(5);
}

#[test]
fn issuers_that_are_not_given_again_stay_and_are_replaced_by_others() {
    let (account, proxy, place) = administrator();
    for issuer in [GITLAB, EKS] {
        account.oidc_provider(issuer);
    }
    let (gitlab, eks) = (format!("gitlab,{MAIN}"), format!("{EKS},{POD}"));
    let init = |more: &[&str]| place.args(["init", "payments", "--yes"].iter().chain(more)).run();
    init(&["--oidc", &gitlab, "--oidc", &eks]).code(0);
    let role = format!("discfg-payments-{REGION}-read");
    let before = statements(&account, &role);
    proxy.forget();
    init(&[]).code(0).stdout_has("unchanged");
    assert_eq!(proxy.count("GetOpenIDConnectProvider"), 0, "no issuer is given");
    init(&["--oidc", &eks, "--oidc", &gitlab])
        .code(0)
        .stdout_has("unchanged");
    init(&["--history-days", "7"]).code(0);
    assert_eq!(statements(&account, &role), before);
    init(&["--oidc", &eks])
        .code(0)
        .stderr_has("narrows  read role: removed: allow gitlab.com to assume it");
    assert_eq!(
        statements(&account, &role)[1..],
        [statement(&account, "FirstOidc", EKS, &[POD])]
    );
}

#[test]
fn what_cannot_be_trusted_is_refused_before_anything_is_deployed() {
    let (account, proxy, place) = administrator();
    let init = |more: &[&str]| {
        place
            .args(["init", "payments", "--yes"].iter().chain(more))
            .run()
            .stdout("")
    };
    let gitlab = format!("gitlab,{MAIN}");
    init(&["--oidc", &gitlab])
        .code(3)
        .stderr_has(&format!(
            "no OIDC provider for https://gitlab.com in account {}",
            account.id()
        ))
        .stderr_has(
            "hint: create it: `aws iam create-open-id-connect-provider --url https://gitlab.com --client-id-list \
             sts.amazonaws.com`",
        );
    init(&["--github", "acme/shop:environment:live"])
        .code(3)
        .stderr_has("no OIDC provider for GitHub");
    init(&["--oidc", "gitlab,project_path:acme/shop:ref_type:branch"])
        .code(2)
        .stderr_has("every branch of the project");
    let issuers: Vec<String> = (1..=4)
        .map(|n| format!("--oidc=https://ci{n}.example.com,deploy"))
        .collect();
    let issuers: Vec<&str> = issuers.iter().map(String::as_str).collect();
    init(&issuers)
        .code(2)
        .stderr_has("too many OIDC issuers: 4; the limit is 3 in addition to GitHub");
    account.oidc_provider(GITLAB);
    account.oidc_provider(GITHUB);
    init(&[
        "--oidc",
        &gitlab,
        "--github",
        r#"acme/shop:environment:the "live" one"#,
    ])
    .code(8)
    .stderr_has("the trust policy of resource ReadRole is not valid JSON");
    assert_eq!(proxy.count("CreateChangeSet"), 0);

    proxy
        .on("GetOpenIDConnectProvider")
        .times(1)
        .error(403, "AccessDenied", "no");
    let other = format!("{gitlab},other");
    for note in [
        "(iam:GetOpenIDConnectProvider was denied). Without one, IAM will reject its tokens",
        "OIDC provider for https://gitlab.com lacks the audience other",
    ] {
        place
            .args(["init", "payments", "--dry-run", "--oidc", &other])
            .run()
            .code(0)
            .stderr_has(note);
    }
}

#[test]
fn a_grant_is_for_tokens_and_makes_the_provider() {
    let (account, proxy, place) = grants::deployed();
    let gitlab = format!("gitlab,{MAIN},https://gitlab.com");
    let pod = format!("{EKS},{POD}");
    let grant = |more: &[&str]| {
        let call = ["grant", "ci", "--read", "db", "--yes"];
        place.args(call.iter().chain(more)).run()
    };
    grant(&["--oidc", &gitlab])
        .code(3)
        .stdout("")
        .stderr_has("no OIDC provider for https://gitlab.com")
        .stderr_has("add --create-oidc-provider to create it");
    grant(&["--oidc", &gitlab, "--oidc", &pod, "--create-oidc-provider"])
        .code(2)
        .stdout("")
        .stderr_has(
            "can create one OIDC provider, but several are missing: https://gitlab.com, https://oidc.eks",
        );
    assert_eq!(proxy.count("CreateChangeSet"), 1, "init's own");
    grant(&["--oidc", &gitlab, "--create-oidc-provider"])
        .code(0)
        .stderr_has("create complete          OIDC provider (OidcProvider)")
        .stderr_has(
            "OIDC subjects need no IAM policy of their own. In the job, set AWS_WEB_IDENTITY_TOKEN_FILE",
        )
        .stdout_has(&format!(
            "  OIDC       https://gitlab.com,{MAIN},https://gitlab.com\n"
        ));
    let provider = format!("arn:aws:iam::{}:oidc-provider/gitlab.com", account.id());
    let found = account.iam(
        "GetOpenIDConnectProvider",
        &[("OpenIDConnectProviderArn", &provider)],
    );
    assert!(found.contains("<member>https://gitlab.com</member>"), "{found}");

    // The next issuer's provider takes the place of the first in the stack, which stays.
    grant(&["--oidc", &gitlab, "--oidc", &pod, "--create-oidc-provider"])
        .code(0)
        .stderr_has("replace  OIDC provider (OidcProvider): ClientIdList, Url")
        .stderr_has("delete skipped           OIDC provider (OidcProvider)")
        .stderr_has("Service accounts need no IAM policy of their own. Annotate them with `eks.amazonaws.com/role-arn:");
    let role = format!("discfg-payments--ci-{REGION}");
    assert_eq!(statements(&account, &role).len(), 2);
    let providers = account.iam("ListOpenIDConnectProviders", &[]);
    assert_eq!(providers.matches(":oidc-provider/").count(), 2, "{providers}");
    let listed = place.args(["grants", "-f", "json"]).run().code(0).json();
    assert_eq!(
        listed["grants"][0]["oidc"],
        json!([format!("https://gitlab.com,{MAIN},https://gitlab.com"), pod])
    );
    assert_eq!(listed["grants"][0]["github"], json!([]));
    place
        .args(["status", "-f", "json"])
        .run()
        .code(0)
        .stdout_has(r#""oidc":["https://gitlab.com,project_path"#);
}
