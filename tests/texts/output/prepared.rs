//! The config that the sessions are about.

use std::fs;
use std::sync::LazyLock;

use support::cli::Place;
use support::config::embedded;
use support::transcript::Transcript;

/// A key of each kind, in three sections and at the root.
const CONTENT: &str = r#"
set -e
discfg set mode staging
discfg set mode production
discfg set app/name shop
discfg set app/greeting "Good morning,
world"
discfg set db/url postgres://db.internal/shop
discfg set db/pool '{"size": 10, "ratio": 1.10}'
discfg set db/password hunter2 --secret
printf '\377\000' | discfg set db/salt -d -
discfg set services/web/1 10.0.0.7:80 --ttl 1h
"#;

/// The files of a config that holds it, which costs more to make than to copy.
static MADE: LazyLock<Place> = LazyLock::new(|| {
    let place = embedded().env("USER", "ada");
    place.shell(CONTENT).run().code(0);
    place
});

/// A config with keys of every kind.
pub(crate) fn prepared() -> Place {
    let place = embedded().env("USER", "ada");
    let data = |place: &Place| place.home().join("data/discfg");
    for file in fs::read_dir(data(&MADE)).expect("a folder").flatten() {
        let name = file.file_name();
        // What SQLite shares among processes is of one file alone, and is made anew.
        if !name.to_string_lossy().ends_with("-shm") {
            fs::copy(file.path(), data(&place).join(name)).expect("a copy");
        }
    }
    place
}

/// Runs a script there and holds what is seen to the file of that name.
#[track_caller]
pub(crate) fn session(name: &str, script: &str) {
    session_at(&prepared(), name, script);
}

/// The same in a place of one's own.
#[track_caller]
pub(crate) fn session_at(place: &Place, name: &str, script: &str) {
    Transcript::of(place).script(script).keep("output", name);
}
