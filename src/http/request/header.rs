use axum::http::Method;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HOST, HeaderMap,
    HeaderName, TRANSFER_ENCODING,
};

use crate::http::invalid_request::InvalidRequest;
use crate::model::{CommitId, Encoding, Revision};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What two readers could understand in two ways if it were given twice.
const ONCE: [HeaderName; 8] = [
    ACCEPT,
    AUTHORIZATION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    IDEMPOTENCY_KEY,
    LAST_EVENT_ID,
    TRANSFER_ENCODING,
];

/// Refuses headers that two readers could understand in two ways, and a body that isn't what it stands for.
pub(in crate::http) fn check(method: &Method, headers: &HeaderMap) -> Result<(), InvalidRequest> {
    if let Some(name) = ONCE.iter().find(|name| headers.get_all(*name).iter().count() > 1) {
        return Err(InvalidRequest::Header(format!(
            "the header {name} is given more than once"
        )));
    }
    if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
        return Err(InvalidRequest::Header(format!(
            "{CONTENT_LENGTH} and {TRANSFER_ENCODING} can't be combined"
        )));
    }
    if [Method::PUT, Method::POST, Method::DELETE].contains(method) {
        check_body(headers)?;
    }
    Ok(())
}

/// Refuses a body that would be stored in place of the value: encoded, in parts, or a part.
fn check_body(headers: &HeaderMap) -> Result<(), InvalidRequest> {
    for given in headers.get_all(CONTENT_ENCODING) {
        let codings = given.to_str().unwrap_or("?").split(',').map(str::trim);
        let mut unknown =
            codings.filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
        if let Some(coding) = unknown.next() {
            return Err(InvalidRequest::ContentEncoding(coding.to_owned()));
        }
    }
    if headers.contains_key(CONTENT_RANGE) {
        return Err(InvalidRequest::Header(format!(
            "{CONTENT_RANGE} is not supported: send the whole value"
        )));
    }
    // The server joins the chunks, and undoes no other coding.
    let transfer = headers.get(TRANSFER_ENCODING);
    if transfer.is_some_and(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")) {
        return Err(InvalidRequest::Header(format!(
            "unsupported {TRANSFER_ENCODING}: send chunked"
        )));
    }
    if let Some(multipart) = media_type(headers).filter(|media| media.starts_with("multipart/")) {
        return Err(InvalidRequest::MediaType(format!(
            "unsupported content-type: {multipart}; send the value itself as the body"
        )));
    }
    Ok(())
}

/// The media type in `Content-Type`, in lower case and without its parameters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(
        given
            .split(';')
            .next()
            .unwrap_or(given)
            .trim()
            .to_ascii_lowercase(),
    )
}

/// Refuses a body that isn't declared as JSON. A web page can have a browser send any other without asking the server
/// first.
pub(in crate::http) fn check_json(headers: &HeaderMap) -> Result<(), InvalidRequest> {
    if media_type(headers).is_some_and(|media| media == "application/json") {
        return Ok(());
    }
    Err(InvalidRequest::MediaType(
        "the body must be JSON: send content-type: application/json".into(),
    ))
}

/// Whether the browser reports a request from a page of another site.
pub(in crate::http) fn is_cross_site(headers: &HeaderMap) -> bool {
    headers
        .get(SEC_FETCH_SITE)
        .is_some_and(|site| site == "cross-site")
}

/// Whether the browser says that a page of this server sent the request. Pages can't say it themselves.
pub(crate) fn is_same_origin(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(SEC_FETCH_SITE).iter();
    said.next().is_some_and(|site| site == "same-origin") && said.next().is_none()
}

/// The commit's id, where `Idempotency-Key` gives one.
pub(in crate::http) fn commit_id(headers: &HeaderMap) -> Result<Option<CommitId>, InvalidRequest> {
    let text = text(headers, &IDEMPOTENCY_KEY)?;
    text.map(|text| {
        text.parse()
            .map_err(|error| InvalidRequest::Header(format!("{IDEMPOTENCY_KEY}: {error}")))
    })
    .transpose()
}

