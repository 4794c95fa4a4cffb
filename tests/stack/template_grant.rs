//! The template of a grant is what the code takes it for, and its documents fit IAM's quotas.

use discfg::model::{Access, AwsNames, GrantScope};
use discfg::stack::{
    GRANT_OUTPUTS, GRANT_PARAMETERS, GRANT_RESOURCES, GRANT_TEMPLATE, GrantSpec, LAYOUT, POLICY_FRAME,
    READ_ACTIONS, WRITE_ACTIONS,
};
use regex_lite::Regex;
use serde_json::{Value, json};

use crate::template::{names, sorted};
use support::account::Account;
use support::cli::Place;
use support::emulator::Emulator;
use support::yaml::parsed;

const API: &str = "arn:aws:execute-api:eu-central-1:123456789012:abc123/$default";

fn template() -> Value {
    parsed(GRANT_TEMPLATE)
}

fn no_value() -> Value {
    json!({"Ref": "AWS::NoValue"})
}

fn table() -> Value {
    json!({"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/discfg-${Config}"})
}

fn statements(template: &Value) -> Value {
    template["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"].clone()
}

#[test]
fn parameters_outputs_and_resources_are_the_codes() {
    let template = template();
    assert_eq!(
        sorted(names(&template["Parameters"])),
        sorted(GRANT_PARAMETERS.map(|(name, ..)| name))
    );
    assert_eq!(sorted(names(&template["Outputs"])), sorted(GRANT_OUTPUTS));
    assert_eq!(
        sorted(names(&template["Resources"])),
        sorted(GRANT_RESOURCES.map(|(id, _)| id))
    );
    assert_eq!(template["Outputs"]["DiscfgLayout"]["Value"], json!(LAYOUT));
    assert!(GRANT_TEMPLATE.is_ascii() && GRANT_TEMPLATE.len() < 51_200);
    for (name, parameter) in template["Parameters"].as_object().expect("parameters") {
        let required = ["Config", "Grant", "Sections"].contains(&name.as_str());
        assert_eq!(parameter.get("Default").is_none(), required, "{name}");
    }
}

#[test]
fn the_role_may_do_exactly_this() {
    let template = template();
    let reads: Vec<&str> = READ_ACTIONS
        .into_iter()
        .filter(|a| *a != "dynamodb:DescribeTable")
        .collect();
    let within = |keys: Value| json!({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": keys}, "Null": {"dynamodb:LeadingKeys": "false"}});
    let writer = |action: &str| json!({"Fn::If": ["Writes", action, no_value()]});
    assert_eq!(
        statements(&template),
        json!([
            {"Sid": "Read", "Effect": "Allow", "Action": reads, "Resource": table(),
             "Condition": within(json!({"Fn::Split": [",", {"Fn::Sub": "@config,${Sections}"}]}))},
            {"Sid": "Describe", "Effect": "Allow", "Action": "dynamodb:DescribeTable", "Resource": table()},
            {"Fn::If": ["Writes", {
                "Sid": "Write", "Effect": "Allow", "Action": WRITE_ACTIONS, "Resource": table(),
                "Condition": within(json!({"Fn::Split": [",", {"Ref": "Sections"}]})),
            }, no_value()]},
            {"Fn::If": ["HasKey", {
                "Sid": "TableAtRest", "Effect": "Allow", "Resource": {"Ref": "KmsKeyArn"},
                "Action": [
                    "kms:Decrypt", writer("kms:Encrypt"), writer("kms:GenerateDataKey*"), writer("kms:ReEncrypt*"),
                ],
                "Condition": {"StringEquals": {
                    "kms:ViaService": [
                        {"Fn::Sub": "dynamodb.${AWS::Region}.amazonaws.com"},
                        {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"},
                    ],
                    "kms:EncryptionContext:aws:dynamodb:tableName": {"Fn::Sub": "discfg-${Config}"},
                }},
            }, no_value()]},
            {"Fn::If": ["HasKey", {
                "Sid": "Secrets", "Effect": "Allow", "Resource": {"Ref": "KmsKeyArn"},
                "Action": ["kms:Decrypt", writer("kms:GenerateDataKey")],
                "Condition": {"StringEquals": {"kms:EncryptionContext:discfg:config": {"Ref": "Config"}}},
            }, no_value()]},
        ])
    );
    assert!(!GRANT_TEMPLATE.contains("dynamodb:Scan") && !GRANT_TEMPLATE.contains("dynamodb:*"));
    let conditions = &template["Conditions"];
    assert_eq!(
        conditions["Writes"],
        json!({"Fn::Equals": [{"Ref": "Access"}, "write"]})
    );
}

#[test]
fn by_an_api_the_role_may_do_exactly_this() {
    let template = template();
    let statements = |id: &str| {
        let properties = &template["Resources"][id]["Properties"];
        properties["PolicyDocument"]["Statement"].clone()
    };
    assert_eq!(
        statements("ApiReadPolicy"),
        json!([{
            "Sid": "Read", "Effect": "Allow", "Action": "execute-api:Invoke",
            "Resource": {"Fn::Split": [",", {"Ref": "ApiReads"}]},
        }])
    );
    let by = |method: &str| json!({"Fn::Join": [format!("/{method}/v1/"), {"Fn::Split": ["/GET/v1/", {"Ref": "ApiReads"}]}]});
    assert_eq!(
        statements("ApiWritePolicy"),
        json!([{
            "Sid": "Write", "Effect": "Allow", "Action": "execute-api:Invoke",
            "Resource": {"Fn::Split": [",", {"Fn::Join": [",", [by("PUT"), by("POST"), by("DELETE")]]}]},
        }])
    );
    for (id, condition) in [("ApiReadPolicy", "HasApi"), ("ApiWritePolicy", "WritesByApi")] {
        assert_eq!(template["Resources"][id]["Condition"], json!(condition));
    }
    let conditions = &template["Conditions"];
    assert_eq!(
        conditions["HasApi"],
        json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "ApiReads"}, ""]}]})
    );
    assert_eq!(
        conditions["WritesByApi"],
        json!({"Fn::And": [{"Condition": "HasApi"}, {"Condition": "Writes"}]})
    );
}

