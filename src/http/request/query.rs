use std::fmt::Display;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::http::invalid_request::InvalidRequest;

/// A query's parameters. Each is taken by its name; what is left at the end is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::http) struct Query {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Query {
    /// Reads what follows the `?`.
    pub(in crate::http) fn read(raw: Option<&str>) -> Result<Self, InvalidRequest> {
        let decoded = |text: &str, what: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded
                .map(String::from)
                .map_err(|_| InvalidRequest::Query(format!("the {what} {text:?} is not valid UTF-8")))
        };
        let pairs = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let given = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((
                decoded(name, "query parameter")?,
                decoded(value, "value of a query parameter")?,
            ))
        });
        Ok(Self {
            given: given.collect::<Result<_, _>>()?,
            known: Vec::new(),
        })
    }

    /// All values of a parameter that may be given more than once.
    pub(in crate::http) fn each<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
    ) -> Result<Vec<T>, InvalidRequest> {
        self.known.push(name);
        let of_name = self.given.extract_if(.., |(given, _)| given == name);
        of_name
            .map(|(_, value)| {
                let parsed: Result<T, _> = value.parse();
                parsed.map_err(|error| InvalidRequest::Query(format!("query parameter `{name}`: {error}")))
            })
            .collect()
    }

    /// The value of a parameter that may be given once.
    pub(in crate::http) fn take<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, InvalidRequest> {
        let mut values = self.each(name)?;
        if values.len() > 1 {
            return Err(InvalidRequest::Query(format!(
                "query parameter `{name}` is given more than once"
            )));
        }
        Ok(values.pop())
    }

    /// Whether a parameter is `true`; none where it isn't given.
    pub(in crate::http) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, InvalidRequest> {
        let given: Option<String> = self.take(name)?;
        match given.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(InvalidRequest::Query(format!(
                "invalid value {other:?} of query parameter `{name}`: expected true or false"
            ))),
        }
    }

    /// How many things an answer may hold at most.
    pub(in crate::http) fn limit(&mut self, most: usize, else_: usize) -> Result<usize, InvalidRequest> {
        let given: Option<String> = self.take("limit")?;
        let Some(given) = given else {
            return Ok(else_);
        };
        // `usize` would take a leading plus sign, which nobody means.
        let digits = given.bytes().all(|b| b.is_ascii_digit());
        let number = given
            .parse()
            .ok()
            .filter(|limit| digits && (1..=most).contains(limit));
        number.ok_or_else(|| {
            InvalidRequest::Query(format!(
                "invalid value {given:?} of query parameter `limit`: expected a whole number from 1 to {most}"
            ))
        })
    }

    /// Refuses what was not taken.
    pub(in crate::http) fn end(&self) -> Result<(), InvalidRequest> {
        let Some((name, _)) = self.given.first() else {
            return Ok(());
        };
        Err(InvalidRequest::Query(if self.known.is_empty() {
            format!("unknown query parameter {name:?}; this route allows none")
        } else {
            format!(
                "unknown query parameter {name:?}; this route allows {}",
                self.known.join(", ")
            )
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Prefix, Revision};
    use proptest::prelude::*;

    fn query(raw: &str) -> Query {
        Query::read(Some(raw)).expect(raw)
    }

    #[test]
    fn what_is_given_is_taken_and_the_rest_refused() {
        let mut some = query("revision=7&prefix=%2Fdb&prefix=/a&recursive=true&limit=3");
        assert_eq!(some.take("revision"), Ok(Some(Revision::new(7))));
        let prefixes: Vec<Prefix> = some.each("prefix").expect("prefixes");
        assert_eq!(prefixes.len(), 2);
        assert_eq!(some.flag("recursive"), Ok(Some(true)));
        assert_eq!(some.limit(10, 5), Ok(3));
        assert_eq!(some.end(), Ok(()));
        let mut none = Query::read(None).expect("nothing");
        assert_eq!(none.take::<Revision>("revision"), Ok(None));
        assert_eq!(none.limit(10, 5), Ok(5));
        assert_eq!(none.end(), Ok(()));
    }

    #[test]
    fn each_refusal_names_the_parameter() {
        let refused = |raw: &str, take: &dyn Fn(&mut Query) -> Result<(), InvalidRequest>| {
            let mut query = query(raw);
            let refusal = take(&mut query).and_then(|()| query.end()).expect_err(raw);
            refusal.to_string()
        };
        let revision = |query: &mut Query| query.take::<Revision>("revision").map(drop);
        assert!(refused("revision=1&revision=1", &revision).contains("`revision` is given more than once"));
        assert!(refused("revision=-1", &revision).contains("revision"));
        assert!(refused("revision=%2B1", &revision).contains("revision"));
        assert!(refused("revision=", &revision).contains("revision"));
        let unknown = refused("revison=1", &revision);
        assert!(
            unknown.contains("\"revison\"") && unknown.contains("allows revision"),
            "{unknown}"
        );
        assert!(refused("x", &|_| Ok(())).contains("allows none"));
        let flag = |query: &mut Query| query.flag("stored").map(drop);
        for raw in ["stored", "stored=1", "stored=TRUE", "stored=+true"] {
            assert!(refused(raw, &flag).contains("true or false"), "{raw}");
        }
        let limit = |query: &mut Query| query.limit(1000, 100).map(drop);
        for raw in [
            "limit=0",
            "limit=1001",
            "limit=x",
            "limit=%2B1",
            "limit=99999999999999999999",
        ] {
            assert!(refused(raw, &limit).contains("1 to 1000"), "{raw}");
        }
        Query::read(Some("a=%FF")).expect_err("no UTF-8");
    }

    proptest! {
        #[test]
        fn nothing_is_lost(pairs in proptest::collection::vec(("[a-z]{1,5}", "[a-z/%0-9]{0,5}"), 0..5)) {
            let encoded = pairs.iter().map(|(name, value)| format!("{name}={}", value.replace('%', "%25")));
            let raw = encoded.collect::<Vec<_>>().join("&");
            prop_assert_eq!(query(&raw).given, pairs);
        }

        #[test]
        fn nothing_breaks_it(raw in "\\PC{0,40}") {
            let _ = Query::read(Some(&raw));
        }
    }
}
