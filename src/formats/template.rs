//! Templates that keys are put into.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Object, Value as Shown};
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};

use super::JsonDocument;
use super::template_bounds::excess;
use crate::model::{ErrorKind, Grouped, Key, Prefix, Value, ValueKind};

/// Why a template can't be rendered. No message contains a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid template at line {line}: {problem}")]
pub struct TemplateError {
    problem: String,
    line: usize,
}

impl TemplateError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

/// The work that a template can do, in minijinja's fuel: a step, or 64 bytes that it writes or puts together. So it
/// bounds the memory, too, and how deep lists in lists can get, which are written and dropped by recursion. Tens of
/// thousands of keys take half of it.
const MAX_WORK: usize = 700_000;
/// The text that takes all of it, in MB.
const MAX_TEXT: usize = MAX_WORK * 64 / 1_000_000;
/// A list that is put together of itself over and over is charged for only once it is written.
const MAX_TIME: Duration = Duration::from_secs(20);
/// What the deepest value takes that [`MAX_WORK`] can make: a level takes up to 295 bytes in a release, and 2,200 in a build
/// for debugging. Only as much as is used is ever there.
const STACK_BYTES: usize = if cfg!(debug_assertions) { 2048 } else { 256 } * 1024 * 1024;

/// Renders a template in Jinja's language (minijinja) over keys and values.
///
/// `get("/db/url")` and `keys["/db/url"]` look a key up, `{{ db.url }}` does by its path below the prefix; a name
/// without a leading slash is relative to the prefix. Unknown names are errors, but `get("/db/url", "none")` has a
/// default. Truth values, whole numbers and null of json are themselves, so that they can be tested and counted; all else
/// is text as it is kept. `json("/db/url")` gives a key's value as JSON, and the filter `json` makes JSON of any text.
/// Nothing is escaped by itself.
///
/// A template that does too much is an error. What it has begun then goes on in a thread that nobody waits for.
pub fn render(source: &str, items: &[(Key, Value)], prefix: &Prefix) -> Result<String, TemplateError> {
    render_within(MAX_TIME, source, items, prefix)
}

fn render_within(
    limit: Duration,
    source: &str,
    items: &[(Key, Value)],
    prefix: &Prefix,
) -> Result<String, TemplateError> {
    let (sender, receiver) = mpsc::channel();
    let (owned, kept, below) = (source.to_owned(), items.to_vec(), prefix.clone());
    let work = move || {
        // Whoever has stopped waiting wants no result.
        let _ = sender.send(render_bounded(&owned, &kept, &below));
    };
    let failed = |problem: String| TemplateError { problem, line: 1 };
    thread::Builder::new()
        .name("template".into())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map_err(|error| failed(format!("cannot start a thread: {error}")))?;
    match receiver.recv_timeout(limit) {
        Ok(rendered) => rendered,
        Err(RecvTimeoutError::Timeout) => Err(failed(format!(
            "rendering takes longer than {} s",
            limit.as_secs()
        ))),
        Err(RecvTimeoutError::Disconnected) => Err(failed("rendering failed".into())),
    }
}

fn render_bounded(source: &str, items: &[(Key, Value)], prefix: &Prefix) -> Result<String, TemplateError> {
    let all = Arc::new(Keys {
        prefix: prefix.clone(),
        values: items.iter().cloned().collect(),
    });
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MAX_WORK as u64));
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    let syntax = syntax.map_err(|error| explained(&error, source))?;
    if let Some((problem, line)) = excess(source, &syntax) {
        return Err(TemplateError { problem, line });
    }
    environment.set_syntax(syntax);
    environment.add_filter("json", |text: &Shown| {
        JsonDocument::String(text.to_string()).to_string()
    });
    let keys = Arc::clone(&all);
    environment.add_function("get", move |name: &str, default: Option<Shown>| {
        match (keys.find(name), default) {
            (Err(_), Some(default)) => Ok(default),
            (found, _) => found.and_then(shown),
        }
    });
    let keys = Arc::clone(&all);
    environment.add_function("json", move |name: &str| keys.find(name).and_then(json));
    environment.add_global("keys", Shown::from_dyn_object(all));
    environment
        .render_str(source, Shown::from_object(Branch::of(items, prefix)))
        .map_err(|error| explained(&error, source))
}

