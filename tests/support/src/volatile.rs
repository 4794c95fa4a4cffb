//! What differs from run to run in texts that are kept, and the files that they are kept in.

use insta::Settings;

/// Each a pattern and what it is shown as. Nothing else may differ.
const VOLATILE: &[(&str, &str)] = &[
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
    // Among others YAML quotes one that begins as a number does.
    (
        concat!(
            r#"(?m)^( *commit: )"?"#,
            "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            r#""?$"#
        ),
        "$1[ID]",
    ),
    (
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        "[ID]",
    ),
    (r"\bdcfg_[A-Za-z0-9_-]{43}", "[TOKEN]"),
    // What the system chooses; the default has four digits.
    (r"\b(127\.0\.0\.1|localhost|\[::1\]):\d{5}\b", "$1:[PORT]"),
    // Of content with secrets, each of which is encrypted anew. One of zeros is of a test.
    (r"\bsha256:0{0,7}[1-9a-f][0-9a-f]{56,63}\b", "sha256:[DIGEST]"),
    (r#"("?durationMs"?: ?)\d+"#, "$1[MS]"),
    // One system's number of it.
    (r"refused \(os error \d+\)", "refused (os error [ERRNO])"),
    (r"\b\d+/s\b", "[RATE]/s"),
    // Of a database file, which SQLite fills when it sees fit.
    (r"(\.db \(|\.db, |that it holds: )\d+ bytes", "$1[SIZE] bytes"),
    (r"(\.db with all data \()\d+", "$1[SIZE]"),
    (r#"("?\bbytes"?: ?)\d+"#, "$1[SIZE]"),
    // Of the emulator, each test's own; as wide as it is, for what stands in columns.
    (r"\b1000000\d{5}\b", "[ACCOUNT-ID]"),
    // The log of a server.
    (r"\b(\d{3}) [0-9.]+ms\b", "$1 [MS]ms"),
    (r#""ms":[0-9.]+"#, "\"ms\":[MS]"),
    // The age of an entry, in the listing that has it in a column of its own.
    (r"(?m)^( +(?:v\d+|-) +(?:r\d+|-)) +\d+[smhd] ", "$1  [AGE] "),
    (r"\(ttl \d+[smhd][0-9smh ]*\)", "(ttl [LEFT])"),
    // Relative times, in tables whose columns are as wide as they are.
    (r"\b(?:now|\d+ (?:s|min) ago)\b {2,}", "[AGO]  "),
    (r"(?m) {2}(?:now|\d+ (?:s|min) ago)$", "  [AGO]"),
    (r"\bin \d+ (?:s|min|h)\b {2,}", "[LEFT]  "),
    (r"\bretry in 1[12]\d s\b", "retry in [LEFT]"),
    (r"(?m)\bexpires in \d+ (?:s|min|h)$", "expires in [LEFT]"),
    (r"(WHEN|MODIFIED|EXPIRES)(␛\[0m)? {2,}", "$1$2  "),
    // A whole second begins between the machine's time and the one that AWS answers with.
    (r"\b1 s (?:ahead of|behind) AWS\b", "in sync with AWS"),
    (r"\bdiscfg-edit-\w{6}/", "discfg-edit-[RANDOM]/"),
    // Of a machine; the version is told before.
    (r"\[VERSION\] on \w+ \w+", "[VERSION] on [PLATFORM]"),
];

thread_local! {
    /// Patterns cost more to compile than to look for.
    static SETTINGS: Settings = settings();
}

fn settings() -> Settings {
    let mut settings = Settings::new();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let version = env!("CARGO_PKG_VERSION").replace('.', r"\.");
    settings.add_filter(&format!(r"\b{version}\b"), "[VERSION]");
    for (pattern, shown) in VOLATILE {
        settings.add_filter(pattern, *shown);
    }
    settings
}

/// Holds a text to the file `tests/snapshots/FOLDER/NAME.snap`.
#[track_caller]
pub fn keep(folder: &str, name: &str, text: &str) {
    let mut settings = SETTINGS.with(Settings::clone);
    settings.set_snapshot_path(format!("{}/../snapshots/{folder}", env!("CARGO_MANIFEST_DIR")));
    settings.bind(|| insta::assert_snapshot!(name, text));
}
