use crate::http::invalid_request::InvalidRequest;
use crate::model::{ConfigName, Key, Section, SectionPart};

/// The longest path that is looked at, in bytes: a key of 512 bytes in the config and route with the longest names.
const MAX_BYTES: usize = 600;

/// What stands in the place of a section where a request is about all of them. No section is called so.
const CONFIG: &str = "@config";
/// The same where it is about data keys, so that no path that opens a section opens them, too.
const DATA_KEYS: &str = "@datakeys";

/// What a path below `/v1/` names: `/v1/{config}/{place}/{route}[/{rest…}]`.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct ParsedPath<'p> {
    /// The config.
    pub(in crate::http) config: ConfigName,
    /// What in the config.
    pub(in crate::http) scope: PathScope,
    /// What follows the route.
    pub(in crate::http) rest: Option<&'p str>,
}

/// What in a config a path is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum PathScope {
    /// One section.
    Section(Section),
    /// All sections.
    Config,
    /// Data keys, of the section that the rest of the path names.
    DataKeys,
}

/// Refuses a path that isn't in canonical form, so that a policy that bounds a caller by paths means what is served.
pub(in crate::http) fn check(path: &str) -> Result<(), InvalidRequest> {
    let refuse = |what: String| Err(InvalidRequest::Path(format!("invalid path: {what}")));
    if path.len() > MAX_BYTES {
        return Err(InvalidRequest::Path(format!(
            "path too long: {} bytes; the limit is {MAX_BYTES}",
            path.len()
        )));
    }
    let Some(rest) = path.strip_prefix('/') else {
        return refuse("must start with `/`".into());
    };
    if path.contains('%') {
        return refuse("`%` is not allowed; write each character as it is".into());
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/._:@-".contains(c);
    if let Some(character) = path.chars().find(|c| !allowed(*c)) {
        return refuse(format!(
            "{character:?} is not allowed; use A-Z, a-z, 0-9, `/`, `.`, `_`, `:`, `@` and `-`"
        ));
    }
    if path.contains("//") {
        return refuse("empty segment (`//`)".into());
    }
    if path.len() > 1 && path.ends_with('/') {
        return refuse("must not end with `/`".into());
    }
    match rest.split('/').find(|segment| matches!(*segment, "." | "..")) {
        Some(segment) => refuse(format!("the segment {segment:?} is not allowed")),
        None => Ok(()),
    }
}

/// What the path names.
pub(in crate::http) fn parse(path: &str) -> Result<ParsedPath<'_>, InvalidRequest> {
    let mut segments = path.strip_prefix("/v1/").unwrap_or_default().splitn(4, '/');
    let mut next = || segments.next();
    let config = next().unwrap_or_default().parse().map_err(refused)?;
    let scope = match next().unwrap_or_default() {
        CONFIG => PathScope::Config,
        DATA_KEYS => PathScope::DataKeys,
        section => PathScope::Section(parse_section(section)?),
    };
    let rest = next().and_then(|_route| next());
    Ok(ParsedPath { config, scope, rest })
}

/// The section of that name.
pub(in crate::http) fn parse_section(name: &str) -> Result<Section, InvalidRequest> {
    name.parse().map_err(refused)
}

/// The key of a section that ends with the rest of a path.
pub(in crate::http) fn key(section: &Section, rest: &str) -> Result<Key, InvalidRequest> {
    let key: Key = in_section(section, rest).parse().map_err(refused)?;
    // Keys of the root section have one segment.
    if key.section() != *section {
        let of = key.section();
        return Err(InvalidRequest::Path(format!(
            "key {key} belongs to section {of}, not to {section}"
        )));
    }
    Ok(key)
}

/// What lies in a section, below the rest of a path if there is one.
pub(in crate::http) fn within(section: Section, rest: Option<&str>) -> Result<SectionPart, InvalidRequest> {
    match rest {
        None => Ok(section.into()),
        Some(_) if section.is_root() => Err(InvalidRequest::Path(format!(
            "invalid path: {section} has no keys below a key"
        ))),
        Some(rest) => {
            let prefix = in_section(&section, rest).parse().map_err(refused)?;
            Ok(SectionPart::new(section, prefix))
        }
    }
}

fn in_section(section: &Section, rest: &str) -> String {
    if section.is_root() {
        format!("/{rest}")
    } else {
        format!("{section}/{rest}")
    }
}