/// Whoever gives the parameter by hand may give no pattern that reaches further than a section.
#[test]
fn what_a_role_reads_by_an_api_is_given_section_by_section() {
    let template = template();
    let pattern = template["Parameters"]["ApiReads"]["AllowedPattern"].as_str();
    let pattern = Regex::new(pattern.expect("a pattern")).expect("it is one");
    let read = |section: &str| format!("{API}/GET/v1/payments/{section}/*");
    for good in [
        String::new(),
        read("db"),
        read("@root"),
        format!("{},{}", read("a.b:c_d-e"), read("@root")),
    ] {
        assert!(pattern.is_match(&good), "{good}");
    }
    for bad in [
        format!("{API}/*/v1/payments/db/*"),
        format!("{API}/PUT/v1/payments/db/*"),
        format!("{API}/GET/v1/*/db/*"),
        format!("{API}/GET/v1/payments/*"),
        format!("{API}/GET/v1/payments/db*"),
        read("*"),
        read("@config"),
        read("@datakeys"),
        read("d?"),
        format!("{},*", read("db")),
        format!("{}, {}", read("db"), read("web")),
        read("db").replace("$default", "*"),
        read("db").replace("abc123", "*"),
    ] {
        assert!(!pattern.is_match(&bad), "{bad}");
    }
}

#[test]
fn the_role_trusts_exactly_these() {
    let template = template();
    let role = &template["Resources"]["Role"]["Properties"];
    let provider =
        "arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com";
    assert_eq!(
        role["AssumeRolePolicyDocument"]["Fn::If"][2]["Statement"],
        json!([
            {"Fn::If": ["TrustsPrincipals", {
                "Sid": "ThisAccount", "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
                "Condition": {"ArnLike": {"aws:PrincipalArn": {"Fn::Split": [",", {"Ref": "Principals"}]}}},
            }, no_value()]},
            {"Fn::If": ["TrustsGitHub", {
                "Sid": "GitHub", "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": {"Fn::Sub": provider}},
                "Condition": {"StringEquals": {
                    "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                    "token.actions.githubusercontent.com:sub": {"Fn::Split": [",", {"Ref": "GitHubSubjects"}]},
                }},
            }, no_value()]},
        ])
    );
    assert_eq!(role["MaxSessionDuration"], json!(3600));
    assert_eq!(
        role["ManagedPolicyArns"],
        json!([
            {"Ref": "Policy"},
            {"Fn::If": ["HasApi", {"Ref": "ApiReadPolicy"}, no_value()]},
            {"Fn::If": ["WritesByApi", {"Ref": "ApiWritePolicy"}, no_value()]},
        ])
    );
    assert!(
        role.get("Policies").is_none(),
        "the managed policies are all that it may"
    );
    assert_eq!(
        role["PermissionsBoundary"],
        json!({"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, no_value()]})
    );
    let provider = &template["Resources"]["OidcProvider"];
    assert_eq!(provider["DeletionPolicy"], json!("RetainExceptOnCreate"));
    assert_eq!(provider["UpdateReplacePolicy"], json!("Retain"));
    assert_eq!(
        provider["Properties"],
        json!({
            "Url": {"Fn::Sub": "https://${OidcProviderIssuer}"},
            "ClientIdList": {"Ref": "OidcProviderAudiences"},
        })
    );
    assert_eq!(
        template["Resources"]["Role"]["Metadata"]["After"],
        json!({"Fn::If": ["MakesOidcProvider", {"Ref": "OidcProvider"}, no_value()]}),
        "the role waits for the provider"
    );
    let defaults = ["OidcProviderIssuer", "OidcProviderAudiences"]
        .map(|name| template["Parameters"][name]["Default"].clone());
    assert_eq!(
        defaults,
        ["token.actions.githubusercontent.com", "sts.amazonaws.com"]
    );
}

#[test]
fn the_names_are_those_that_the_code_derives() {
    let template = template();
    let (config, region) = ("payments".parse(), "eu-central-1".parse());
    let names = AwsNames::new(&config.expect("a config name"), &region.expect("a region")).expect("they fit");
    let role = names
        .grant_role(&"ci".parse().expect("a grant name"))
        .expect("it fits");
    for (id, property) in [("Role", "RoleName"), ("Policy", "ManagedPolicyName")] {
        let properties = &template["Resources"][id]["Properties"];
        let name = properties[property]["Fn::Sub"].as_str().expect("a substitution");
        let name = name
            .replace("${Config}", "payments")
            .replace("${Grant}", "ci")
            .replace("${AWS::Region}", "eu-central-1");
        assert_eq!(name, role);
        assert_eq!(properties["Path"], json!(AwsNames::ROLE_PATH));
    }
}

/// Writes out what stays open in a document, with the longest names that there are.
fn longest(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(longest).collect(),
        Value::Object(map) => {
            let only = map.iter().next().filter(|_| map.len() == 1);
            match only {
                Some((name, args)) if name == "Fn::If" => {
                    let taken = if args[0] == "MakesOidcProvider" { 2 } else { 1 };
                    longest(&args[taken])
                }
                Some((name, args)) if name == "Fn::Split" => {
                    let of_config = args[1].to_string().contains("@config");
                    json!(if of_config { vec!["@config"] } else { vec![] })
                }
                Some((name, arg)) if name == "Ref" || name == "Fn::Sub" => {
                    json!(filled(arg.as_str().expect("a text")))
                }
                _ => map
                    .iter()
                    .map(|(name, value)| (name.clone(), longest(value)))
                    .collect(),
            }
        }
        other => other.clone(),
    }
}

