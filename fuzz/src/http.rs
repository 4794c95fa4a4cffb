//! What of the HTTP API decodes requests, before anything is looked up for them.

#[path = "../../src/http/invalid_request.rs"]
mod invalid_request;
mod request;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use request::path::{ParsedPath, PathScope};
use request::precondition::Preconditions;
use request::{cursor, header, path, query};

use crate::model::{Encoding, Key, Prefix, Revision, Ttl, Value};
use crate::wire::{CommitRequest, ValueNotation};

/// Decodes a request that is written as it would be sent: a line with its target, one a header, and after an empty
/// line its body.
pub fn check_request(bytes: &[u8]) {
    let (head, body) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let Ok(uri) = Uri::try_from(lines.next().unwrap_or_default()) else {
        return;
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    check_path(uri.path());
    check_query(uri.query());
    for method in [Method::GET, Method::PUT] {
        let _ = header::check(&method, &headers);
    }
    if let Ok(conditions) = Preconditions::read(&headers) {
        let key: Key = "/k".parse().expect("a key");
        let _ = conditions.next_guess(&key, Some(Revision::new(1)));
        for found in [None, Some(Revision::new(1))] {
            let _ = conditions.is_matched(found);
        }
    }
    let _ = header::commit_id(&headers);
    let _ = header::answer_form(&headers);
    let encoding = header::encoding(&headers).unwrap_or(Encoding::Detect);
    let _ = Value::new(body, encoding);
    check_body(body);
}

/// Whatever path is served, it names the section of what is served.
fn check_path(path: &str) {
    if path::check(path).is_err() {
        return;
    }
    let Ok(ParsedPath { scope, rest, .. }) = path::parse(path) else {
        return;
    };
    let PathScope::Section(section) = scope else {
        return;
    };
    if let Ok(key) = path::key(&section, rest.unwrap_or_default()) {
        assert_eq!(key.section(), section);
    }
    if let Ok(within) = path::within(section.clone(), rest) {
        assert_eq!(*within.section(), section);
        assert!(Prefix::from(&section).covers(within.prefix()));
    }
}

fn check_query(raw: Option<&str>) {
    let Ok(mut query) = query::Query::read(raw) else {
        return;
    };
    let _ = query.each::<Prefix>("prefix");
    let _ = query.take::<Revision>("revision");
    let _ = query.take::<Ttl>("ttl");
    let _ = query.flag("stored");
    let _ = query.limit(1000, 100);
    let listing = cursor::ListingIdentity {
        config: "mycfg",
        below: "db",
        recursive: false,
    };
    if let Ok(Some(cursor)) = query.take::<String>("cursor")
        && let Ok(after) = listing.after(&cursor)
    {
        assert_eq!(listing.after(&listing.cursor(&after)), Ok(after));
    }
    let _ = query.end();
}

fn check_body(body: &[u8]) {
    let Ok(request) = serde_json::from_slice::<CommitRequest>(body) else {
        return;
    };
    for notation in [ValueNotation::Plain, ValueNotation::Stored] {
        for guard in &request.guards {
            let _ = guard.guard(notation);
        }
        for change in &request.changes {
            let _ = change.mutation(notation);
        }
    }
}
