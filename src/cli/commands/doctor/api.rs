use std::time::Duration;

use super::aws;
use super::check::{LIMIT, limited};
use crate::aws::{Meter, PlainHttp, PlainRequest};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::context::{ApiUrl, Target};
use crate::model::{Access, ErrorKind, Role};
use crate::store::Heads;
use crate::wire::result::{Check, CheckStatus};

/// How long the server may take to be connected to.
const CONNECT: Duration = Duration::from_secs(5);
/// The largest response, in bytes.
const LARGEST: usize = 64 * 1024;

/// What shows the API who is calling, whether it is there, and whether the API takes it.
pub(super) async fn check(target: &Target, url: &ApiUrl, session: &mut Session, checks: &mut Vec<Check>) {
    if target.signed.is_none() {
        checks.push(token(target, url));
    } else if !aws::credentials(target, session, checks).await {
        return;
    }
    if target.config.is_none() {
        // Behind a gateway there is nothing but configs.
        if target.signed.is_none() {
            checks.push(readiness(url).await);
        }
        return;
    }
    let is_scoped = target.signed.is_some()
        && matches!(target.role.as_ref().map(|role| &role.value), Some(Role::Grant(_)));
    let asked = async {
        let store = session.store(Access::Read, "every section").await?;
        if is_scoped {
            return Ok(None);
        }
        let heads = store.heads(Heads::All).await;
        heads
            .map(Some)
            .map_err(|error| session.explain(error, Access::Read))
    };
    checks.push(match limited("api", asked).await {
        Err(check) => check,
        Ok(Ok(heads)) => {
            let how = match &target.signed {
                Some(origin) => format!("{url} is sent signed requests, from {origin}"),
                None => format!("{url} answers"),
            };
            // Whom IAM lets through to some sections alone may ask for no list of all.
            let shown = heads.map_or_else(
                || "the grant's role was assumed, and is let through to its sections alone".into(),
                |heads| format!("sections that it shows: {}", heads.len()),
            );
            Check::ok("api", format!("{how}; {shown}"))
        }
        Ok(Err(failure)) => Check::failed("api", CheckStatus::Fail, failure),
    });
}

/// Whether the server says that it is ready, which needs no token.
async fn readiness(url: &ApiUrl) -> Check {
    let http = PlainHttp::new(CONNECT, url.is_loopback(), Meter::default());
    let request = PlainRequest {
        operation: "/readyz",
        method: "GET",
        url: format!("{url}/readyz"),
        headers: Vec::new(),
        body: None,
        within: LIMIT,
        most: LARGEST,
    };
    match http.send(request).await {
        Ok(answer) if answer.status == 200 => Check::ok("api", format!("{url} is ready")),
        Ok(answer) => Check::fail(
            "api",
            format!("{url} is not ready: HTTP status {}", answer.status),
        ),
        Err(error) => {
            let failure = Failure::caused(ErrorKind::Unavailable, format!("cannot reach {url}"), &error)
                .hint("check that `discfg serve` runs there, the network and the proxy settings");
            Check::failed("api", CheckStatus::Fail, failure)
        }
    }
}

fn token(target: &Target, url: &ApiUrl) -> Check {
    let host = url.host();
    match target.tokens.find(url) {
        Ok(Some(token)) => Check::ok("token", format!("for {host}, from {}", token.origin)),
        Ok(None) => match target.tokens.withheld(url) {
            Some(withheld) => Check::warn("token", withheld),
            None if url.is_loopback() => Check::ok("token", format!("none is sent to {host}")),
            None => Check::warn("token", format!("none is kept for {host}, and none is sent")).fix(format!(
                "`discfg use CONFIG --engine {url} --token-file FILE` keeps one"
            )),
        },
        Err(error) => Check::fail("token", error.to_string()),
    }
}
