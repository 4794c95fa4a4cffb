use super::refusal::Refusal;
use crate::model::{ConfigName, Key, Prefix, Section};

/// The longest path that is looked at, in bytes: a key of 512 bytes in the config and route with the longest names.
const MAX_BYTES: usize = 600;

const ROOT: &str = "@root";

/// What lies in one section, or below a prefix within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Within {
    /// The section.
    pub(super) section: Section,
    /// The prefix; everything for the root section, whose keys have none.
    pub(super) prefix: Prefix,
}

/// Refuses a path that isn't in canonical form, so that every path means one thing to whoever bounds a caller by paths.
pub(super) fn check(path: &str) -> Result<(), Refusal> {
    let refuse = |what: String| Err(Refusal::Path(format!("the path {what}")));
    if path.len() > MAX_BYTES {
        return refuse(format!(
            "has {} bytes; at most {MAX_BYTES} are allowed",
            path.len()
        ));
    }
    let Some(rest) = path.strip_prefix('/') else {
        return refuse("doesn't begin with a slash".into());
    };
    if path.contains('%') {
        return refuse(
            "holds `%`: a name holds no character that would need it, so write it as it is".into(),
        );
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/._:@-".contains(c);
    if let Some(character) = path.chars().find(|c| !allowed(*c)) {
        return refuse(format!(
            "holds {character:?}; it may hold A-Z, a-z, 0-9, `/`, `.`, `_`, `:`, `@` and `-`"
        ));
    }
    if path.contains("//") {
        return refuse("holds an empty segment (`//`)".into());
    }
    if path.len() > 1 && path.ends_with('/') {
        return refuse("ends with a slash".into());
    }
    match rest.split('/').find(|segment| matches!(*segment, "." | "..")) {
        Some(segment) => refuse(format!("holds the segment {segment:?}, which names nothing")),
        None => Ok(()),
    }
}

/// The config of a path `/v1/{config}/{route…}[/{tail…}]`, and its tail.
pub(super) fn named(path: &str) -> Result<(ConfigName, Option<&str>), Refusal> {
    let below = path.strip_prefix("/v1/").unwrap_or_default();
    let (config, route) = below.split_once('/').unwrap_or((below, ""));
    let config = config
        .parse()
        .map_err(|error| Refusal::Path(format!("{error}")))?;
    let tail = route.strip_prefix("datakeys/").unwrap_or(route).split_once('/');
    Ok((config, tail.map(|(_, tail)| tail)))
}

/// The section that a tail names.
pub(super) fn section(tail: &str) -> Result<Section, Refusal> {
    tail.parse().map_err(|error| Refusal::Path(format!("{error}")))
}

/// The key that a tail names, of the section that it names.
pub(super) fn key(tail: &str) -> Result<Key, Refusal> {
    let of_root = tail.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/'));
    let key: Key = of_root
        .unwrap_or(tail)
        .parse()
        .map_err(|error| Refusal::Path(format!("{error}")))?;
    match of_root {
        Some(rest) if !key.section().is_root() => Err(Refusal::Path(format!(
            "the key {key} is of the section {}, not of {ROOT}; its path ends with {rest}",
            key.section()
        ))),
        _ => Ok(key),
    }
}

/// The section, and the prefix within it, that a tail names.
pub(super) fn within(tail: &str) -> Result<Within, Refusal> {
    if tail == ROOT {
        return Ok(Within {
            section: Section::root(),
            prefix: Prefix::all(),
        });
    }
    let prefix: Prefix = tail.parse().map_err(|error| Refusal::Path(format!("{error}")))?;
    let section = prefix.section();
    let section = section.ok_or_else(|| Refusal::Path("no section is named".into()))?;
    Ok(Within { section, prefix })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_rule_names_what_is_wrong() {
        let long = format!("/v1/{}", "a".repeat(MAX_BYTES));
        for (path, named) in [
            ("", "begin with a slash"),
            ("*", "begin with a slash"),
            ("/v1/c/keys/a%2Fb", "`%`"),
            ("/v1/c/keys/%00", "`%`"),
            ("/v1/c/keys//a", "`//`"),
            ("//v1/c/keys/a", "`//`"),
            ("/v1/c/keys/a/", "ends with a slash"),
            ("/v1/c/keys/./a", "\".\""),
            ("/v1/c/keys/a/..", "\"..\""),
            ("/v1/c/keys/a b", "' '"),
            ("/v1/c/keys/a\u{e9}", "'é'"),
            ("/v1/c/keys/a;b", "';'"),
            ("/v1/c/keys/a\\b", "'\\\\'"),
            (long.as_str(), "600"),
        ] {
            let refusal = check(path).expect_err(path);
            assert!(refusal.to_string().contains(named), "{path}: {refusal}");
        }
        for path in ["/", "/healthz", "/v1/c/keys/@root/a", "/v1/c/keys/a.b/..c/x:y_z-"] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn the_longest_key_fits() {
        let key = format!("/{}", "k".repeat(Key::MAX_BYTES - 1));
        let config = "c".repeat(36);
        assert_eq!(check(&format!("/v1/{config}/datakeys/generate{key}")), Ok(()));
    }

    #[test]
    fn tails() {
        let tail = |path| named(path).expect(path).1;
        assert_eq!(tail("/v1/c/keys/db/url"), Some("db/url"));
        assert_eq!(tail("/v1/c/list"), None);
        assert_eq!(tail("/v1/c/datakeys/unwrap/db"), Some("db"));
        named("/v1/UPPER/list").expect_err("no config name");
        named("/v1").expect_err("no config");
    }

    #[test]
    fn a_key_is_of_the_section_that_its_path_names() {
        let of = |tail| key(tail).map(String::from);
        assert_eq!(of("mykey"), Ok("/mykey".into()));
        assert_eq!(of("@root/mykey"), Ok("/mykey".into()));
        assert_eq!(of("db/url"), Ok("/db/url".into()));
        for bad in [
            "@root/db/url",
            "@root",
            "@config/x",
            "db/@head",
            "@root/@root/x",
            "",
        ] {
            key(bad).expect_err(bad);
        }
        assert_eq!(section("@root"), Ok(Section::root()));
        section("db/url").expect_err("two segments");
        within("@root/x").expect_err("the root section has nothing below");
    }

    proptest! {
        #[test]
        fn whatever_is_served_names_the_section_of_its_key(tail in "(@root/)?[a-z@./%]{0,12}") {
            let path = format!("/v1/c/keys/{tail}");
            if check(&path).is_ok()
                && let Ok((_, Some(tail))) = named(&path)
                && let Ok(key) = key(tail)
            {
                let first = tail.split('/').next().unwrap_or_default();
                let alone = !tail.contains('/');
                let expected = if alone { Section::root() } else { section(first).expect("a section") };
                prop_assert_eq!(key.section(), expected);
            }
        }

        #[test]
        fn whatever_is_listed_lies_in_the_section_that_is_named(tail in "(@root|[a-z@./%]{0,12})(/[a-z.]{1,3})?") {
            if let Ok(within) = within(&tail) {
                let first = tail.trim_start_matches('/').split('/').next().unwrap_or_default();
                prop_assert_eq!(Ok(within.section.clone()), section(first));
                prop_assert!(Prefix::from(&within.section).covers(&within.prefix));
            }
        }

        #[test]
        fn no_path_breaks_it(path in "\\PC{0,40}") {
            let _ = check(&path);
            let _ = named(&path);
            let _ = key(&path);
            let _ = within(&path);
        }
    }
}
