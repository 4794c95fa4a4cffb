use super::*;

fn parsed(given: &str) -> Result<OidcSubject, String> {
    given.parse::<OidcSubject>().map_err(|error| error.to_string())
}

#[track_caller]
fn refused(given: &str, because: &str) {
    let error = parsed(given).expect_err(given);
    assert!(error.contains(because), "{because} is not in {error}");
}

#[test]
fn an_issuer_is_named_as_iam_does() {
    for (given, name) in [
        ("gitlab", "gitlab.com"),
        ("https://gitlab.com", "gitlab.com"),
        ("https://GitLab.Example.com/Sub", "gitlab.example.com/Sub"),
        (
            "https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C",
            "oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C",
        ),
        ("https://acme.eu.auth0.com/", "acme.eu.auth0.com/"),
    ] {
        let issuer: OidcIssuer = given.parse().expect(given);
        assert_eq!(issuer.as_str(), name);
        assert_eq!(OidcIssuer::of_provider(name), Some(issuer));
    }
    let why = |given: &str| given.parse::<OidcIssuer>().expect_err(given).to_string();
    for (given, because) in [
        ("github", "expected a URL such as"),
        ("gitlab.com", "expected a URL such as"),
        ("http://gitlab.com", "expected a URL such as"),
        ("https://", "no valid host"),
        ("https://localhost", "no valid host"),
        ("https://git_lab.com", "no valid host"),
        ("https://*.example.com", "no valid host"),
        ("https://gitlab.example.com:8443", "does not accept a port"),
        ("https://example.com/?a", "without a query"),
        ("https://example.com/${aws:username}", "without a query"),
        ("https://accounts.google.com", "built into IAM"),
    ] {
        let error = why(given);
        assert!(error.contains(because), "{because} is not in {error}");
    }
}

#[test]
fn a_subject_is_printed_as_it_is_parsed() {
    for given in [
        "https://gitlab.com,project_path:acme/shop:ref_type:branch:ref:main",
        "https://gitlab.com,project_path:acme/shop:ref_type:branch:ref:main,https://gitlab.com",
        "https://oidc.eks.eu-central-1.amazonaws.com/id/0A,system:serviceaccount:web:shop",
        "https://ci.example.com,pipeline 7/deploy",
    ] {
        assert_eq!(parsed(given).expect(given).to_string(), given);
    }
    let usual = parsed("gitlab,project_path:acme/shop:ref_type:tag:ref:v1,sts.amazonaws.com");
    assert_eq!(
        usual.expect("a subject").to_string(),
        "https://gitlab.com,project_path:acme/shop:ref_type:tag:ref:v1"
    );
    for shape in ["", "gitlab", "gitlab,a,b,c"] {
        refused(shape, "expected ISSUER,SUBJECT");
    }
    for character in ["*", "?", "$", "\"", "\\", "|", "\n", "é"] {
        refused(
            &format!("https://ci.example.com,deploy{character}"),
            "invalid OIDC subject",
        );
        refused(
            &format!("https://ci.example.com,deploy,{character}"),
            "invalid OIDC audience",
        );
    }
    refused("https://ci.example.com,", "invalid OIDC subject \"\"");
}

#[test]
fn gitlab_is_bound_to_a_ref_or_an_environment() {
    let of = |rest: &str| format!("https://gitlab.example.com,project_path:{rest}");
    for good in [
        "acme/shop:ref_type:branch:ref:main",
        "acme/team/shop:ref_type:tag:ref:v1.2",
        "acme/shop:ref_type:branch:ref:feature/a",
        "acme/shop:ref_path:refs/heads/main",
        "acme/shop:environment:production",
        "acme/shop:environment:production:environment_protected:true",
    ] {
        assert!(parsed(&of(good)).is_ok(), "{good}");
    }
    refused(&of("acme/shop"), "every branch and tag of the project");
    refused(&of("acme/shop:ref_type:branch"), "every branch of the project");
    refused(&of("acme/shop:ref_type:tag"), "every tag of the project");
    refused(&of("acme/shop:ref_protected:true"), "every branch and tag");
    refused(&of("acme/shop:ref:main"), "both a branch and a tag");
    for form in [
        "acme:ref_type:branch:ref:main",
        "acme/:ref_type:branch:ref:main",
        "acme/shop:ref_type:commit:ref:main",
        "acme/shop:ref_type:branch:ref:",
        "acme/shop:ref_type:branch:ref",
        "acme/shop:ref:a:ref:b:ref_type:branch",
    ] {
        refused(&of(form), "invalid GitLab subject");
    }
    refused(
        "gitlab,acme/shop:ref_type:branch:ref:main",
        "invalid GitLab subject",
    );
    refused(&of("acme/shop:ref_type:branch:ref:*"), "without * ?");
}

#[test]
fn kubernetes_is_bound_to_a_service_account() {
    let eks = |subject: &str| format!("https://oidc.eks.eu-central-1.amazonaws.com/id/0A,{subject}");
    let own = |subject: &str| format!("https://k8s.example.com,{subject}");
    for good in [
        "system:serviceaccount:web:shop",
        "system:serviceaccount:a-1:a.b-c",
    ] {
        assert!(parsed(&eks(good)).is_ok() && parsed(&own(good)).is_ok(), "{good}");
    }
    for bad in [
        "system:serviceaccount:web",
        "system:serviceaccount:web:",
        "system:serviceaccount::shop",
        "system:serviceaccount:Web:shop",
        "system:serviceaccount:web:-shop",
        "system:serviceaccount:web:shop:x",
        "system:serviceaccounts:web",
        "system:anonymous",
    ] {
        refused(&eks(bad), "expected system:serviceaccount:NAMESPACE:NAME");
        refused(&own(bad), "invalid Kubernetes subject");
    }
    refused(&eks("web:shop"), "invalid Kubernetes subject");
    refused(&eks("system:serviceaccount:web:*"), "without * ?");
}

#[test]
fn github_by_another_issuer_is_bound_as_well() {
    let of = |job: &str| format!("https://github.example.com/_services/token,{job}");
    assert!(parsed(&of("repo:acme/shop:environment:production")).is_ok());
    refused(&of("repo:acme/shop:pull_request"), "every pull request");
    refused(&of("repo:acme/shop"), "every branch of the repository");
    refused(&of("repo:acme/shop:ref:main"), "expected repo:");
    let github = "https://token.actions.githubusercontent.com";
    refused(&format!("{github},acme/shop"), "invalid GitHub subject");
    assert!(parsed(&format!("{github},repo:acme/shop:environment:production")).is_ok());
}
