use super::Failure;
use crate::aws::CertificateFault;
use crate::context::{ApiUrl, Target};
use crate::model::ErrorKind;
use crate::ops::OpsError;
use crate::store::StoreError;

/// What a config behind an API failed at, with what mends it there: no role and no key of AWS does.
pub(in crate::cli) fn explain(error: OpsError, target: &Target, url: &ApiUrl) -> Failure {
    let config = target.config.as_ref();
    let config = config.map_or("CONFIG", |config| config.value.as_str());
    let (cause, hints) = match &error {
        OpsError::Store(StoreError::Credentials { .. }) => (
            None,
            vec![
                "`discfg serve token new` makes one, where the server runs".to_owned(),
                format!(
                    "`discfg use {config} --engine {url} --token-file FILE` keeps it here, for this host alone"
                ),
            ],
        ),
        OpsError::Store(StoreError::Denied { .. }) => (
            Some(sent(target, url)),
            vec![
                "`discfg serve token new`, where the server runs, makes a token that may do more".to_owned(),
            ],
        ),
        OpsError::Store(StoreError::Api {
            kind: ErrorKind::Denied,
            ..
        }) => (
            None,
            vec![format!(
                "where API Gateway and IAM stand before it, `discfg use {config} --engine {url} --sign` has requests \
                 signed, and so does DISCFG_SIGN=true"
            )],
        ),
        OpsError::Store(StoreError::ReadOnly) => (
            Some(format!("{url} serves the config for reading alone")),
            vec!["a server that was started without `--as read` takes writes".to_owned()],
        ),
        OpsError::Store(of_store @ StoreError::Unavailable { .. })
            if CertificateFault::of(of_store).is_none() =>
        {
            (
                None,
                vec![format!(
                    "check that `discfg serve` runs at {}, the network and a proxy, then try again",
                    url.host()
                )],
            )
        }
        OpsError::Store(StoreError::NoConfig { .. }) => (
            None,
            vec![format!(
                "`discfg serve {config}` serves it, where it lives; `discfg which` shows what is asked"
            )],
        ),
        _ => return error.into(),
    };
    let mut failure = Failure::from(error);
    failure.causes.extend(cause);
    failure.hints = hints;
    failure
}

/// With whose word the request went, which is what decides.
fn sent(target: &Target, url: &ApiUrl) -> String {
    let host = url.host();
    match target.tokens.find(url) {
        Ok(Some(token)) => format!("the token for {host} from {} was sent", token.origin),
        _ => match target.tokens.withheld(url) {
            Some(withheld) => format!("no token was sent: {withheld}"),
            None => format!("no token was sent: none is stored for {host}"),
        },
    }
}
