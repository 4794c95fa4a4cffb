//! `If-Match` and `If-None-Match` (RFC 9110, 13.1). The tag of an entry is its revision in quotes, and strong.

use axum::http::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};

use crate::http::invalid_request::InvalidRequest;
use crate::model::{Guard, Key, Revision};

/// What a request demands of the key's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Preconditions {
    if_match: Option<TagSet>,
    if_none_match: Option<TagSet>,
}

/// The tags in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TagSet {
    /// `*`: that of any entry.
    Any,
    /// Those of these revisions; a tag that no entry has is left out.
    Revisions(Vec<Revision>),
}

impl TagSet {
    fn has(&self, entry: Option<Revision>) -> bool {
        match (self, entry) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Revisions(revisions), Some(revision)) => revisions.contains(&revision),
        }
    }
}

impl Preconditions {
    /// The conditions of a request for a key.
    pub(in crate::http) fn read(headers: &HeaderMap) -> Result<Self, InvalidRequest> {
        Ok(Self {
            // A weak tag is none that `If-Match` could mean, by the strong comparison.
            if_match: read_tags(headers, &IF_MATCH, false)?,
            if_none_match: read_tags(headers, &IF_NONE_MATCH, true)?
                .filter(|tags| *tags != TagSet::Revisions(Vec::new())),
        })
    }

    /// Whether `If-Match` permits the request where the key has an entry of that revision, or none.
    pub(in crate::http) fn is_matched(&self, entry: Option<Revision>) -> bool {
        self.if_match.as_ref().is_none_or(|tags| tags.has(entry))
    }

    /// Whether `If-None-Match` names an entry of that revision.
    pub(in crate::http) fn is_named(&self, entry: Option<Revision>) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| tags.has(entry))
    }

    /// The guard that says the same of a write, if one does.
    pub(in crate::http) fn as_guard(&self, key: &Key) -> Option<Guard> {
        match (&self.if_match, &self.if_none_match) {
            (Some(TagSet::Any), None) => Some(Guard::Present(key.clone())),
            (Some(TagSet::Revisions(one)), None) if one.len() == 1 => {
                Some(Guard::Revision(key.clone(), one[0]))
            }
            (None, Some(TagSet::Any)) => Some(Guard::Absent(key.clone())),
            _ => None,
        }
    }

    /// Whether a write needs no condition.
    pub(in crate::http) fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// The guard of the first try where no guard says the same: that the key is in one of the permitted states, which
    /// may be another than it is in. Then the conflict tells the state.
    pub(in crate::http) fn first_guess(&self, key: &Key) -> Guard {
        let listed = match &self.if_match {
            Some(TagSet::Revisions(revisions)) => revisions.as_slice(),
            _ => &[],
        };
        let mut states = listed.iter().copied().map(Some).chain([None]);
        let permitted = states.find(|state| self.permits(*state));
        // No entry has the revision 0.
        guard_of_state(key, permitted.unwrap_or(Some(Revision::ZERO)))
    }

    /// The guard of the next try, which keeps the key in the state that it was found in, if that is permitted.
    pub(in crate::http) fn next_guess(&self, key: &Key, found: Option<Revision>) -> Option<Guard> {
        self.permits(found).then(|| guard_of_state(key, found))
    }

    fn permits(&self, entry: Option<Revision>) -> bool {
        self.is_matched(entry) && !self.is_named(entry)
    }
}

fn guard_of_state(key: &Key, entry: Option<Revision>) -> Guard {
    match entry {
        Some(revision) => Guard::Revision(key.clone(), revision),
        None => Guard::Absent(key.clone()),
    }
}

/// Refuses conditions on a route that doesn't have any, so that none is passed over.
pub(in crate::http) fn refuse(headers: &HeaderMap) -> Result<(), InvalidRequest> {
    match [IF_MATCH, IF_NONE_MATCH]
        .iter()
        .find(|name| headers.contains_key(*name))
    {
        None => Ok(()),
        Some(name) => Err(InvalidRequest::Header(format!(
            "the route does not support {name}"
        ))),
    }
}

fn read_tags(
    headers: &HeaderMap,
    name: &HeaderName,
    with_weak: bool,
) -> Result<Option<TagSet>, InvalidRequest> {
    // Several lines are one list.
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let list = lines.join(&b","[..]);
    if list.trim_ascii() == b"*" {
        return Ok(Some(TagSet::Any));
    }
    let tags = parse_list(&list).filter(|tags| !tags.is_empty()).ok_or_else(|| {
        let given = String::from_utf8_lossy(&list);
        InvalidRequest::Header(format!(
            "invalid {name}: {given}: expected revisions in double quotes, such as \"7\", or *"
        ))
    })?;
    let compared = tags.into_iter().filter(|tag| with_weak || !tag.is_weak);
    Ok(Some(TagSet::Revisions(
        compared.filter_map(EntityTag::revision).collect(),
    )))
}

struct EntityTag<'h> {
    is_weak: bool,
    opaque: &'h [u8],
}

