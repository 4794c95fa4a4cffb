use std::path::PathBuf;

use clap::Args;

use crate::stack::ApiSpec;

/// What a config's HTTP API is to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP API options (not with --local)")]
pub(in crate::cli) struct ApiArgs {
    /// Add an HTTP API: API Gateway and a Lambda function
    #[arg(long, conflicts_with = "no_api")]
    api: bool,
    /// Remove the HTTP API
    #[arg(long)]
    no_api: bool,
    /// Zip file with the function's code; implies --api
    ///
    /// By default, the file that is installed next to discfg.
    #[arg(long, value_name = "ZIP", conflicts_with = "no_api")]
    code: Option<PathBuf>,
    /// Let N requests wait for changes at a time; 0 turns it off
    ///
    /// Reserves N concurrent executions of the function.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000), conflicts_with = "no_api")]
    api_waits: Option<u32>,
    /// Rate limit of the API, in requests per second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "no_api")]
    api_rate: Option<u32>,
    /// Burst limit of the API, in requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "no_api")]
    api_burst: Option<u32>,
}

/// The source of the code of an API's function.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum CodeFrom {
    /// The stack's current code, if any.
    Stack,
    /// The zip file next to discfg; without one, the stack's current code.
    Shipped,
    /// This zip file.
    Zip(PathBuf),
}

impl ApiArgs {
    /// The desired state of the API, without the code.
    pub(super) fn spec(&self) -> ApiSpec {
        let makes = self.api || self.code.is_some();
        ApiSpec {
            made: if self.no_api {
                Some(false)
            } else {
                makes.then_some(true)
            },
            code: None,
            waits: self.api_waits,
            rate: self.api_rate,
            burst: self.api_burst,
        }
    }

    pub(in crate::cli) fn code(&self) -> CodeFrom {
        match &self.code {
            Some(path) => CodeFrom::Zip(path.clone()),
            None if self.api => CodeFrom::Shipped,
            None => CodeFrom::Stack,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let Self {
            api,
            no_api,
            code,
            api_waits,
            api_rate,
            api_burst,
        } = self;
        !api && !no_api && code.is_none() && api_waits.is_none() && api_rate.is_none() && api_burst.is_none()
    }
}
