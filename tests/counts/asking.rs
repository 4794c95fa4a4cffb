//! What a call asks of AWS, seen by a proxy and told by `--stats`.

use serde_json::{Value, json};
use support::cli::Place;
use support::counts::Asked;
use support::proxy::Proxy;

/// A row, the exit code, and the call that it counts.
pub(super) type Row = (&'static str, i32, &'static [&'static str]);

/// What one unit reads, in bytes.
const ONE_UNIT: usize = 4096;

/// A proxy that tells the units of what the emulator tells none of.
pub(super) struct Watched<'p> {
    pub(super) proxy: &'p Proxy,
}

impl<'p> Watched<'p> {
    pub(super) fn through(proxy: &'p Proxy) -> Self {
        proxy.on("BatchGetItem").alter(|request, answer| {
            if request["ReturnConsumedCapacity"] == "TOTAL" {
                let tables = request["RequestItems"].as_object().into_iter().flatten();
                let told =
                    tables.map(|(table, keys)| json!({"TableName": table, "CapacityUnits": units(keys)}));
                answer["ConsumedCapacity"] = told.collect();
            }
        });
        Self { proxy }
    }

    /// The requests as they came, and the units that were told.
    #[track_caller]
    pub(super) fn asked(&self, place: &Place, code: i32, args: &[&str]) -> Asked {
        self.proxy.forget();
        // Before what `exec` runs.
        let args = [&args[..1], &["--stats"], &args[1..]].concat();
        let outcome = place.args(&args).run().code(code);
        let requests = self.proxy.operations();
        let told = told(outcome.errors());
        let (total, read, write) =
            told.unwrap_or_else(|| panic!("{args:?} tells no counts: {}", outcome.errors()));
        assert_eq!(
            total,
            requests.len(),
            "{args:?} tells another number: {requests:?}"
        );
        for request in self.proxy.requests() {
            // The emulator takes a page for one unit, however long it is.
            let page = request.answer_json();
            let items = page["Items"].as_array().into_iter().flatten();
            let bytes: usize = items.map(size).sum();
            assert!(bytes <= ONE_UNIT, "{args:?}: {bytes} bytes are no one unit");
        }
        Asked {
            requests,
            read,
            write,
        }
    }

    /// The last of the requests, a `BatchGetItem`.
    pub(super) fn of_last(&self) -> Asked {
        let last = self.proxy.requests().pop().expect("a request came");
        let tables = last.json();
        let tables = tables["RequestItems"].as_object().into_iter().flatten();
        Asked {
            requests: vec![last.operation],
            read: tables.map(|(_, keys)| units(keys)).sum(),
            write: 0.0,
        }
    }
}

/// What reading these keys of a table takes, each item small or absent: one unit, or half of one where it is eventual.
fn units(keys: &Value) -> f64 {
    let count = keys["Keys"].as_array().map_or(0, Vec::len);
    let count = f64::from(u32::try_from(count).expect("at most a hundred"));
    if keys["ConsistentRead"] == true {
        count
    } else {
        count / 2.0
    }
}

/// An item's size as DynamoDB reckons it, or more.
fn size(item: &Value) -> usize {
    let attributes = item.as_object().into_iter().flatten();
    let sizes = attributes.map(|(name, value)| {
        let texts = value.as_object().into_iter().flatten();
        let bytes = texts.map(|(_, value)| value.as_str().map_or_else(|| value.to_string().len(), str::len));
        name.len() + bytes.sum::<usize>()
    });
    sizes.sum()
}

/// The requests, the read units and the write units of `--stats`.
fn told(errors: &str) -> Option<(usize, f64, f64)> {
    let line = errors.lines().find_map(|line| line.strip_prefix("stats: "))?;
    let (requests, line) = line.split_once(" requests")?;
    let (_, line) = line.split_once("; ")?;
    let (read, line) = line.split_once(" read units, ")?;
    let (write, _) = line.split_once(" write units")?;
    Some((requests.parse().ok()?, read.parse().ok()?, write.parse().ok()?))
}

/// Ten keys in a file, by their names below a prefix.
pub(super) fn ten(place: &Place, name: &str, value: &str) {
    let keys: Vec<String> = (0..10).map(|n| format!("\"k{n}\": \"{value}\"")).collect();
    place.write(name, format!("{{{}}}", keys.join(", ")));
}
