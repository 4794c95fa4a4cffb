//! Errors of a store, for calls that failed.

#[cfg(test)]
mod texts;

use super::call_failure::{ApiStatement, CallFailure};
use super::call_site::CallSite;
use super::gateway;
use super::options::HttpOptions;
use crate::aws::{PlainAnswer, PlainHttpError, SigningError};
use crate::model::{CommitId, Entry, ErrorKind, Key, PurgedValue};
use crate::store::{Conflict, Limit, StoreError};
use crate::wire::{ActionLimit, ByteLimit, Problem, ProblemCode, ProblemLimit, ValueNotation};

/// The error that a failed call is.
pub(super) fn of_call(site: CallSite<'_>, failure: CallFailure) -> StoreError {
    match failure {
        CallFailure::Silence(error) => of_silence(site.options, error),
        CallFailure::Strange(answer) => of_strange_answer(site, &answer),
        CallFailure::Problem(problem) => of_problem(site, *problem),
        CallFailure::Unsigned(error) => of_signing(site.options, error),
    }
}

fn of_signing(options: &HttpOptions, error: SigningError) -> StoreError {
    match error {
        SigningError::Credentials(_) => StoreError::Credentials {
            problem: format!("cannot sign a request to {}", options.url.host()),
            source: Some(error.into()),
        },
        SigningError::Form(_) => StoreError::Other {
            what: "signing the request".into(),
            source: Some(error.into()),
        },
    }
}

fn of_silence(options: &HttpOptions, error: PlainHttpError) -> StoreError {
    let problem = match &error {
        PlainHttpError::NotSent(_) => format!("cannot reach {}", options.url),
        PlainHttpError::NotTrusted(fault) => {
            return StoreError::Unavailable {
                problem: format!("{} is not trusted", options.url),
                source: Some(fault.clone().into()),
            };
        }
        PlainHttpError::NoRoots(fault) => {
            return StoreError::Api {
                api: options.url.to_string(),
                problem: fault.to_string(),
                kind: ErrorKind::Invalid,
            };
        }
        PlainHttpError::Cut(_) | PlainHttpError::TimedOut(_) => {
            format!("no response from {}", options.url)
        }
        PlainHttpError::TooLarge(_) => {
            return StoreError::Api {
                api: options.url.to_string(),
                problem: error.to_string(),
                kind: ErrorKind::Invalid,
            };
        }
    };
    StoreError::Unavailable {
        problem,
        source: Some(error.into()),
    }
}

/// Something answers that is no discfg API: API Gateway, a proxy, another server, a page to log in.
pub(super) fn of_strange_answer(site: CallSite<'_>, answer: &PlainAnswer) -> StoreError {
    if let Some(error) = gateway::explain_refusal(site, answer) {
        return error;
    }
    let options = site.options;
    let status = answer.status;
    let content_type = answer.content_type.as_deref().unwrap_or("no content type");
    let what = format!(
        "{} was answered with status {status} ({content_type}) by something other than a discfg API, such as a proxy",
        site.request_line()
    );
    match status {
        429 => StoreError::Throttled {
            service: options.url.to_string(),
            source: Some(ApiStatement(what).into()),
        },
        500.. => StoreError::Unavailable {
            problem: format!("{} is unavailable", options.url),
            source: Some(ApiStatement(what).into()),
        },
        _ => StoreError::Api {
            api: options.url.to_string(),
            problem: what,
            kind: ErrorKind::Invalid,
        },
    }
}

/// An answer has not the content that it should.
pub(super) fn of_content(site: CallSite<'_>, what: &str) -> StoreError {
    StoreError::Corrupt {
        section: None,
        what: format!(
            "invalid response from {} to {}: {what}",
            site.options.url,
            site.request_line()
        ),
        source: None,
    }
}

