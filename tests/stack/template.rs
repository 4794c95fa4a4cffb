//! The template is what the code takes it for: its parameters, outputs, names and actions are the code's constants,
//! and what the emulator doesn't show of it stands here.

use discfg::model::{Access, AwsNames};
use discfg::stack::{
    GRANT_TEMPLATE, KEY_READ_ACTIONS, KEY_WRITE_ACTIONS, LAYOUT, Output, Parameter, READ_ACTIONS,
    READ_METHODS, RESOURCES, SECRET_READ_ACTIONS, SECRET_WRITE_ACTIONS, TEMPLATE, WRITE_ACTIONS,
    WRITE_METHODS,
};
use serde_json::{Value, json};

use support::yaml::parsed;

pub(crate) fn template() -> Value {
    parsed(TEMPLATE)
}

pub(crate) fn names(of: &Value) -> Vec<&str> {
    of.as_object()
        .expect("a mapping")
        .keys()
        .map(String::as_str)
        .collect()
}

pub(crate) fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable();
    names
}

fn table_arn() -> Value {
    json!({"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/discfg-${Config}"})
}

/// A statement that is there with a KMS key, about every key that secrets may be encrypted with.
fn about_key(sid: &str, actions: &[&str], condition: &Value) -> Value {
    json!({"Fn::If": ["HasKey", {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": [
            {"Fn::If": ["MakesKey", {"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "AWS::NoValue"}]},
            {"Fn::If": ["TakesKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]},
        ],
        "Condition": {"StringEquals": condition},
    }, {"Ref": "AWS::NoValue"}]})
}

fn via_dynamodb() -> Value {
    json!([
        {"Fn::Sub": "dynamodb.${AWS::Region}.amazonaws.com"},
        {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"},
    ])
}

pub(crate) fn at_rest(actions: &[&str]) -> Value {
    let condition = json!({
        "kms:ViaService": via_dynamodb(),
        "kms:EncryptionContext:aws:dynamodb:tableName": {"Fn::Sub": "discfg-${Config}"},
    });
    about_key("TableAtRest", actions, &condition)
}

fn secrets(actions: &[&str]) -> Value {
    about_key(
        "Secrets",
        actions,
        &json!({"kms:EncryptionContext:discfg:config": {"Ref": "Config"}}),
    )
}

/// The calls of the API with that method.
fn call(method: &str) -> Value {
    let path = format!("${{Api}}/$default/{method}/v1/${{Config}}/*");
    json!({"Fn::Sub": format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:{path}")})
}

fn invoke(calls: &Value) -> Value {
    json!({"Fn::If": ["HasApi", {
        "Sid": "Invoke", "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": calls,
    }, {"Ref": "AWS::NoValue"}]})
}

pub(crate) fn statement(sid: &str, actions: &[&str]) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": table_arn()})
}

#[test]
fn parameters_outputs_and_resources_are_the_codes() {
    let template = template();
    assert_eq!(
        sorted(names(&template["Parameters"])),
        sorted(Parameter::ALL.map(Parameter::name))
    );
    assert_eq!(
        sorted(names(&template["Outputs"])),
        sorted(Output::ALL.map(Output::name))
    );
    assert_eq!(
        sorted(names(&template["Resources"])),
        sorted(RESOURCES.map(|(id, _)| id))
    );
    assert_eq!(template["Outputs"]["DiscfgLayout"]["Value"], json!(LAYOUT));
}

#[test]
fn every_parameter_but_the_config_has_a_default() {
    let template = template();
    for (name, parameter) in template["Parameters"].as_object().expect("parameters") {
        assert_eq!(parameter.get("Default").is_none(), name == "Config", "{name}");
    }
    for anyone in ["Readers", "Writers"] {
        assert_eq!(template["Parameters"][anyone]["Default"], json!("arn:*:*:*:*:*"));
    }
    assert_eq!(
        template["Parameters"]["HistoryDays"]["Default"],
        json!(discfg::model::HistoryDays::DEFAULT.get())
    );
}

/// `GetTemplate` gives other characters back as question marks, and 51,200 bytes are the most that a request takes
/// (CloudFormation quotas, "Template body size in a request").
#[test]
fn the_template_is_ascii_and_fits_a_request() {
    assert!(TEMPLATE.is_ascii());
    assert!(TEMPLATE.len() < 51_200, "{}", TEMPLATE.len());
}

#[test]
fn the_table_is_kept_protected_and_recoverable() {
    let table = &template()["Resources"]["Table"];
    assert_eq!(table["DeletionPolicy"], json!("RetainExceptOnCreate"));
    assert_eq!(table["UpdateReplacePolicy"], json!("Retain"));
    let properties = &table["Properties"];
    assert_eq!(properties["TableName"], json!({"Fn::Sub": "discfg-${Config}"}));
    assert_eq!(properties["DeletionProtectionEnabled"], json!(true));
    assert_eq!(
        properties["PointInTimeRecoverySpecification"],
        json!({"PointInTimeRecoveryEnabled": true})
    );
    assert_eq!(
        properties["TimeToLiveSpecification"],
        json!({"AttributeName": "expires_at", "Enabled": true})
    );
    assert_eq!(
        properties["KeySchema"],
        json!([{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
    );
    assert_eq!(
        properties["AttributeDefinitions"],
        json!([{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}])
    );
    assert_eq!(properties["BillingMode"], json!({"Ref": "BillingMode"}));
    assert!(properties.get("GlobalSecondaryIndexes").is_none());
}

#[test]
fn the_table_is_made_last() {
    let template = template();
    let table = &template["Resources"]["Table"];
    let depends = table["DependsOn"].as_array().expect("a list").iter();
    let mut before: Vec<&str> = depends.filter_map(Value::as_str).collect();
    let after = &table["Metadata"]["AfterApi"]["Fn::If"];
    assert_eq!(after[0], json!("HasApi"));
    let awaited = after[1].as_array().expect("a list").iter();
    before.extend(awaited.filter_map(|awaited| awaited["Ref"].as_str()));
    // These are waited for by what is waited for, such as the function by its permission.
    let resources = &template["Resources"];
    for (later, earlier) in [
        ("Invocation", "Function"),
        ("Function", "FunctionRole"),
        ("Function", "FunctionLogs"),
        ("GetRoute", "Integration"),
        ("Stage", "Api"),
        ("Stage", "ApiLogs"),
    ] {
        let later = resources[later]["Properties"].to_string();
        let by = [
            format!(r#"{{"Ref":"{earlier}"}}"#),
            format!(r#"{{"Fn::GetAtt":["{earlier}","Arn"]}}"#),
            format!("${{{earlier}}}"),
        ];
        before.extend(by.iter().any(|by| later.contains(by)).then_some(earlier));
    }
    // What isn't always there can't be depended on by name, but by a reference.
    let properties = table["Properties"].to_string();
    before.extend(
        properties
            .contains(r#"{"Fn::GetAtt":["Key","Arn"]}"#)
            .then_some("Key"),
    );
    before.extend(properties.contains(r#"{"Ref":"KeyAlias"}"#).then_some("KeyAlias"));
    before.push("Table");
    assert_eq!(sorted(before), sorted(names(&template["Resources"])));
    for (name, resource) in template["Resources"].as_object().expect("resources") {
        assert!(
            name == "Table" || !resource.to_string().contains(r#""Table""#),
            "{name} waits for the table"
        );
    }
}

/// What differs would be a change of the table by the update that follows, or refused.
#[test]
fn the_import_takes_the_table_in_as_the_template_has_it() {
    let import = parsed(include_str!("../../infra/import.yaml"));
    let resources = import["Resources"].as_object().expect("resources");
    assert_eq!(resources.keys().collect::<Vec<_>>(), ["Table"]);
    assert!(import.get("Outputs").is_none());
    let whole = template()["Resources"]["Table"].clone();
    for attribute in ["Type", "DeletionPolicy", "UpdateReplacePolicy"] {
        assert_eq!(import["Resources"]["Table"][attribute], whole[attribute]);
    }
    let mut expected = whole["Properties"].clone();
    // The update sets them: an import may not.
    expected.as_object_mut().expect("properties").remove("Tags");
    // There is no key of the stack's own yet.
    expected["SSESpecification"]["Fn::If"][1]["KMSMasterKeyId"] = json!({"Ref": "KmsKeyArn"});
    assert_eq!(import["Resources"]["Table"]["Properties"], expected);
    let marks = import["Parameters"]["Adopt"].clone();
    assert_eq!(
        (&marks["Default"], &marks["AllowedValues"]),
        (&json!("true"), &json!(["true"]))
    );
    for (name, parameter) in import["Parameters"].as_object().expect("parameters") {
        let here = &template()["Parameters"][name];
        assert_eq!(here.is_null(), name == "Adopt", "{name}");
        for rule in [
            "Type",
            "AllowedPattern",
            "AllowedValues",
            "MinValue",
            "MaxValue",
            "MaxLength",
        ] {
            assert!(
                name == "Adopt" || here.get(rule) == parameter.get(rule),
                "{name}: {rule}"
            );
        }
    }
}

#[test]
fn the_roles_may_do_exactly_this() {
    let template = template();
    let document = |policy: &str| template["Resources"][policy]["Properties"]["PolicyDocument"].clone();
    assert_eq!(
        document("ReadPolicy"),
        json!({
            "Version": "2012-10-17",
            "Statement": [
                statement("Read", &READ_ACTIONS),
                at_rest(&KEY_READ_ACTIONS),
                secrets(&SECRET_READ_ACTIONS),
                invoke(&json!(call(READ_METHODS[0]))),
            ],
        })
    );
    assert_eq!(
        document("WritePolicy"),
        json!({
            "Version": "2012-10-17",
            "Statement": [
                statement("Read", &READ_ACTIONS),
                statement("Write", &WRITE_ACTIONS),
                at_rest(&KEY_WRITE_ACTIONS),
                secrets(&SECRET_WRITE_ACTIONS),
                invoke(&json!(WRITE_METHODS.map(call))),
            ],
        })
    );
    for (role, policy) in [("ReadRole", "ReadPolicy"), ("WriteRole", "WritePolicy")] {
        let properties = &template["Resources"][role]["Properties"];
        assert_eq!(properties["ManagedPolicyArns"], json!([{"Ref": policy}]));
        assert!(
            properties.get("Policies").is_none(),
            "the managed policy is all that it may"
        );
        assert_eq!(properties["MaxSessionDuration"], json!(3600));
        assert_eq!(
            properties["PermissionsBoundary"],
            json!({"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]})
        );
    }
    assert!(!TEMPLATE.contains("dynamodb:Scan") && !TEMPLATE.contains("dynamodb:*"));
}

/// The emulator drops the table's encryption and knows no condition keys of KMS: what they are stands here.
#[test]
fn the_key_is_kept_and_used_only_for_what_it_is_for() {
    let template = template();
    let key = &template["Resources"]["Key"];
    assert_eq!(key["Condition"], json!("MakesKey"));
    assert_eq!(key["DeletionPolicy"], json!("RetainExceptOnCreate"));
    assert_eq!(key["UpdateReplacePolicy"], json!("Retain"));
    assert_eq!(key["Properties"]["EnableKeyRotation"], json!(true));
    assert_eq!(
        key["Properties"]["Tags"],
        json!([{"Key": "discfg:config", "Value": {"Ref": "Config"}}]),
        "what a deployer may administer"
    );
    let root = json!({"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}});
    let statements = key["Properties"]["KeyPolicy"]["Statement"].as_array();
    let statements = statements.expect("a list");
    let conditions: Vec<_> = statements
        .iter()
        .map(|statement| (&statement["Sid"], &statement["Condition"]))
        .collect();
    assert_eq!(
        conditions,
        [
            (&json!("Administration"), &Value::Null),
            (
                &json!("TableAtRest"),
                &json!({"StringEquals": {"kms:ViaService": via_dynamodb()}})
            ),
            (
                &json!("Secrets"),
                &json!({"StringEquals": {"kms:EncryptionContext:discfg:config": {"Ref": "Config"}}})
            ),
        ]
    );
    assert!(statements.iter().all(|statement| statement["Principal"] == root));
    // Unconditioned there is nothing that would read anything.
    let administration = statements[0]["Action"].as_array().expect("a list");
    for action in administration.iter().filter_map(Value::as_str) {
        let uses = [
            "kms:*",
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:Generate",
            "kms:ReEncrypt",
            "kms:CreateGrant",
        ];
        assert!(!uses.iter().any(|used| action.starts_with(used)), "{action}");
    }
    let in_use = json!({"Fn::If": ["TakesKey", {"Ref": "KmsKeyArn"}, {"Fn::GetAtt": ["Key", "Arn"]}]});
    assert_eq!(
        template["Resources"]["Table"]["Properties"]["SSESpecification"],
        json!({"Fn::If": [
            "HasKey",
            {"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": in_use},
            {"Ref": "AWS::NoValue"},
        ]})
    );
    let alias = &template["Resources"]["KeyAlias"];
    assert_eq!(alias["Condition"], json!("HasKey"));
    assert_eq!(alias["Properties"]["TargetKeyId"], in_use);
    let config: discfg::model::ConfigName = "payments".parse().expect("a config name");
    let name = alias["Properties"]["AliasName"]["Fn::Sub"].as_str();
    assert_eq!(
        name.expect("a substitution").replace("${Config}", "payments"),
        config.key_alias()
    );
    assert_eq!(template["Outputs"]["KmsKeyArn"]["Value"], in_use);
    assert_eq!(
        template["Conditions"]["HasKey"],
        json!({"Fn::Or": [{"Condition": "MakesKey"}, {"Condition": "TakesKey"}]})
    );
}

fn trust_of(principals: &str) -> Vec<Value> {
    vec![
        json!({
            "Sid": "ThisAccount",
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"ArnLike": {"aws:PrincipalArn": {"Ref": principals}}},
        }),
        json!({"Fn::If": ["TrustsOtherAccounts", {
            "Sid": "OtherAccounts",
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::Split": [",", {"Ref": "AccountIds"}]}},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "ArnLike": {"aws:PrincipalArn": {"Ref": principals}},
                "StringEquals": {
                    "aws:PrincipalOrgID": {"Fn::If": ["HasOrgId", {"Ref": "OrgId"}, {"Ref": "AWS::NoValue"}]},
                    "sts:ExternalId":
                        {"Fn::If": ["HasExternalId", {"Ref": "ExternalId"}, {"Ref": "AWS::NoValue"}]},
                },
            },
        }, {"Ref": "AWS::NoValue"}]}),
    ]
}

#[test]
fn the_roles_trust_exactly_these() {
    let template = template();
    let trust = |role: &str| template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"].clone();
    let mut readers = trust_of("Readers");
    readers.push(json!({"Fn::If": ["TrustsGitHub", {
        "Sid": "GitHub",
        "Effect": "Allow",
        "Principal": {"Federated": {"Fn::Sub":
            "arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com"}},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {"Fn::Split": [",", {"Ref": "GitHubSubjects"}]},
        }},
    }, {"Ref": "AWS::NoValue"}]}));
    let of_readers = trust("ReadRole");
    assert_eq!(of_readers["Fn::If"][0], json!("TrustsOidc"));
    assert_eq!(
        of_readers["Fn::If"][2],
        json!({"Version": "2012-10-17", "Statement": readers})
    );
    let with_oidc = of_readers["Fn::If"][1].to_string();
    for sid in [
        "ThisAccount",
        "OtherAccounts",
        "GitHub",
        "FirstOidc",
        "SecondOidc",
        "ThirdOidc",
    ] {
        assert_eq!(
            with_oidc.matches(&format!(r#"\"Sid\":\"{sid}\""#)).count(),
            1,
            "{sid}"
        );
    }
    assert_eq!(
        trust("WriteRole"),
        json!({"Version": "2012-10-17", "Statement": trust_of("Writers")})
    );
}

/// Whoever may pass tags on to a session of a role chooses them.
#[test]
fn nothing_depends_on_the_tags_of_a_session() {
    for template in [TEMPLATE, GRANT_TEMPLATE] {
        for key in [
            "aws:PrincipalTag",
            "aws:RequestTag",
            "aws:TagKeys",
            "sts:TransitiveTagKeys",
        ] {
            assert!(!template.contains(key), "{key}");
        }
    }
}

/// An account without an organization or an external id would trust whoever gets a principal there.
#[test]
fn other_accounts_are_never_trusted_without_a_bound() {
    let condition = &template()["Conditions"]["TrustsOtherAccounts"]["Fn::And"];
    assert_eq!(
        condition[1],
        json!({"Fn::Or": [{"Condition": "HasOrgId"}, {"Condition": "HasExternalId"}]})
    );
}

#[test]
fn the_names_are_those_that_the_code_derives() {
    let template = template();
    let names = AwsNames::new(
        &"payments".parse().expect("a config name"),
        &"eu-central-1".parse().expect("a region"),
    )
    .expect("they fit");
    let filled = |value: &Value| {
        value["Fn::Sub"]
            .as_str()
            .expect("a substitution")
            .replace("${Config}", "payments")
            .replace("${AWS::Region}", "eu-central-1")
    };
    for (role, policy, access) in [
        ("ReadRole", "ReadPolicy", Access::Read),
        ("WriteRole", "WritePolicy", Access::Write),
    ] {
        let role = &template["Resources"][role]["Properties"];
        let policy = &template["Resources"][policy]["Properties"];
        assert_eq!(filled(&role["RoleName"]), names.role(access));
        assert_eq!(filled(&policy["ManagedPolicyName"]), names.role(access));
        assert_eq!(role["Path"], json!(AwsNames::ROLE_PATH));
        assert_eq!(policy["Path"], json!(AwsNames::ROLE_PATH));
    }
}