impl EntityTag<'_> {
    /// The revision whose tag it is. Tags are compared character by character, so `"07"` is none.
    fn revision(self) -> Option<Revision> {
        let text = std::str::from_utf8(self.opaque).ok()?;
        text.parse()
            .ok()
            .filter(|revision: &Revision| revision.to_string() == text)
    }
}

/// The tags of a list, in which elements may be empty.
fn parse_list(list: &[u8]) -> Option<Vec<EntityTag<'_>>> {
    let mut tags = Vec::new();
    let mut rest = list.trim_ascii_start();
    loop {
        if let Some(after) = rest.strip_prefix(b",") {
            rest = after.trim_ascii_start();
            continue;
        }
        if rest.is_empty() {
            return Some(tags);
        }
        let weak = rest.strip_prefix(b"W/");
        let quoted = weak.unwrap_or(rest).strip_prefix(b"\"")?;
        let end = quoted.iter().position(|byte| *byte == b'"')?;
        let (opaque, after) = (&quoted[..end], quoted[end + 1..].trim_ascii_start());
        if !opaque.iter().all(|byte| matches!(byte, 0x21..=0x7e | 0x80..))
            || !matches!(after, [] | [b',', ..])
        {
            return None;
        }
        tags.push(EntityTag {
            is_weak: weak.is_some(),
            opaque,
        });
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(lines: &[&[u8]], with_weak: bool) -> Result<Option<TagSet>, InvalidRequest> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_bytes(line).expect("a header value"));
        }
        read_tags(&headers, &IF_MATCH, with_weak)
    }

    fn revisions(revisions: &[u64]) -> TagSet {
        TagSet::Revisions(revisions.iter().copied().map(Revision::new).collect())
    }

    #[test]
    fn a_list_holds_the_tags_of_revisions_and_others() {
        for (list, weak, strong) in [
            ("\"7\"", &[7][..], &[7][..]),
            ("W/\"7\"", &[7], &[]),
            ("\"7\",\"8\"", &[7, 8], &[7, 8]),
            (" , \"7\" ,\t W/\"8\",,", &[7, 8], &[7]),
            ("\"\"", &[], &[]),
            ("\"07\", \"+7\", \"7-gzip\", \"x\"", &[], &[]),
            ("\"7,8\"", &[], &[]),
            ("\"99999999999999999999\"", &[], &[]),
            ("\"*\"", &[], &[]),
        ] {
            assert_eq!(
                tags(&[list.as_bytes()], true),
                Ok(Some(revisions(weak))),
                "{list}"
            );
            assert_eq!(
                tags(&[list.as_bytes()], false),
                Ok(Some(revisions(strong))),
                "{list}"
            );
        }
        assert_eq!(tags(&[b"\"\xe9\", \"1\""], true), Ok(Some(revisions(&[1]))));
        assert_eq!(tags(&[b"\"1\"", b"\"2\""], true), Ok(Some(revisions(&[1, 2]))));
        assert_eq!(tags(&[b" * "], false), Ok(Some(TagSet::Any)));
        assert_eq!(tags(&[], false), Ok(None));
        for broken in [
            "7",
            "\"",
            "",
            ",",
            "**",
            "*, \"7\"",
            "\"7\" \"8\"",
            "\"a b\"",
            "w/\"7\"",
            "W/ \"7\"",
            "\"7\"x",
        ] {
            tags(&[broken.as_bytes()], true).expect_err(broken);
        }
        tags(&[b"*", b"*"], true).expect_err("two stars");
    }

    proptest! {
        /// Whatever the conditions, the tries of a write lead to it exactly where they permit it.
        #[test]
        fn tries_end_as_the_conditions_say(
            if_match in proptest::option::of(proptest::collection::vec(1_u64..5, 0..3)),
            if_none_match in proptest::option::of(proptest::collection::vec(1_u64..5, 1..3)),
            is_any in any::<(bool, bool)>(),
            state in proptest::option::of(1_u64..5),
        ) {
            let set = |list: Option<Vec<u64>>, is_any| list.map(|list| if is_any { TagSet::Any } else { revisions(&list) });
            let conditions = Preconditions {
                if_match: set(if_match, is_any.0),
                if_none_match: set(if_none_match, is_any.1),
            };
            let key: Key = "/db/url".parse().expect("a key");
            let state = state.map(Revision::new);
            let holds = |guard: &Guard| match guard {
                Guard::Present(_) => state.is_some(),
                Guard::Absent(_) => state.is_none(),
                Guard::Revision(_, revision) => state == Some(*revision),
                _ => false,
            };
            let written = conditions.is_empty() || match conditions.as_guard(&key) {
                Some(guard) => holds(&guard),
                None => holds(&conditions.first_guess(&key))
                    || conditions.next_guess(&key, state).is_some_and(|guard| holds(&guard)),
            };
            prop_assert_eq!(written, conditions.permits(state));
        }

        #[test]
        fn no_header_breaks_it(value in proptest::collection::vec(0x20_u8..=0xff, 0..30)) {
            let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
            let headers = HeaderMap::from_iter([(IF_MATCH, value.clone()), (IF_NONE_MATCH, value)]);
            let _ = Preconditions::read(&headers);
        }
    }
}
