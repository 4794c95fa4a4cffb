//! What an API refuses, as the errors of a store of one's own.

#[cfg(test)]
mod texts;

use super::HttpOptions;
use super::api::{Api, Refusal};
use super::call::Call;
use super::gateway;
use crate::aws::{PlainAnswer, PlainHttpError, SigningError};
use crate::model::{CommitId, Entry, ErrorKind, Key};
use crate::store::{Conflict, Limit, StoreError};
use crate::wire::{Problem, ProblemLimit, Written};

/// What an API said, or what is to be said of it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Said(pub(super) String);

pub(super) fn of(api: &Api, call: &Call, refusal: Refusal) -> StoreError {
    match refusal {
        Refusal::Silence(error) => silence(api.options(), error),
        Refusal::Strange(answer) => strange(api, call, &answer),
        Refusal::Problem(problem) => told(api, call, *problem),
        Refusal::Unsigned(error) => unsigned(api.options(), error),
    }
}

fn unsigned(options: &HttpOptions, error: SigningError) -> StoreError {
    match error {
        SigningError::Credentials(_) => StoreError::Credentials {
            problem: format!("a request to {} can't be signed", options.url.host()),
            source: Some(error.into()),
        },
        SigningError::Form(_) => StoreError::Other {
            what: "signing a request".into(),
            source: Some(error.into()),
        },
    }
}

