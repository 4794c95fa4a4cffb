//! The config that the sessions are about.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
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

/// The files of a config that holds it, by name: to make them costs more than to write them.
static MADE: LazyLock<Vec<(OsString, Vec<u8>)>> = LazyLock::new(|| {
    let place = embedded().env("USER", "ada");
    place.shell(CONTENT).run().code(0);
    let files = fs::read_dir(data(&place)).expect("a folder").flatten();
    // What SQLite shares among processes is of one file alone, and is made anew.
    let lasting = files.filter(|file| !file.file_name().to_string_lossy().ends_with("-shm"));
    let read = |path: PathBuf| fs::read(path).expect("a file");
    lasting
        .map(|file| (file.file_name(), read(file.path())))
        .collect()
});

fn data(place: &Place) -> PathBuf {
    place.home().join("data/discfg")
}

/// A config with keys of every kind.
pub(crate) fn prepared() -> Place {
    let place = embedded().env("USER", "ada");
    for (name, content) in MADE.iter() {
        let file = data(&place).join(name);
        fs::write(&file, content).expect("a file");
        // As discfg makes them.
        fs::set_permissions(file, Permissions::from_mode(0o600)).expect("its owner may");
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
