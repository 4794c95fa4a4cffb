//! A config's KMS key, in an emulator that knows none of KMS's condition keys.

use serde_json::json;

use super::account::{Account, REGION, xml_text};

/// The emulator knows no condition keys of KMS, so it lets nobody but root through the deployed statements, and asks
/// for the right on the alias where AWS asks for it on the key. Both policies are put anew without conditions.
pub fn without_conditions(account: &Account, config: &str, key: &str) {
    let root = format!("arn:aws:iam::{}:root", account.id());
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
    ]});
    let put = json!({"KeyId": key, "PolicyName": "default", "Policy": policy.to_string()});
    account.kms("PutKeyPolicy", &put);
    for (access, action) in [("read", "kms:Decrypt"), ("write", "kms:*")] {
        let arn = format!(
            "arn:aws:iam::{}:policy/discfg/discfg-{config}-{REGION}-{access}",
            account.id()
        );
        let policy = account.iam("GetPolicy", &[("PolicyArn", &arn)]);
        let version = xml_text(&policy, "DefaultVersionId");
        let deployed = account.iam("GetPolicyVersion", &[("PolicyArn", &arn), ("VersionId", version)]);
        assert!(deployed.contains("EncryptionContext"), "{deployed}");
        let alias = format!("arn:aws:kms:{REGION}:{}:alias/discfg-{config}", account.id());
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
            {"Effect": "Allow", "Action": action, "Resource": [key, alias]},
        ]});
        let parameters = [
            ("PolicyArn", arn.as_str()),
            ("PolicyDocument", &policy.to_string()),
            ("SetAsDefault", "true"),
        ];
        account.iam("CreatePolicyVersion", &parameters);
    }
}
