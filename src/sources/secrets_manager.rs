//! AWS Secrets Manager
//! (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html>).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::service::{Service, SourceReader};
use super::{SecretGlob, SourceError};
use crate::aws::{Aws, Failed};
use crate::model::ForeignValue;

const SERVICE: Service = Service {
    id: "Secrets Manager",
    host: "secretsmanager",
    name: "secretsmanager",
    target: "secretsmanager",
};
const LIST: &str = "secretsmanager:ListSecrets";
const BATCH: &str = "secretsmanager:BatchGetSecretValue";
const GET: &str = "secretsmanager:GetSecretValue";
/// The most names and values of a response.
const NAMES: usize = 100;
const VALUES: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamesPage {
    #[serde(default)]
    secret_list: Vec<ListedSecret>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedSecret {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ValuesPage {
    #[serde(default)]
    secret_values: Vec<SecretValue>,
    #[serde(default)]
    errors: Vec<ValueRefusal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    name: String,
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ValueRefusal {
    secret_id: Option<String>,
    error_code: Option<String>,
    message: Option<String>,
}

/// Reads the current values of the secrets whose names match. Takes a request for each 100 names that begin as the glob does,
/// none for a name without wildcards, and one for each 20 values.
pub(crate) async fn read_secrets(aws: &Aws, glob: &SecretGlob) -> Result<Vec<ForeignValue>, SourceError> {
    let place = match glob.name() {
        Some(name) => format!("the secret {name}"),
        None => "AWS Secrets Manager".into(),
    };
    let mut reader = SourceReader::new(SERVICE, place, aws);
    let names = match glob.name() {
        Some(name) => vec![name.to_owned()],
        None => list(&reader, glob).await?,
    };
    let mut found = Vec::new();
    for names in names.chunks(VALUES) {
        let input = json!({ "SecretIdList": names });
        let page: ValuesPage = reader.call("BatchGetSecretValue", BATCH, &input).await?;
        if let Some(refused) = page.errors.into_iter().next() {
            // The exact name that was given and doesn't exist: a source without keys.
            if refused.error_code.as_deref() == Some("ResourceNotFoundException") && glob.name().is_some() {
                return Ok(Vec::new());
            }
            let id = refused.secret_id.unwrap_or_default();
            let message = refused.message.unwrap_or_default();
            let message = format!("{id}: {message}");
            let failed = Failed::answered(400, refused.error_code, message);
            return Err(reader.failed(GET, failed));
        }
        for value in page.secret_values {
            let bytes = match (value.secret_string, value.secret_binary) {
                (Some(text), _) => text.into_bytes(),
                (None, Some(base64)) => BASE64_STANDARD
                    .decode(base64)
                    .map_err(|_| reader.unexpected(BATCH))?,
                (None, None) => return Err(reader.unexpected(BATCH)),
            };
            reader.count(1, bytes.len())?;
            found.push(ForeignValue {
                name: value.name,
                bytes,
                secret: true,
            });
        }
    }
    Ok(found)
}

async fn list(reader: &SourceReader, glob: &SecretGlob) -> Result<Vec<String>, SourceError> {
    let (mut names, mut next) = (Vec::new(), None);
    loop {
        let mut input = json!({ "MaxResults": NAMES });
        if !glob.start().is_empty() {
            // It matches beginnings of names.
            input["Filters"] = json!([{ "Key": "name", "Values": [glob.start()] }]);
        }
        if let Some(token) = &next {
            input["NextToken"] = json!(token);
        }
        let page: NamesPage = reader.call("ListSecrets", LIST, &input).await?;
        let listed = page.secret_list.into_iter().map(|secret| secret.name);
        names.extend(listed.filter(|name| glob.matches(name)));
        let token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(names);
        }
        if token == next {
            return Err(reader.unexpected(LIST));
        }
        next = token;
    }
}
