//! What a CI job or a pod has: a token of an OIDC issuer, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::account::{Account, REGION};
use super::cli::Place;

/// A place of someone who has such a token, for that role of discfg. The config is `payments`.
pub fn bearer(account: &Account, role: &str, iss: &str, sub: &str, aud: &str) -> Place {
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!(
        "{}.{}.{}",
        part(json!({"alg": "none"})),
        part(json!({"iss": iss, "sub": sub, "aud": aud})),
        URL_SAFE_NO_PAD.encode("unsigned: the emulator takes any")
    );
    let place = Place::new()
        .env("AWS_ENDPOINT_URL", account.url())
        .env("AWS_REGION", REGION)
        .env("DISCFG_CONFIG", "payments");
    let file = place.write("token", token);
    place.env("AWS_WEB_IDENTITY_TOKEN_FILE", file).env(
        "AWS_ROLE_ARN",
        format!("arn:aws:iam::{}:role/discfg/{role}", account.id()),
    )
}
