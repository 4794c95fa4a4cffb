//! AWS Systems Manager Parameter Store
//! (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html>).

use serde::Deserialize;
use serde_json::json;

use super::SourceError;
use super::service::{Service, SourceReader};
use crate::aws::Aws;
use crate::model::ForeignValue;

const SERVICE: Service = Service {
    id: "SSM",
    host: "ssm",
    name: "ssm",
    target: "AmazonSSM",
};
const ACTION: &str = "ssm:GetParametersByPath";
/// The most parameters of a response.
const PAGE: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ParametersPage {
    #[serde(default)]
    parameters: Vec<StoredParameter>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StoredParameter {
    name: String,
    r#type: String,
    value: String,
}

/// Reads the parameters below a path, by names relative to it. A `SecureString` is a secret. Takes a request for each 10 of
/// them.
pub(crate) async fn read_parameters(aws: &Aws, path: &str) -> Result<Vec<ForeignValue>, SourceError> {
    let mut reader = SourceReader::new(SERVICE, format!("ssm:{path}"), aws);
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let mut input = json!({
            "Path": path,
            "Recursive": true,
            "WithDecryption": true,
            "MaxResults": PAGE,
        });
        if let Some(token) = &next {
            input["NextToken"] = json!(token);
        }
        let page: ParametersPage = reader.call("GetParametersByPath", ACTION, &input).await?;
        let bytes = page
            .parameters
            .iter()
            .map(|parameter| parameter.value.len())
            .sum();
        reader.count(page.parameters.len(), bytes)?;
        found.extend(page.parameters.into_iter().map(|parameter| ForeignValue {
            name: relative(path, &parameter.name).to_owned(),
            bytes: parameter.value.into_bytes(),
            secret: parameter.r#type == "SecureString",
        }));
        let token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
        if token == next {
            return Err(reader.unexpected(ACTION));
        }
        next = token;
    }
}

fn relative<'n>(path: &str, name: &'n str) -> &'n str {
    let path = path.trim_end_matches('/');
    let below = name.strip_prefix(path).and_then(|name| name.strip_prefix('/'));
    below.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn names_are_relative_to_the_path() {
        for (path, name, wanted) in [
            ("/prod/", "/prod/db/url", "db/url"),
            ("/prod", "/prod/db", "db"),
            ("/", "/db/url", "db/url"),
            ("/", "bare", "bare"),
        ] {
            assert_eq!(relative(path, name), wanted);
        }
    }
}