/// How the kind of a body that is a value is decided: what is neither JSON nor text by its type shows it itself.
pub(in crate::http) fn encoding(headers: &HeaderMap) -> Result<Encoding, InvalidRequest> {
    let Some(given) = text(headers, &CONTENT_TYPE)? else {
        return Ok(Encoding::Detect);
    };
    let mut parts = given.split(';').map(str::trim);
    let of_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let encoding = match of_type.as_str() {
        "application/json" => Encoding::Json,
        "text/plain" => Encoding::Text,
        _ => return Ok(Encoding::Detect),
    };
    let charset = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    match charset.map(|(_, charset)| charset.trim().trim_matches('"')) {
        Some(charset) if !["utf-8", "utf8", "us-ascii"].contains(&charset.to_ascii_lowercase().as_str()) => {
            Err(InvalidRequest::MediaType(format!(
                "{CONTENT_TYPE}: unsupported charset {charset:?}; text and JSON must be UTF-8"
            )))
        }
        _ => Ok(encoding),
    }
}

/// In which form an entry is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum AnswerForm {
    /// The entry, as JSON.
    Node,
    /// The value alone, as text where it is text.
    Text,
    /// The value alone, as bytes.
    Bytes,
}

/// The form that `Accept` likes best; the entry where it doesn't care, or knows none of them.
pub(in crate::http) fn answer_form(headers: &HeaderMap) -> Result<AnswerForm, InvalidRequest> {
    let Some(accept) = text(headers, &ACCEPT)? else {
        return Ok(AnswerForm::Node);
    };
    let mut best = (0.0, AnswerForm::Node);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "text/plain" | "text/*" => AnswerForm::Text,
            "application/octet-stream" => AnswerForm::Bytes,
            "application/json" | "application/*" | "*/*" => AnswerForm::Node,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight: f32 = weight.map_or(Ok(1.0), str::parse).unwrap_or(0.0);
        if weight > best.0 {
            best = (weight, form);
        }
    }
    Ok(best.1)
}

/// Whether `Accept` asks for events by their name.
pub(in crate::http) fn can_take_events(headers: &HeaderMap) -> Result<bool, InvalidRequest> {
    let accept = text(headers, &ACCEPT)?.unwrap_or_default();
    Ok(accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts
            .next()
            .is_some_and(|range| range.eq_ignore_ascii_case("text/event-stream"));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        is_named && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    }))
}

