//! The template of the bucket for code is what the code takes it for, and what the emulator doesn't show of it stands
//! here.

use discfg::stack::{CODE_OUTPUTS, CODE_PARAMETERS, CODE_RESOURCES, CODE_TEMPLATE};
use serde_json::{Value, json};

use crate::template::{names, sorted};
use support::yaml::parsed;

fn template() -> Value {
    parsed(CODE_TEMPLATE)
}

#[test]
fn parameters_outputs_and_resources_are_the_codes() {
    let template = template();
    assert_eq!(sorted(names(&template["Parameters"])), sorted(CODE_PARAMETERS));
    assert_eq!(sorted(names(&template["Outputs"])), sorted(CODE_OUTPUTS));
    assert_eq!(
        sorted(names(&template["Resources"])),
        sorted(CODE_RESOURCES.map(|(id, _)| id))
    );
    assert!(CODE_TEMPLATE.is_ascii() && CODE_TEMPLATE.len() < 51_200);
    for (name, parameter) in template["Parameters"].as_object().expect("parameters") {
        assert!(parameter.get("Default").is_some(), "{name} is never given");
    }
}

#[test]
fn the_bucket_is_kept_private_encrypted_and_versioned() {
    let template = template();
    let bucket = &template["Resources"]["Bucket"];
    for resource in ["Bucket", "BucketPolicy"] {
        let resource = &template["Resources"][resource];
        assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain");
    }
    assert_eq!(
        bucket["Properties"],
        json!({
            "BucketName": {"Fn::Sub": "discfg-code-${AWS::AccountId}-${AWS::Region}"},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true, "BlockPublicPolicy": true,
                "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
            },
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
            ]},
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {"Rules": [{
                "Id": "Leftovers", "Status": "Enabled",
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                // Versions that functions name must not expire.
            }]},
        })
    );
}

#[test]
fn what_comes_in_the_clear_or_replaces_an_object_is_refused_of_everyone() {
    let policy = &template()["Resources"]["BucketPolicy"]["Properties"];
    assert_eq!(policy["Bucket"], json!({"Ref": "Bucket"}));
    assert_eq!(
        policy["PolicyDocument"]["Statement"],
        json!([{
            "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }, {
            "Sid": "NeverReplaced", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
            "Condition": {"Null": {"s3:if-none-match": "true"}},
        }])
    );
}