fn explained(error: &Error, source: &str) -> TemplateError {
    let name = error.range().and_then(|range| source.get(range)).map(str::trim);
    let problem = match (error.kind(), name) {
        (minijinja::ErrorKind::OutOfFuel, _) => {
            format!(
                "rendering exceeds the limit of {} steps or {MAX_TEXT} MB of text",
                Grouped(MAX_WORK)
            )
        }
        (minijinja::ErrorKind::WriteFailure, Some(name)) => {
            format!("{name} is a prefix, not a key")
        }
        (minijinja::ErrorKind::UndefinedError, Some(name)) if !name.is_empty() => {
            format!("{name} not found")
        }
        (minijinja::ErrorKind::InvalidOperation, Some(name)) if !name.is_empty() => {
            format!("cannot evaluate `{name}`: a value has the wrong type")
        }
        // What the parser says names signs of the template alone; what an operation says may show operands.
        (
            minijinja::ErrorKind::SyntaxError
            | minijinja::ErrorKind::NonPrimitive
            | minijinja::ErrorKind::UnknownFilter
            | minijinja::ErrorKind::UnknownTest
            | minijinja::ErrorKind::UnknownFunction
            | minijinja::ErrorKind::UnknownMethod
            | minijinja::ErrorKind::MissingArgument
            | minijinja::ErrorKind::TooManyArguments,
            _,
        ) => error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned),
        (kind, _) => kind.to_string(),
    };
    TemplateError {
        problem,
        line: error.line().unwrap_or(1),
    }
}

/// What all keys are looked up in.
#[derive(Debug)]
struct Keys {
    prefix: Prefix,
    values: BTreeMap<Key, Value>,
}

impl Keys {
    fn find(&self, name: &str) -> Result<(&Key, &Value), Error> {
        let full = if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("{}{name}", self.prefix.with_slash())
        };
        let found = full
            .parse::<Key>()
            .ok()
            .and_then(|key| self.values.get_key_value(&key));
        found.ok_or_else(|| Error::from(minijinja::ErrorKind::UndefinedError))
    }
}

impl Object for Keys {
    fn get_value(self: &Arc<Self>, name: &Shown) -> Option<Shown> {
        let found = self.find(name.as_str()?).ok()?;
        Some(shown(found).unwrap_or_else(Shown::from))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values.keys().map(|key| Shown::from(key.as_str())).collect())
    }
}

/// What lies below a path, and the value of the path itself if it is a key, too.
#[derive(Debug, Default)]
struct Branch {
    own: Option<Shown>,
    below: BTreeMap<String, Arc<Branch>>,
}

impl Branch {
    fn of(items: &[(Key, Value)], prefix: &Prefix) -> Self {
        let mut root = Self::default();
        for (key, value) in items {
            let Some(path) = prefix.relative(key) else {
                continue;
            };
            root.put(path, shown((key, value)).unwrap_or_else(Shown::from));
        }
        root
    }

    fn put(&mut self, path: &str, value: Shown) {
        let (segment, rest) = path
            .split_once('/')
            .map_or((path, None), |(first, rest)| (first, Some(rest)));
        let branch = self.below.entry(segment.to_owned()).or_default();
        // Nobody shares it yet.
        if let Some(branch) = Arc::get_mut(branch) {
            match rest {
                Some(rest) => branch.put(rest, value),
                None => branch.own = Some(value),
            }
        }
    }
}

impl Object for Branch {
    fn get_value(self: &Arc<Self>, name: &Shown) -> Option<Shown> {
        let branch = self.below.get(name.as_str()?)?;
        match &branch.own {
            Some(own) if branch.below.is_empty() => Some(own.clone()),
            _ => Some(Shown::from_dyn_object(Arc::clone(branch))),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.below.keys().map(|name| Shown::from(name.as_str())).collect())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.own {
            Some(own) => fmt::Display::fmt(own, f),
            None => Err(fmt::Error),
        }
    }
}

fn shown((key, value): (&Key, &Value)) -> Result<Shown, Error> {
    let Some(text) = value.as_text() else {
        let problem = format!("key {key} is bytes, which a template can't show");
        return Err(Error::new(minijinja::ErrorKind::NonPrimitive, problem));
    };
    if value.kind() != ValueKind::Json {
        return Ok(Shown::from(text));
    }
    Ok(match text.trim_ascii() {
        "null" => Shown::from(()),
        "true" => Shown::from(true),
        "false" => Shown::from(false),
        text => text
            .parse::<i64>()
            .map_or_else(|_| Shown::from(text), Shown::from),
    })
}