/// The id of the last event that a client has seen.
pub(in crate::http) fn last_event_id(headers: &HeaderMap) -> Result<Option<Revision>, InvalidRequest> {
    let Some(given) = text(headers, &LAST_EVENT_ID)? else {
        return Ok(None);
    };
    let revision = given.parse().map_err(|_| {
        InvalidRequest::Header(format!(
            "invalid {LAST_EVENT_ID} {given:?}: expected a revision, such as 7"
        ))
    });
    revision.map(Some)
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, InvalidRequest> {
    let text = headers.get(name).map(|value| value.to_str().map(str::trim));
    text.transpose()
        .map_err(|_| InvalidRequest::Header(format!("the header {name} is not valid text")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value).expect("a header value");
            (HeaderName::from_static(name), value)
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn what_could_be_understood_in_two_ways_is_refused() {
        for name in ONCE {
            let mut twice = HeaderMap::new();
            twice.append(name.clone(), HeaderValue::from_static("chunked"));
            assert_eq!(check(&Method::PUT, &twice), Ok(()), "{name}");
            twice.append(name.clone(), HeaderValue::from_static("1"));
            let refusal = check(&Method::PUT, &twice).expect_err("twice");
            assert!(refusal.to_string().contains(name.as_str()), "{refusal}");
        }
        let both = headers(&[("content-length", "3"), ("transfer-encoding", "chunked")]);
        check(&Method::PUT, &both).expect_err("two lengths");
        let many = headers(&[("x-other", "1"), ("x-other", "2")]);
        assert_eq!(check(&Method::PUT, &many), Ok(()));
    }

    #[test]
    fn kinds_of_bodies() {
        let of = |of_type: &str| encoding(&headers(&[("content-type", of_type)]));
        assert_eq!(encoding(&HeaderMap::new()), Ok(Encoding::Detect));
        for (of_type, encoding) in [
            ("application/json", Encoding::Json),
            ("Application/JSON; charset=UTF-8", Encoding::Json),
            ("text/plain", Encoding::Text),
            ("text/plain;charset=\"utf-8\"", Encoding::Text),
            ("application/octet-stream", Encoding::Detect),
            ("application/x-www-form-urlencoded", Encoding::Detect),
            ("nonsense", Encoding::Detect),
        ] {
            assert_eq!(of(of_type), Ok(encoding), "{of_type}");
        }
        let refusal = of("text/plain; charset=latin1").expect_err("another charset");
        assert!(refusal.to_string().contains("latin1"), "{refusal}");
    }

    #[test]
    fn events_are_asked_for_by_their_name() {
        let of = |accept: &str| can_take_events(&headers(&[("accept", accept)]));
        for (accept, wants) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; q=0.1", true),
            ("application/json, text/event-stream;charset=utf-8", true),
            ("text/event-stream;q=0", false),
            ("text/event-stream;q=x", false),
            ("text/event-streams", false),
            ("text/*", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(of(accept), Ok(wants), "{accept}");
        }
        assert_eq!(can_take_events(&headers(&[])), Ok(false));
    }

    #[test]
    fn a_client_goes_on_after_the_event_that_it_saw_last() {
        let of = |id: &str| last_event_id(&headers(&[("last-event-id", id)]));
        assert_eq!(of("7"), Ok(Some(Revision::new(7))));
        assert_eq!(of("0"), Ok(Some(Revision::ZERO)));
        assert_eq!(last_event_id(&headers(&[])), Ok(None));
        for bad in ["", "-1", "+1", "x", "7 8", "18446744073709551616"] {
            assert!(
                matches!(of(bad), Err(InvalidRequest::Header(detail)) if detail.contains("last-event-id")),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn forms_of_answers() {
        let of = |accept: &str| answer_form(&headers(&[("accept", accept)]));
        assert_eq!(answer_form(&HeaderMap::new()), Ok(AnswerForm::Node));
        for (accept, form) in [
            ("*/*", AnswerForm::Node),
            ("text/plain", AnswerForm::Text),
            ("application/octet-stream", AnswerForm::Bytes),
            ("application/json, text/plain", AnswerForm::Node),
            ("text/plain;q=0.5, application/json;q=0.4", AnswerForm::Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", AnswerForm::Node),
            ("text/html", AnswerForm::Node),
            ("text/plain;q=0", AnswerForm::Node),
            ("text/plain;q=x", AnswerForm::Node),
        ] {
            assert_eq!(of(accept), Ok(form), "{accept}");
        }
    }

    #[test]
    fn ids_of_commits() {
        let of = |id: &str| commit_id(&headers(&[("idempotency-key", id)]));
        assert_eq!(of("my-id"), Ok(Some("my-id".parse().expect("an id"))));
        assert_eq!(commit_id(&HeaderMap::new()), Ok(None));
        for bad in ["", "a b", &"x".repeat(65)] {
            of(bad).expect_err(bad);
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(value in proptest::collection::vec(0x20_u8..=0xff, 0..30)) {
            let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
            let mut headers = HeaderMap::new();
            for name in ONCE {
                headers.append(name, value.clone());
            }
            let _ = check(&Method::PUT, &headers);
            let _ = commit_id(&headers);
            let _ = encoding(&headers);
            let _ = answer_form(&headers);
        }
    }
}
