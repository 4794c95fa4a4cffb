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
use super::template_json::{json_container, json_scalar};
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
/// default. Truth values, whole numbers and null of json are themselves, so that they can be tested and counted, and objects
/// and arrays have members and items: `get("/db/settings").host`, `db.settings.hosts[0]`. All else is text as it is kept, and
/// so is a whole object or array where it is written. `json("/db/url")` gives a key's value as JSON, and the filter `json` makes JSON of any text.
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
        values: items
            .iter()
            .map(|(key, value)| (key.clone(), TemplateValue::of(value)))
            .collect(),
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
    let root = Shown::from_object(Branch::of(&all));
    environment.add_global("keys", Shown::from_dyn_object(all));
    environment
        .render_str(source, root)
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
    values: BTreeMap<Key, TemplateValue>,
}

/// A value, and the object or array that it is.
#[derive(Debug)]
struct TemplateValue {
    value: Value,
    container: Option<Shown>,
}

impl TemplateValue {
    fn of(value: &Value) -> Self {
        let json = value.as_text().filter(|_| value.kind() == ValueKind::Json);
        Self {
            container: json.and_then(json_container),
            value: value.clone(),
        }
    }
}

impl Keys {
    fn find(&self, name: &str) -> Result<(&Key, &TemplateValue), Error> {
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
    fn of(keys: &Keys) -> Self {
        let mut root = Self::default();
        for (key, value) in &keys.values {
            let Some(path) = keys.prefix.relative(key) else {
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

fn shown((key, found): (&Key, &TemplateValue)) -> Result<Shown, Error> {
    let value = &found.value;
    let Some(text) = value.as_text() else {
        let problem = format!("key {key} is bytes, which a template can't show");
        return Err(Error::new(minijinja::ErrorKind::NonPrimitive, problem));
    };
    Ok(match &found.container {
        Some(container) => container.clone(),
        None if value.kind() == ValueKind::Json => json_scalar(text.trim_ascii()),
        None => Shown::from(text),
    })
}

fn json((key, found): (&Key, &TemplateValue)) -> Result<Shown, Error> {
    let value = &found.value;
    shown((key, found)).map(|shown| match value.as_text() {
        Some(source) if value.kind() == ValueKind::Json => Shown::from(source.trim_ascii()),
        _ => Shown::from(JsonDocument::String(shown.to_string()).to_string()),
    })
}

#[cfg(test)]
mod tests;