fn of_problem(site: CallSite<'_>, problem: Problem) -> StoreError {
    let options = site.options;
    let first = problem.keys.first().cloned();
    let error = match (problem.code, first) {
        (Some(ProblemCode::NoKey), Some(key)) => Some(StoreError::NotFound(key)),
        (Some(ProblemCode::NoTtl), Some(key)) => Some(StoreError::NoTtl(key)),
        (Some(ProblemCode::Twice), Some(key)) => Some(StoreError::Twice(key)),
        (Some(ProblemCode::GuardOnSecret), Some(key)) => Some(StoreError::GuardOnSecret(key)),
        (Some(ProblemCode::Unsealed), Some(_)) => Some(StoreError::Unsealed(problem.keys.clone())),
        (Some(ProblemCode::SecretTooLarge), Some(key)) => secret_too_large(key, problem.limit.as_ref()),
        (Some(ProblemCode::IdReused), _) => commit(&problem).map(StoreError::IdReused),
        (Some(ProblemCode::GuardFailed), _) => conflict(&problem),
        (Some(ProblemCode::Compacted), _) => compacted(&problem),
        (Some(ProblemCode::Purged), Some(key)) => problem
            .revision
            .map(|revision| PurgedValue { key, revision }.into()),
        (Some(ProblemCode::PurgeTooSoon), Some(key)) => {
            problem.wait.map(|wait| StoreError::PurgeTooSoon { key, wait })
        }
        (Some(ProblemCode::Limit), _) => limit(problem.limit.as_ref()),
        (Some(ProblemCode::Layout), _) => problem.layout.map(|layout| StoreError::Layout {
            found: layout.found,
            known: layout.known,
        }),
        (Some(ProblemCode::NoConfig), _) => Some(StoreError::NoConfig {
            config: options.config.to_string(),
            place: Some(options.url.to_string()),
        }),
        (Some(ProblemCode::NoSecretsKey), _) => Some(StoreError::NoSecretsKey {
            config: options.config.to_string(),
            detail: format!("according to {}", options.url),
        }),
        (Some(ProblemCode::Corrupt), _) => problem.section.clone().map(|section| StoreError::Corrupt {
            section: Some(section),
            what: problem.detail.clone(),
            source: None,
        }),
        (Some(ProblemCode::Contended), _) => Some(StoreError::Busy(problem.detail.clone())),
        (Some(ProblemCode::ReadOnly), _) => Some(StoreError::ReadOnly),
        (Some(ProblemCode::NoToken), _) => Some(no_token(site, &problem)),
        (Some(ProblemCode::OutcomeUnknown), _) => {
            commit(&problem).map(|commit| StoreError::OutcomeUnknown { commit, source: None })
        }
        (Some(ProblemCode::NoRoute | ProblemCode::NoMethod), _) => Some(StoreError::Api {
            api: options.url.to_string(),
            problem: format!(
                "no route {}: not a discfg API, or one of another version (this discfg is {})",
                site.request_line(),
                env!("CARGO_PKG_VERSION")
            ),
            kind: ErrorKind::Invalid,
        }),
        _ => None,
    };
    error.unwrap_or_else(|| by_kind(site, problem))
}

fn by_kind(site: CallSite<'_>, problem: Problem) -> StoreError {
    let api = site.options.url.to_string();
    match ErrorKind::of_word(&problem.kind) {
        Some(ErrorKind::Denied) => StoreError::Denied {
            action: site.request_line(),
            subject: None,
            source: Some(ApiStatement(format!("{api} responded: {}", problem.detail)).into()),
        },
        Some(ErrorKind::Throttled) => StoreError::Throttled {
            service: api,
            source: Some(ApiStatement(problem.detail).into()),
        },
        Some(ErrorKind::Unavailable) => StoreError::Unavailable {
            problem: format!("{api} is temporarily unavailable"),
            source: Some(ApiStatement(problem.detail).into()),
        },
        kind => StoreError::Api {
            api,
            problem: problem.detail,
            kind: kind.unwrap_or(ErrorKind::Internal),
        },
    }
}

fn no_token(site: CallSite<'_>, problem: &Problem) -> StoreError {
    let options = site.options;
    let host = options.url.host();
    let problem = match (&options.token, &options.withheld) {
        _ if site.is_signed => format!(
            "{host} requires a token, but requests to it are signed: it is not an API with IAM authorization"
        ),
        (Some(token), _) => format!(
            "{host} rejected the token from {}: {}",
            token.origin, problem.detail
        ),
        (None, Some(withheld)) => format!("{host} requires a token, and none was sent: {withheld}"),
        (None, None) => format!("{host} requires a token, and none is configured for it"),
    };
    StoreError::Credentials {
        problem,
        source: None,
    }
}

fn commit(problem: &Problem) -> Option<CommitId> {
    problem.commit.as_deref()?.parse().ok()
}

fn conflict(problem: &Problem) -> Option<StoreError> {
    let guard = problem.guard.as_ref()?.guard(ValueNotation::Stored).ok()?;
    let current = problem.current.clone().map(Entry::try_from).transpose().ok()?;
    Some(StoreError::Conflict(Box::new(Conflict {
        guard,
        current,
        revision: problem.revision?,
    })))
}