fn json((key, value): (&Key, &Value)) -> Result<Shown, Error> {
    shown((key, value)).map(|shown| match value.as_text() {
        Some(source) if value.kind() == ValueKind::Json => Shown::from(source.trim_ascii()),
        _ => Shown::from(JsonDocument::String(shown.to_string()).to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::items;
    use super::*;

    fn rendered(source: &str, prefix: &str) -> Result<String, String> {
        let items = items(&[
            ("/app/on", "json false"),
            ("/app/n", "json 5"),
            ("/app/rate", "json 1.10"),
            ("/db", "text above"),
            ("/db/read-url", "text <a & \"b\">"),
            ("/db/url", "text x"),
            ("/db/cfg", "json {\"a\": 1}"),
            ("/raw", "bytes hunter2"),
        ]);
        let prefix = prefix.parse().expect("a prefix");
        render(source, &items, &prefix).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_are_looked_up_in_three_ways() {
        for (source, prefix, wanted) in [
            ("{{ get(\"/db/url\") }} {{ get('db/url') }}\n", "/", "x x\n"),
            (
                "{{ get('/db/url', 'none') }} {{ get('/db/nosuch', 'none') }}\n",
                "/",
                "x none\n",
            ),
            ("{{ keys['/db/read-url'] }}", "/", "<a & \"b\">"),
            (
                "{{ db.url }} {{ db['read-url'] }} {{ db }}",
                "/",
                "x <a & \"b\"> above",
            ),
            ("{{ url }} {{ get('url') }} {{ get('/db/url') }}", "/db", "x x x"),
            (
                "{{ app.rate }} {{ app.n + 1 }}{% if app.on %}!{% endif %}",
                "/",
                "1.10 6",
            ),
            (
                "{% for key in keys %}{{ key }} {% endfor %}",
                "/",
                "/app/n /app/on /app/rate /db /db/cfg /db/read-url /db/url /raw ",
            ),
            (
                "{{ json('/db/read-url') }} {{ json('/db/cfg') }} {{ db.url | json }}",
                "/",
                "\"<a & \\\"b\\\">\" {\"a\": 1} \"x\"",
            ),
            ("{{ db.nope | default('d') }}", "/", "d"),
        ] {
            assert_eq!(rendered(source, prefix), Ok(wanted.to_owned()), "{source}");
        }
    }

    #[test]
    fn a_template_that_does_too_much_ends() {
        for source in [
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
            "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
            "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] | join %}{% endfor %}",
            "{{ 'x' * 999999999999 }}",
            "{{ 'x' * 400000000 }}",
            "{{ 'xxxxxxxx' | replace('x', 'y' * 100000000) }}",
            "{% for i in range(9999) %}{{ 'x' * 100000 }}{% endfor %}",
            "{{ '%999999999d' | format(1) }}",
        ] {
            let problem = rendered(source, "/").map(|text| text.len()).expect_err(source);
            assert!(
                problem.starts_with("invalid template at line 1: "),
                "{source}: {problem}"
            );
        }
        // It is put together before it is charged for; this one ends by itself within a minute.
        let lists = "{% set ns = namespace(x=[1]) %}{% for i in range(22) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}";
        let late = render_within(Duration::from_millis(50), lists, &[], &Prefix::all()).expect_err("late");
        assert!(late.to_string().contains("takes longer than"), "{late}");
        let much = "{% for i in range(50000) %}{{ db.url }}{% endfor %}";
        assert_eq!(rendered(much, "/").map(|text| text.len()), Ok(50_000));
    }

    /// What the parser calls itself for, once for each of so many.
    fn chains(count: usize) -> Vec<String> {
        let of = |link: &str| link.repeat(count);
        vec![
            format!("{{{{ {}1 }}}}", of("-")),
            format!("{{{{ \"}}}}\" {}1 }}}}", of("-")),
            format!("{{{{ '\\'}}}}' ~ {{'a': {{}}}} ~ {}1 }}}}", of("-")),
            format!("{{{{ {}true }}}}", of("not ")),
            format!("{{{{ 1{} }}}}", of("|abs")),
            format!("{{{{ a{} }}}}", of(".b")),
            format!("{{{{ a{} }}}}", of("[0]")),
            format!("{{{{ a{} }}}}", of("()")),
            format!("{{{{ 1{} }}}}", of("+1")),
            format!("{{{{ 1{} }}}}", of("**1")),
            format!("{{{{ 1{} }}}}", of("~1")),
            format!("{{{{ 1{} }}}}", of(" < 1")),
            format!("{{{{ 1{} }}}}", of(" and 1")),
            format!("{{{{ {}1 }}}}", of("1 if 1 else ")),
            format!("{{% if {}1 %}}{{% endif %}}", of("-")),
            format!("{{% set x = {}1 %}}", of("-")),
            format!("{{% filter abs{} %}}{{% endfilter %}}", of("|abs")),
        ]
    }

    #[test]
    fn lists_in_lists_end_within_the_stack() {
        let nest = format!("{}ns.x{}", "[".repeat(50), "]".repeat(50));
        let repeated = |times: usize, last: &str| {
            format!(
                "{{% set ns = namespace(x=[1]) %}}{{% for i in range({times}) %}}{{% set ns.x = {nest} %}}{{% endfor %}}{last}"
            )
        };
        let too_much =
            "invalid template at line 1: rendering exceeds the limit of 700,000 steps or 44 MB of text";
        assert_eq!(rendered(&repeated(90_000, ""), "/"), Err(too_much.into()));
        for last in ["{{ ns.x }}", "{{ ns.x|tojson }}", "{{ ns.x == [1] }}"] {
            let source = repeated(9_000, last);
            if let Err(problem) = rendered(&source, "/") {
                assert_eq!(problem, too_much);
            }
        }
    }

    #[test]
    fn a_chain_is_bounded() {
        for source in chains(30_000) {
            let start: String = source.chars().take(30).collect();
            let wanted = "invalid template at line 2: a tag is longer than 10,000 bytes";
            assert_eq!(
                rendered(&format!("\n{source}"), "/"),
                Err(wanted.into()),
                "{start}"
            );
        }
        // As many as fit in are rendered or refused.
        for (at, source) in chains(1).iter().enumerate() {
            let link = chains(2)[at].len() - source.len();
            let longest = chains((9_990 - source.len()) / link).swap_remove(at);
            if let Err(problem) = rendered(&longest, "/") {
                assert!(!problem.contains("longer"), "{problem}");
            }
        }
        let branches = |count| format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}\n".repeat(count));
        for source in [branches(999), branches(999).repeat(3)] {
            rendered(&source, "/").expect("not too many");
        }
        let wanted = "invalid template at line 1000: an if has more than 1,000 branches";
        assert_eq!(rendered(&branches(30_000), "/"), Err(wanted.into()));
        // What is no tag may be long.
        let long = "x".repeat(30_000);
        let text = format!("{long}{{# {long} #}}{{% raw %}}{{{{ {long} }}}}{{% endraw %}}");
        rendered(&text, "/").expect("only text");
    }

    #[test]
    fn what_can_not_be_rendered_says_what_and_where() {
        for (source, problem) in [
            ("\n{{ nope }}", "nope not found, at line 2"),
            ("{{ db.nope }}", "db.nope not found, at line 1"),
            ("{{ keys['/nope'] }}", "keys['/nope'] not found, at line 1"),
            ("a\nb\n{{ get('/nope') }}", "get('/nope') not found, at line 3"),
            (
                "{{ raw }}",
                "key /raw is bytes, which a template can't show, at line 1",
            ),
            (
                "{{ get('/raw') }}",
                "key /raw is bytes, which a template can't show, at line 1",
            ),
            ("{{ app }}", "app is a prefix, not a key, at line 1"),
            ("{{ db.url | nope }}", "filter nope is unknown, at line 1"),
            (
                "{{ db.url",
                "unexpected end of input, expected end of variable block, at line 1",
            ),
            ("{% include 'x' %}", "unknown statement include, at line 1"),
        ] {
            let (problem, line) = problem.rsplit_once(", at ").expect("a line");
            let wanted = format!("invalid template at {line}: {problem}");
            assert_eq!(rendered(source, "/"), Err(wanted), "{source}");
        }
    }
}