fn filled(text: &str) -> String {
    let config = "c".repeat(36);
    let (partition, region, account) = ("aws-us-gov", "ap-southeast-10", "123456789012");
    let key = format!(
        "arn:{partition}:kms:{region}:{account}:key/mrk-{}",
        "0".repeat(32)
    );
    match text {
        "Config" => config,
        "KmsKeyArn" => key,
        text => text
            .replace("${Config}", &config)
            .replace("${AWS::Partition}", partition)
            .replace("${AWS::Region}", region)
            .replace("${AWS::AccountId}", account)
            .replace("${AWS::URLSuffix}", "amazonaws.com.cn"),
    }
}

#[test]
fn the_policy_without_names_fits_its_frame() {
    let template = template();
    let policy = longest(&template["Resources"]["Policy"]["Properties"]["PolicyDocument"]).to_string();
    assert!(!policy.contains("${") && !policy.contains("Fn::"), "{policy}");
    assert!(policy.len() <= POLICY_FRAME, "{}", policy.len());
    assert!(policy.len() + 200 > POLICY_FRAME, "{}", policy.len());
}

#[test]
fn twenty_sections_fit() {
    let numbered = |start: &str, length: usize| {
        let start = format!("{start}{}", "n".repeat(length - 2));
        (10..30).map(move |number| format!("{start}{number}"))
    };
    let parsed = |name: String| name.parse().expect("a section");
    let sections = numbered("", 100).map(parsed);
    let spec = GrantSpec {
        scope: Some(GrantScope::new(Access::Write, sections).expect("a scope")),
        ..GrantSpec::new(
            "payments".parse().expect("a config name"),
            "ci".parse().expect("a grant name"),
        )
    };
    assert!(spec.check_size().is_ok());
}

fn administrator() -> (Account, Place) {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    (account, place)
}

mod on_aws {
    use super::*;

    #[test]
    fn template_prints_it_and_its_parameters() {
        let (_account, place) = administrator();
        place
            .args(["template", "--grant"])
            .run()
            .code(0)
            .stdout(GRANT_TEMPLATE);
        let flags = [
            "--write",
            "web",
            "--write",
            "db",
            "--github",
            "acme/shop:ref:refs/heads/main",
        ];
        let call = [&["template", "--grant", "ci", "--parameters"][..], &flags].concat();
        let parameters = place.args(call).run().code(0).json();
        let pairs = parameters.as_array().into_iter().flatten();
        let pairs: Vec<_> = pairs
            .map(|pair| (pair["ParameterKey"].as_str(), pair["ParameterValue"].as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                (Some("Config"), Some("payments")),
                (Some("Grant"), Some("ci")),
                (Some("Sections"), Some("/db,/web")),
                (Some("Access"), Some("write")),
                (Some("GitHubSubjects"), Some("repo:acme/shop:ref:refs/heads/main")),
            ]
        );
        let refused = |args: &[&str]| {
            let call = [&["template", "--parameters"], args].concat();
            place.args(call).run().code(2).stdout("")
        };
        refused(&["--grant"]).stderr_has("require its name: --grant NAME");
        refused(&["--read", "db"]).stderr_has("require --grant NAME");
        refused(&["--grant", "ci"]).stderr_has("a grant needs sections");
        refused(&["--grant", "ci", "--read", "db"]).stderr_has("a grant needs a principal");
        refused(&["--grant", "ci", "--read", "db", "--history-days", "3"]).stderr_has("for a config's stack");
    }
}