fn refused(error: impl std::error::Error) -> InvalidRequest {
    InvalidRequest::Path(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Prefix;
    use proptest::prelude::*;

    #[test]
    fn each_rule_names_what_is_wrong() {
        let long = format!("/v1/{}", "a".repeat(MAX_BYTES));
        for (path, named) in [
            ("", "must start with `/`"),
            ("*", "must start with `/`"),
            ("/v1/c/a/keys/a%2Fb", "`%`"),
            ("/v1/c/a/keys/%00", "`%`"),
            ("/v1/c/a/keys//a", "`//`"),
            ("//v1/c/a/keys/a", "`//`"),
            ("/v1/c/a/keys/a/", "must not end with `/`"),
            ("/v1/c/a/keys/./a", "\".\""),
            ("/v1/c/a/keys/..", "\"..\""),
            ("/v1/c/a/keys/a b", "' '"),
            ("/v1/c/a/keys/a\u{e9}", "'é'"),
            ("/v1/c/a/keys/a;b", "';'"),
            ("/v1/c/a/keys/a\\b", "'\\\\'"),
            (long.as_str(), "600"),
        ] {
            let refusal = check(path).expect_err(path);
            assert!(refusal.to_string().contains(named), "{path}: {refusal}");
        }
        for path in ["/", "/healthz", "/v1/c/@root/keys/a", "/v1/c/a.b/keys/..c/x:y_z-"] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn the_longest_key_fits() {
        let config = "c".repeat(36);
        let section = "s".repeat(Key::MAX_BYTES - 1);
        let half = "s".repeat(Key::MAX_BYTES / 2 - 1);
        for path in [
            format!("/v1/{config}/{half}/snapshot/{half}"),
            format!("/v1/{config}/@root/history/{section}"),
            format!("/v1/{config}/@datakeys/generate/{section}"),
        ] {
            assert_eq!(check(&path), Ok(()), "{path}");
        }
    }

    fn of(section: &str) -> Section {
        section.parse().expect(section)
    }

    #[test]
    fn a_path_names_a_config_a_place_in_it_and_what_follows_the_route() {
        let parts = |path| parse(path).map(|named| (named.scope, named.rest));
        let section = |name| PathScope::Section(of(name));
        assert_eq!(parts("/v1/c/db/keys/url"), Ok((section("db"), Some("url"))));
        assert_eq!(parts("/v1/c/db/keys/a/b"), Ok((section("db"), Some("a/b"))));
        assert_eq!(parts("/v1/c/db/list"), Ok((section("db"), None)));
        assert_eq!(
            parts("/v1/c/@root/keys/mode"),
            Ok((section("@root"), Some("mode")))
        );
        assert_eq!(parts("/v1/c/@config/list"), Ok((PathScope::Config, None)));
        assert_eq!(
            parts("/v1/c/@datakeys/unwrap/db"),
            Ok((PathScope::DataKeys, Some("db")))
        );
        for bad in [
            "/v1",
            "/v1/c",
            "/v1/UPPER/db/list",
            "/v1/c/@meta/heads",
            "/v1/c//list",
        ] {
            parse(bad).expect_err(bad);
        }
    }

    #[test]
    fn a_key_is_of_the_section_that_its_path_names() {
        let key = |section, rest| key(&of(section), rest).map(String::from);
        assert_eq!(key("@root", "mykey"), Ok("/mykey".into()));
        assert_eq!(key("db", "url"), Ok("/db/url".into()));
        assert_eq!(key("db", "a/b"), Ok("/db/a/b".into()));
        for (section, rest) in [
            ("@root", "db/url"),
            ("@root", "@root"),
            ("@root", ""),
            ("db", "@head"),
            ("db", ""),
            ("db", "../app"),
        ] {
            key(section, rest).expect_err(rest);
        }
        parse_section("db/url").expect_err("two segments");
        within(Section::root(), Some("x")).expect_err("the root section has nothing below");
    }

    proptest! {
        #[test]
        fn whatever_is_served_lies_in_the_section_that_is_named(
            section in "@root|@config|[a-z@.]{1,4}",
            rest in "[a-z@./%]{0,12}",
        ) {
            let path = format!("/v1/c/{section}/keys/{rest}");
            if check(&path).is_ok()
                && let Ok(ParsedPath { scope: PathScope::Section(named), rest: Some(rest), .. }) = parse(&path)
            {
                prop_assert_eq!(named.as_str().trim_start_matches('/'), section);
                if let Ok(key) = key(&named, rest) {
                    prop_assert_eq!(key.section(), named.clone());
                    prop_assert!(key.as_str().ends_with(rest));
                }
                if let Ok(within) = within(named.clone(), Some(rest)) {
                    prop_assert!(Prefix::from(&named).covers(within.prefix()));
                }
            }
        }

        #[test]
        fn no_path_breaks_it(path in "\\PC{0,40}") {
            let _ = check(&path);
            let _ = parse(&path);
            let _ = key(&Section::root(), &path);
            let _ = within(of("db"), Some(&path));
        }
    }
}
