use super::Failure;
use crate::aws::CertificateFault;
use crate::context::{ApiUrl, Target};
use crate::model::ErrorKind;
use crate::ops::OpsError;
use crate::store::StoreError;

/// Explains a failure of a config behind an API, where AWS roles and keys don't help.
pub(in crate::cli) fn explain(error: OpsError, target: &Target, url: &ApiUrl) -> Failure {
    let config = target.config.as_ref();
    let config = config.map_or("CONFIG", |config| config.value.as_str());
    let (cause, hints) = match &error {
        OpsError::Store(StoreError::Credentials { .. }) => (
            None,
            vec![
                "create a token on the server with `discfg serve token new`".to_owned(),
                format!("store it for this host with `discfg use {config} --engine {url} --token-file FILE`"),
            ],
        ),
        OpsError::Store(StoreError::Denied { .. }) => (
            Some(sent(target, url)),
            vec!["create a token with more access on the server with `discfg serve token new`".to_owned()],
        ),
        OpsError::Store(StoreError::Api {
            kind: ErrorKind::Denied,
            ..
        }) => (
            None,
            vec![format!(
                "if the API uses IAM authorization, sign requests with `discfg use {config} --engine {url} --sign` or \
                 DISCFG_SIGN=true"
            )],
        ),
        OpsError::Store(StoreError::ReadOnly) => (
            Some(format!("{url} serves the config read-only")),
            vec!["start the server without --as read to allow writes".to_owned()],
        ),
        OpsError::Store(of_store @ StoreError::Unavailable { .. })
            if CertificateFault::of(of_store).is_none() =>
        {
            (
                None,
                vec![format!(
                    "check that `discfg serve` runs at {}, the network and the proxy settings, then retry",
                    url.host()
                )],
            )
        }
        OpsError::Store(StoreError::NoConfig { .. }) => (
            None,
            vec![format!(
                "serve it on the server with `discfg serve {config}`, or run `discfg which` to see the API in use"
            )],
        ),
        _ => return error.into(),
    };
    let mut failure = Failure::from(error);
    failure.causes.extend(cause);
    failure.hints = hints;
    failure
}

/// Which token was sent, which decides what the caller can do.
fn sent(target: &Target, url: &ApiUrl) -> String {
    let host = url.host();
    match target.tokens.find(url) {
        Ok(Some(token)) => format!("the request used the token for {host} from {}", token.origin),
        _ => match target.tokens.withheld(url) {
            Some(withheld) => format!("no token was sent: {withheld}"),
            None => format!("no token was sent: none is stored for {host}"),
        },
    }
}
