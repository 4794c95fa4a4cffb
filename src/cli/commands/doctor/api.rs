use super::{Check, Verdict, limited};
use crate::cli::session::Session;
use crate::model::Access;
use crate::store::Heads;
use crate::target::{ApiUrl, Target};

/// The token for an API, whether it is there, and whether it takes the token.
pub(super) async fn check(target: &Target, url: &ApiUrl, session: &mut Session, checks: &mut Vec<Check>) {
    let host = url.host();
    checks.push(match target.tokens.find(url) {
        Ok(Some(token)) => Check::ok("token", format!("for {host}, from {}", token.origin)),
        Ok(None) => match target.tokens.withheld(url) {
            Some(withheld) => Check::warn("token", withheld),
            None if url.is_loopback() => Check::ok("token", format!("none is sent to {host}")),
            None => Check::warn("token", format!("none is kept for {host}, and none is sent")).fix(format!(
                "`discfg use CONFIG --engine {url} --token-file FILE` keeps one"
            )),
        },
        Err(error) => Check::fail("token", error.to_string()),
    });
    if target.config.is_none() {
        return;
    }
    let asked = async {
        let store = session.store(Access::Read, "every section").await?;
        let heads = store.heads(Heads::All).await;
        heads.map_err(|error| session.explain(error, Access::Read))
    };
    checks.push(match limited("api", asked).await {
        Err(check) => check,
        Ok(Ok(heads)) => Check::ok(
            "api",
            format!("{url} answers; sections that it shows: {}", heads.len()),
        ),
        Ok(Err(failure)) => Check::failed("api", Verdict::Fail, failure),
    });
}