fn silence(options: &HttpOptions, error: PlainHttpError) -> StoreError {
    let problem = match &error {
        PlainHttpError::NotSent(_) => format!("{} can't be reached", options.url),
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
            format!("{} doesn't answer", options.url)
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
pub(super) fn strange(api: &Api, call: &Call, answer: &PlainAnswer) -> StoreError {
    if let Some(error) = gateway::refused(api, call, answer) {
        return error;
    }
    let options = api.options();
    let status = answer.status;
    let content_type = answer.content_type.as_deref().unwrap_or("no content type");
    let what = format!(
        "{} was answered with status {status}, {content_type}, which is no answer of a discfg API",
        call.asks(options)
    );
    match status {
        429 => StoreError::Throttled {
            service: options.url.to_string(),
            source: Some(Said(what).into()),
        },
        500.. => StoreError::Unavailable {
            problem: format!("{} can't serve", options.url),
            source: Some(Said(what).into()),
        },
        _ => StoreError::Api {
            api: options.url.to_string(),
            problem: what,
            kind: ErrorKind::Invalid,
        },
    }
}

/// An answer has not the content that it should.
pub(super) fn misshapen(options: &HttpOptions, call: &Call, what: &str) -> StoreError {
    StoreError::Corrupt {
        section: None,
        what: format!(
            "{} answered {} with what this discfg can't read ({what})",
            options.url,
            call.asks(options)
        ),
        source: None,
    }
}

fn told(api: &Api, call: &Call, problem: Problem) -> StoreError {
    let options = api.options();
    let first = problem.keys.first().cloned();
    let error = match (problem.code.as_deref(), first) {
        (Some("no-key"), Some(key)) => Some(StoreError::NotFound(key)),
        (Some("no-ttl"), Some(key)) => Some(StoreError::NoTtl(key)),
        (Some("twice"), Some(key)) => Some(StoreError::Twice(key)),
        (Some("guard-on-secret"), Some(key)) => Some(StoreError::GuardOnSecret(key)),
        (Some("unsealed"), Some(_)) => Some(StoreError::Unsealed(problem.keys.clone())),
        (Some("secret-too-large"), Some(key)) => secret_too_large(key, problem.limit.as_ref()),
        (Some("id-reused"), _) => commit(&problem).map(StoreError::IdReused),
        (Some("guard-failed"), _) => conflict(&problem),
        (Some("compacted"), _) => compacted(&problem),
        (Some("limit"), _) => limit(problem.limit.as_ref()),
        (Some("layout"), _) => problem.layout.map(|layout| StoreError::Layout {
            found: layout.found,
            known: layout.known,
        }),
        (Some("no-config"), _) => Some(StoreError::NoConfig {
            config: options.config.to_string(),
            place: Some(options.url.to_string()),
        }),
        (Some("no-secrets-key"), _) => Some(StoreError::NoSecretsKey {
            config: options.config.to_string(),
            missing: format!("what {} would encrypt them with", options.url),
        }),
        (Some("corrupt"), _) => problem.section.clone().map(|section| StoreError::Corrupt {
            section: Some(section),
            what: problem.detail.clone(),
            source: None,
        }),
        (Some("contended"), _) => Some(StoreError::Busy(problem.detail.clone())),
        (Some("read-only"), _) => Some(StoreError::ReadOnly),
        (Some("no-token"), _) => Some(no_token(api, &problem)),
        (Some("outcome-unknown"), _) => {
            commit(&problem).map(|commit| StoreError::OutcomeUnknown { commit, source: None })
        }
        (Some("no-route" | "no-method"), _) => Some(StoreError::Api {
            api: options.url.to_string(),
            problem: format!(
                "it knows no {}: it is no discfg API, or one of another version than this {}",
                call.asks(options),
                env!("CARGO_PKG_VERSION")
            ),
            kind: ErrorKind::Invalid,
        }),
        _ => None,
    };
    error.unwrap_or_else(|| by_kind(options, call, problem))
}

fn by_kind(options: &HttpOptions, call: &Call, problem: Problem) -> StoreError {
    let api = options.url.to_string();
    match ErrorKind::of_word(&problem.kind) {
        Some(ErrorKind::Denied) => StoreError::Denied {
            action: call.asks(options),
            subject: None,
            source: Some(Said(format!("{api} says: {}", problem.detail)).into()),
        },
        Some(ErrorKind::Throttled) => StoreError::Throttled {
            service: api,
            source: Some(Said(problem.detail).into()),
        },
        Some(ErrorKind::Unavailable) => StoreError::Unavailable {
            problem: format!("{api} can't serve for the moment"),
            source: Some(Said(problem.detail).into()),
        },
        kind => StoreError::Api {
            api,
            problem: problem.detail,
            kind: kind.unwrap_or(ErrorKind::Internal),
        },
    }
}

fn no_token(api: &Api, problem: &Problem) -> StoreError {
    let options = api.options();
    let host = options.url.host();
    let problem = match (&options.token, &options.withheld) {
        _ if api.is_signed() => format!(
            "{host} asks for a token, and requests to it are signed: it is an API that IAM doesn't stand before"
        ),
        (Some(token), _) => format!(
            "{host} doesn't take the token of {}: {}",
            token.origin, problem.detail
        ),
        (None, Some(withheld)) => format!("{host} asks for a token, and none was sent: {withheld}"),
        (None, None) => format!("{host} asks for a token, and there is none for it"),
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
    let guard = problem.guard.as_ref()?.guard(Written::AsStored).ok()?;
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
        ProblemLimit::Actions {
            changes,
            sections,
            new_sections,
            guards,
        } => Limit::Actions {
            changes,
            sections,
            new_sections,
            guards,
        },
        ProblemLimit::Bytes { size, max } if max == Limit::MAX_BYTES => Limit::Bytes { size },
        ProblemLimit::Bytes { .. } => return None,
    };
    Some(StoreError::Limit(limit))
}

fn secret_too_large(key: Key, limit: Option<&ProblemLimit>) -> Option<StoreError> {
    match *limit? {
        ProblemLimit::Bytes { size, max } => Some(StoreError::SecretTooLarge { key, size, max }),
        ProblemLimit::Actions { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error_of(problem: Problem) -> StoreError {
        let url = "https://cfg.example".parse().expect("a URL");
        let options = HttpOptions::new(url, "mycfg".parse().expect("a name"));
        let call = Call::of_key("GET", "/keys", &"/db/url".parse().expect("a key"));
        told(&Api::new(options, None), &call, problem)
    }

    fn problem(kind: ErrorKind, code: &str) -> Problem {
        Problem {
            status: 400,
            kind: kind.as_str().into(),
            code: Some(code.into()),
            detail: "told".into(),
            keys: vec!["/db/url".parse().expect("a key")],
            ..Problem::default()
        }
    }

    #[test]
    fn each_code_is_the_error_that_a_store_of_ones_own_has() {
        for (kind, code, words) in [
            (ErrorKind::NotFound, "no-key", "the key /db/url is not there"),
            (ErrorKind::Usage, "no-ttl", "the key /db/url has no time to live"),
            (ErrorKind::Invalid, "twice", "the key /db/url is changed twice"),
            (ErrorKind::Invalid, "unsealed", "/db/url must be sealed first"),
            (ErrorKind::Usage, "guard-on-secret", "the key /db/url is a secret"),
            (
                ErrorKind::NotFound,
                "no-config",
                "the config mycfg is not there (https://cfg.example)",
            ),
            (
                ErrorKind::NotFound,
                "no-secrets-key",
                "the config mycfg has no key for secrets",
            ),
            (ErrorKind::Denied, "read-only", "opened for reading only"),
            (
                ErrorKind::Denied,
                "no-token",
                "cfg.example asks for a token, and there is none for it",
            ),
            (
                ErrorKind::Denied,
                "denied",
                "GET /v1/mycfg/db/keys/url was denied",
            ),
            (
                ErrorKind::Throttled,
                "throttled",
                "https://cfg.example is throttling requests",
            ),
            (ErrorKind::Unavailable, "busy", "can't serve for the moment"),
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
                .contains("no discfg API, or one of another version")
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
