//! AWS AppConfig, by its data plane
//! (<https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_GetLatestConfiguration.html>).

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;

use super::service::{Service, SourceReader};
use super::{AppConfigProfile, RemoteSource, SourceError};
use crate::aws::Aws;

const SERVICE: Service = Service {
    id: "AppConfigData",
    host: "appconfigdata",
    name: "appconfig",
    target: "",
};
const START: &str = "appconfig:StartConfigurationSession";
const GET: &str = "appconfig:GetLatestConfiguration";

/// A configuration as it is deployed.
#[derive(Debug)]
pub(crate) struct AppConfigContent {
    /// The bytes; empty where nothing is deployed.
    pub(crate) bytes: Vec<u8>,
    /// Its media type, without parameters.
    pub(crate) content_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigurationSession {
    initial_configuration_token: String,
}

/// Reads the latest deployed configuration of a profile, in two requests.
pub(crate) async fn read_app_config(
    aws: &Aws,
    profile: &AppConfigProfile,
) -> Result<AppConfigContent, SourceError> {
    let place = RemoteSource::AppConfig(profile.clone()).to_string();
    let mut reader = SourceReader::new(SERVICE, place, aws);
    let input = json!({
        "ApplicationIdentifier": profile.application,
        "EnvironmentIdentifier": profile.environment,
        "ConfigurationProfileIdentifier": profile.profile,
    });
    let headers = vec![("content-type", "application/json".into())];
    let answer = reader
        .send(
            "StartConfigurationSession",
            START,
            "POST",
            "/configurationsessions",
            headers,
            Some(&input),
        )
        .await?;
    let session: ConfigurationSession = reader.parsed(START, &answer)?;
    let token = utf8_percent_encode(&session.initial_configuration_token, NON_ALPHANUMERIC);
    let path = format!("/configuration?configuration_token={token}");
    let answer = reader
        .send("GetLatestConfiguration", GET, "GET", &path, Vec::new(), None)
        .await?;
    reader.count(1, answer.body.len())?;
    let media_type = |whole: String| {
        let bare = whole.split(';').next().unwrap_or_default();
        bare.trim().to_ascii_lowercase()
    };
    Ok(AppConfigContent {
        bytes: answer.body,
        content_type: answer.content_type.map(media_type),
    })
}
