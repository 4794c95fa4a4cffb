use serde_json::json;

use super::*;

const ARN: &str = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/discfg-payments/4f1b";

/// A property of the one resource of a template that says `value`, with parameters `Text`, `List` and `Empty`.
fn resolved(value: &Value) -> Result<Option<Value>, String> {
    let template = json!({
        "Parameters": {
            "Text": {"Type": "String"},
            "List": {"Type": "CommaDelimitedList", "Default": "a, b"},
            "Empty": {"Type": "String", "Default": ""},
            "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/path"},
        },
        "Conditions": {
            "HasText": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Text"}, ""]}]},
            "HasEmpty": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Empty"}, ""]}]},
            "Both": {"Fn::And": [{"Condition": "HasText"}, {"Condition": "HasEmpty"}]},
            "Either": {"Fn::Or": [{"Condition": "HasText"}, {"Condition": "HasEmpty"}]},
            "Itself": {"Fn::Not": [{"Condition": "Itself"}]},
        },
        "Resources": {
            "It": {"Type": "A::B::C", "Properties": {"P": value, "Plain": 1}},
            "Never": {"Type": "A::B::C", "Condition": "Both"},
        },
    });
    let parameters = BTreeMap::from([("Text".to_owned(), "text".to_owned())]);
    let place = StackLocation::of(ARN).expect("a place");
    let mut made = resources(&template.to_string(), &parameters, &place).expect("JSON is YAML");
    assert!(!made.contains_key("Never"), "its condition doesn't hold");
    let mut it = made.remove("It").expect("it is made");
    assert_eq!(
        it.properties["Plain"],
        Ok(json!(1)),
        "one property can't spoil another"
    );
    it.properties
        .remove("P")
        .transpose()
        .map_err(|unclear| unclear.to_string())
}

#[test]
fn each_intrinsic_is_what_cloudformation_makes_of_it() {
    for (value, wanted) in [
        (json!({"Ref": "Text"}), json!("text")),
        (json!({"Ref": "List"}), json!(["a", "b"])),
        (json!({"Ref": "AWS::Partition"}), json!("aws-cn")),
        (json!({"Ref": "AWS::URLSuffix"}), json!("amazonaws.com.cn")),
        (json!({"Ref": "AWS::StackName"}), json!("discfg-payments")),
        (json!({"Ref": "It"}), json!("${It}")),
        (json!({"Fn::GetAtt": ["It", "Arn"]}), json!("${It.Arn}")),
        (json!({"Fn::GetAtt": "It.Arn"}), json!("${It.Arn}")),
        (
            json!({"Fn::Sub": "x-${Text}-${AWS::Region}-${It.Arn}-${!Literal}"}),
            json!("x-text-cn-north-1-${It.Arn}-${Literal}"),
        ),
        (
            json!({"Fn::Sub": ["${A}${Text}", {"A": {"Ref": "AWS::AccountId"}}]}),
            json!("123456789012text"),
        ),
        (
            json!({"Fn::Join": ["-", [{"Ref": "Text"}, "b"]]}),
            json!("text-b"),
        ),
        (json!({"Fn::Join": ["-", {"Ref": "List"}]}), json!("a-b")),
        (json!({"Fn::Split": [",", "a,b"]}), json!(["a", "b"])),
        (json!({"Fn::Select": [1, {"Ref": "List"}]}), json!("b")),
        (
            json!({"Fn::Select": ["0", {"Fn::Split": [",", "a,b"]}]}),
            json!("a"),
        ),
        (json!({"Fn::If": ["HasText", 1, 2]}), json!(1)),
        (json!({"Fn::If": ["Both", 1, 2]}), json!(2)),
        (json!({"Fn::If": ["Either", 1, 2]}), json!(1)),
        (json!([1, {"Ref": "AWS::NoValue"}, 2]), json!([1, 2])),
        (
            json!({"a": 1, "b": {"Fn::If": ["HasEmpty", 1, {"Ref": "AWS::NoValue"}]}}),
            json!({"a": 1}),
        ),
        (
            json!({"Condition": {"ArnLike": {"k": {"Ref": "List"}}}}),
            json!({"Condition": {"ArnLike": {"k": ["a", "b"]}}}),
        ),
    ] {
        assert_eq!(resolved(&value), Ok(Some(wanted)), "{value}");
    }
    assert_eq!(resolved(&json!({"Ref": "AWS::NoValue"})), Ok(None));
}

#[test]
fn what_cannot_be_told_says_why() {
    for (value, why) in [
        (
            json!({"Fn::ImportValue": "x"}),
            "Fn::ImportValue is only known when the stack is deployed",
        ),
        (
            json!({"Ref": "Stored"}),
            "the value of the parameter \"Stored\" is only known when the stack is deployed",
        ),
        (
            json!({"Ref": "Nothing"}),
            "\"Nothing\" is neither a parameter nor a resource",
        ),
        (
            json!({"Fn::If": ["Nothing", 1, 2]}),
            "condition \"Nothing\" not found",
        ),
        (
            json!({"Fn::If": ["Itself", 1, 2]}),
            "the condition \"Itself\" depends on itself",
        ),
        (
            json!({"Fn::Select": [9, {"Ref": "List"}]}),
            "invalid arguments of Fn::Select",
        ),
        (json!({"Fn::Sub": "${Text"}), "unterminated name in Fn::Sub"),
        (json!({"Fn::Sub": "${List}"}), "expected a string"),
        (
            json!({"Ref": "AWS::NotificationARNs"}),
            "\"AWS::NotificationARNs\" is neither a parameter nor a resource",
        ),
    ] {
        assert_eq!(resolved(&value), Err(why.to_owned()), "{value}");
    }
}

#[test]
fn what_is_no_template_is_no_panic() {
    let place = StackLocation::of(ARN).expect("a place");
    for text in [
        "",
        "a: [",
        "- 1",
        "Resources: 1",
        "x: &a [*a]",
        "Resources: {A: {Type: X, Properties: {B: !Odd {}}}}",
    ] {
        let _ = resources(text, &BTreeMap::new(), &place);
    }
    assert!(StackLocation::of("nothing").is_err());
}

#[test]
fn all_of_our_own_template_resolves() {
    let parameters = BTreeMap::from([("Config".to_owned(), "payments".to_owned())]);
    let place = StackLocation::of(ARN).expect("a place");
    let made = resources(
        crate::stack::template::config_template::TEMPLATE,
        &parameters,
        &place,
    )
    .expect("it resolves");
    for (id, resource) in made {
        for (property, value) in resource.properties {
            assert!(value.is_ok(), "{id}.{property}: {value:?}");
        }
    }
}

/// Why a property can't be told, as the review of a change says it.
#[test]
fn what_is_unclear_says_why() {
    let values = [
        json!({"Fn::ImportValue": "other"}),
        json!({"Fn::Sub": "${Text"}),
        json!({"Fn::Sub": []}),
        json!({"Ref": "Nobody"}),
        json!({"Ref": "Stored"}),
        json!({"Fn::If": ["Never", 1, 2]}),
        json!({"Fn::If": ["Itself", 1, 2]}),
        json!({"Fn::If": ["HasText"]}),
        json!({"Fn::Join": [",", "Text"]}),
        json!({"Fn::Join": [",", [1.5, {"a": 1}]]}),
        json!({"Fn::Select": [9, {"Ref": "List"}]}),
    ];
    let texts = values.map(|value| {
        let unclear = resolved(&value).expect_err("it is unclear");
        format!("## {value}\n{unclear}\n")
    });
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/errors"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("unclear", texts.join("\n")));
}