fn compacted(problem: &Problem) -> Option<StoreError> {
    Some(StoreError::Compacted {
        section: problem.section.clone()?,
        wanted: problem.revision?,
        oldest: problem.oldest?,
    })
}

fn limit(limit: Option<&ProblemLimit>) -> Option<StoreError> {
    let limit = match *limit? {
        ProblemLimit::Actions(ActionLimit {
            changes,
            sections,
            new_sections,
            guards,
        }) => Limit::Actions {
            changes,
            sections,
            new_sections,
            guards,
        },
        ProblemLimit::Bytes(ByteLimit { size, max }) if max == Limit::MAX_BYTES => Limit::Bytes { size },
        ProblemLimit::Bytes(_) => return None,
    };
    Some(StoreError::Limit(limit))
}

fn secret_too_large(key: Key, limit: Option<&ProblemLimit>) -> Option<StoreError> {
    match *limit? {
        ProblemLimit::Bytes(ByteLimit { size, max }) => Some(StoreError::SecretTooLarge { key, size, max }),
        ProblemLimit::Actions(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::http::call::ApiCall;

    fn error_of(problem: Problem) -> StoreError {
        let url = "https://cfg.example".parse().expect("a URL");
        let options = HttpOptions::new(url, "mycfg".parse().expect("a name"));
        let call = ApiCall::of_key("GET", "/keys", &"/db/url".parse().expect("a key"));
        let site = CallSite {
            options: &options,
            is_signed: false,
            call: &call,
        };
        of_problem(site, problem)
    }

    fn problem(kind: ErrorKind, code: &str) -> Problem {
        let problem = serde_json::json!({
            "type": "about:blank",
            "title": "-",
            "status": 400,
            "kind": kind.as_str(),
            "code": code,
            "detail": "told",
            "keys": ["/db/url"],
        });
        serde_json::from_value(problem).expect("a problem")
    }

    #[test]
    fn each_code_is_the_error_that_a_store_of_ones_own_has() {
        for (kind, code, words) in [
            (ErrorKind::NotFound, "no-key", "key /db/url not found"),
            (ErrorKind::Usage, "no-ttl", "key /db/url has no time to live"),
            (ErrorKind::Invalid, "twice", "key /db/url is changed twice"),
            (ErrorKind::Invalid, "unsealed", "/db/url must be encrypted"),
            (ErrorKind::Usage, "guard-on-secret", "key /db/url is a secret"),
            (
                ErrorKind::NotFound,
                "no-config",
                "config \"mycfg\" not found (https://cfg.example)",
            ),
            (
                ErrorKind::NotFound,
                "no-secrets-key",
                "config \"mycfg\" has no encryption key",
            ),
            (ErrorKind::Denied, "read-only", "opened read-only"),
            (
                ErrorKind::Denied,
                "no-token",
                "cfg.example requires a token, and none is configured for it",
            ),
            (
                ErrorKind::Denied,
                "denied",
                "access denied: GET /v1/mycfg/db/keys/url",
            ),
            (
                ErrorKind::Throttled,
                "throttled",
                "https://cfg.example is throttling requests",
            ),
            (ErrorKind::Unavailable, "busy", "is temporarily unavailable"),
            (ErrorKind::Usage, "query", "https://cfg.example: told"),
            (ErrorKind::Internal, "internal", "https://cfg.example: told"),
        ] {
            let error = error_of(problem(kind, code));
            assert_eq!(error.kind(), kind, "{code}");
            assert!(error.to_string().contains(words), "{code}: {error}");
        }
    }

    #[test]
    fn a_route_that_is_not_known_is_no_key_that_is_not_there() {
        let error = error_of(problem(ErrorKind::NotFound, "no-route"));
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(
            error
                .to_string()
                .contains("not a discfg API, or one of another version")
        );
    }

    proptest! {
        /// Whatever facts are missing, what sort of failure it is stays.
        #[test]
        fn a_problem_without_its_facts_keeps_its_kind(code in "[a-z-]{0,20}", known in 0_usize..11) {
            let codes = [
                "no-key", "no-ttl", "twice", "unsealed", "guard-on-secret", "secret-too-large", "guard-failed",
                "compacted", "limit", "outcome-unknown", "id-reused",
            ];
            for code in [code.as_str(), codes[known]] {
                for kind in [ErrorKind::Conflict, ErrorKind::Invalid, ErrorKind::OutcomeUnknown, ErrorKind::Unavailable] {
                    let bare = Problem { keys: Vec::new(), ..problem(kind, code) };
                    prop_assert_eq!(error_of(bare).kind(), kind);
                }
            }
        }
    }
}
