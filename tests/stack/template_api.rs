//! The API's part of the template, where the emulator doesn't show it.

use discfg::stack::{FUNCTION_ACTIONS, KEY_WRITE_ACTIONS, WRITE_METHODS};
use serde_json::{Value, json};

use crate::template::{at_rest, statement, template};

/// The emulator keeps no account of concurrency, log retention or throttling.
#[test]
fn the_api_asks_iam_logs_no_values_and_is_bounded() {
    let template = template();
    let of = |id: &str| template["Resources"][id]["Properties"].clone();
    for method in WRITE_METHODS {
        let name = format!("{}{}Route", &method[..1], method[1..].to_lowercase());
        let route = of(&name);
        assert_eq!(route["AuthorizationType"], json!("AWS_IAM"), "{name}");
        assert_eq!(
            route["RouteKey"],
            json!({"Fn::Sub": format!("{method} /v1/${{Config}}/{{path+}}")}),
            "{name}"
        );
    }
    let routes = template["Resources"].as_object().expect("resources").values();
    let routes = routes.filter(|resource| resource["Type"] == "AWS::ApiGatewayV2::Route");
    assert_eq!(routes.count(), WRITE_METHODS.len());

    let stage = of("Stage");
    assert_eq!(
        stage["StageName"],
        json!("$default"),
        "no stage's name is a part of the paths"
    );
    let limits = &stage["DefaultRouteSettings"];
    assert_eq!(limits["ThrottlingRateLimit"], json!({"Ref": "ApiRate"}));
    assert_eq!(limits["ThrottlingBurstLimit"], json!({"Ref": "ApiBurst"}));
    let log = stage["AccessLogSettings"]["Format"].as_str().expect("a format");
    let log: Value = serde_json::from_str(log).expect("a line of the log is JSON");
    assert_eq!(log["path"], json!("$context.path"));
    assert_eq!(log["by"], json!("$context.identity.userArn"));
    assert!(!log.to_string().contains("querystring") && !log.to_string().contains("body"));
    for group in ["FunctionLogs", "ApiLogs"] {
        assert_eq!(of(group)["RetentionInDays"], json!(30), "{group}");
    }

    let function = of("Function");
    let integration = &template["Resources"]["Integration"];
    assert_eq!(
        integration["DependsOn"],
        json!("Function"),
        "it names it, which awaits nothing"
    );
    let named = integration["Properties"]["IntegrationUri"]["Fn::Sub"].as_str();
    let name = function["FunctionName"]["Fn::Sub"].as_str().expect("a name");
    assert!(
        named.is_some_and(|named| named.ends_with(&format!(":function:{name}"))),
        "{named:?}"
    );
    assert_eq!(
        function["Code"],
        json!({
            "S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}, "S3ObjectVersion": {"Ref": "CodeVersion"},
        }),
        "a key alone is whatever was put there last"
    );
    assert_eq!(function["Runtime"], json!("provided.al2023"));
    assert_eq!(function["Architectures"], json!([{"Ref": "CodeArchitecture"}]));
    assert_eq!(
        function["ReservedConcurrentExecutions"],
        json!({"Fn::If": ["LetsWait", {"Ref": "ApiWaits"}, {"Ref": "AWS::NoValue"}]})
    );
    let role = of("FunctionRole");
    let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_array();
    let statements = statements.expect("statements");
    assert_eq!(statements[0], statement("ReadAndWrite", &FUNCTION_ACTIONS));
    assert_eq!(
        statements[1],
        at_rest(&KEY_WRITE_ACTIONS),
        "no secrets: they pass as they are"
    );
    assert_eq!(
        statements[2]["Resource"],
        json!({"Fn::GetAtt": ["FunctionLogs", "Arn"]})
    );
    assert_eq!(
        (role["Policies"].as_array().map(Vec::len), statements.len()),
        (Some(1), 3)
    );
    assert!(role.get("ManagedPolicyArns").is_none());
}
