use std::time::Duration;

use crate::aws::Meter;
use crate::context::{ApiToken, ApiUrl, Setting};
use crate::model::ConfigName;

/// How a config behind an API is reached.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Where the API is.
    pub url: ApiUrl,
    /// The config.
    pub config: ConfigName,
    /// What shows who is calling, if anything does. Nothing but `url` is ever sent it.
    pub token: Option<Setting<ApiToken>>,
    /// Why the environment's token isn't sent, where there is one for another host.
    pub withheld: Option<String>,
    /// Counts the requests.
    pub requests: Meter,
    /// How long a commit is tried.
    pub patience: Duration,
}

impl HttpOptions {
    /// How a config is reached that asks for no token: commits are tried for 30 seconds.
    pub fn new(url: ApiUrl, config: ConfigName) -> Self {
        Self {
            url,
            config,
            token: None,
            withheld: None,
            requests: Meter::default(),
            patience: Duration::from_secs(30),
        }
    }
}
