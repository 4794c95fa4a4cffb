use std::env;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::check::limited;
use crate::aws;
use crate::cli::failure::Failure;
use crate::context::{FoundTargetFile, Target, TrustedFiles};
use crate::engine::local::{LocalEngine, OpenMode};
use crate::engine::local_file;
use crate::files;
use crate::model::SystemClock;
use crate::store::StoreError;
use crate::wire::result::Check;

pub(super) fn version() -> Check {
    Check::ok(
        "version",
        format!(
            "discfg {} on {} {}",
            env!("CARGO_PKG_VERSION"),
            env::consts::OS,
            env::consts::ARCH
        ),
    )
}

/// Which config and engine are in force, and whose file says so.
pub(super) fn settings(target: &Target) -> Vec<Check> {
    let config = match &target.config {
        Some(config) => Check::ok("config", format!("{}, from {}", config.value, config.origin)),
        None => Check::warn("config", "none selected: checks that need one are skipped")
            .fix("run `discfg doctor CONFIG`, or select one with `discfg use CONFIG`"),
    };
    let engine = Check::ok(
        "engine",
        format!("{}, from {}", target.engine.value, target.engine.origin),
    );
    let file = match &target.file {
        None => Check::ok(".discfg", "none"),
        Some(path) if is_trusted(path) => Check::ok(".discfg", format!("{}, trusted", path.display())),
        Some(path) => Check::ok(
            ".discfg",
            format!(
                "{}, not trusted: it can select the config, region and role, but not where data is read from",
                path.display()
            ),
        ),
    };
    vec![config, engine, file]
}

/// Whether the user wrote the `.discfg`, or trusts it, as it is now.
fn is_trusted(path: &Path) -> bool {
    let found = path
        .parent()
        .and_then(|folder| FoundTargetFile::read(folder).ok()?);
    found.is_some_and(|found| TrustedFiles::of_user().holds(&found))
}

/// Whether others on this machine could read the credentials that are kept.
pub(super) fn cache() -> Check {
    let Some(folder) = aws::cache_folder() else {
        return Check::warn("cache", "no home directory: nothing is cached between commands")
            .fix("set HOME or XDG_CACHE_HOME: cached role credentials save two requests per command");
    };
    let shown = folder.display();
    let files = match fs::read_dir(&folder) {
        Ok(files) => files,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Check::ok("cache", format!("{shown} (created on first use)"));
        }
        Err(error) => {
            return Check::fail("cache", format!("cannot read {shown}: {error}"))
                .fix(format!("chown -R \"$(id -u)\" {shown}"));
        }
    };
    let others = files
        .flatten()
        .map(|file| file.path())
        .chain([folder.clone()])
        .any(|path| is_open_to_others(&path));
    if others {
        Check::fail(
            "cache",
            format!("{shown} contains credentials and is readable by other users"),
        )
        .fix(format!("chmod -R go= {shown}"))
    } else {
        Check::ok("cache", format!("{shown}, accessible only to you"))
    }
}

/// The folder and the file of the embedded engine.
pub(super) async fn embedded(target: &Target, checks: &mut Vec<Check>) {
    let Some(folder) = &target.data_dir else {
        checks.push(Check::fail("data", "no data directory").fix("set DISCFG_DATA_DIR, or HOME"));
        return;
    };
    checks.push(Check::ok("data", folder.display().to_string()));
    let (Some(config), Ok(path)) = (&target.config, local_file(target)) else {
        return;
    };
    let shown = path.display();
    let opened = LocalEngine::open(&path, OpenMode::Read, Arc::new(SystemClock), String::new());
    let engine = match opened {
        Ok(engine) => engine,
        Err(error) => {
            let fix = match &error {
                StoreError::NoConfig { .. } => {
                    format!("create it with `discfg init {} --local`", config.value)
                }
                StoreError::Layout { .. } => "update discfg".into(),
                error => {
                    files::mend(error).unwrap_or_else(|| format!("check {shown}, or restore it from a copy"))
                }
            };
            let mut failure = Failure::from(error);
            failure.hints = vec![fix];
            checks.push(Check::failed("file", super::CheckStatus::Fail, failure));
            return;
        }
    };
    checks.push(if is_open_to_others(&path) {
        Check::warn("file", format!("{shown} is readable by other users")).fix(format!("chmod 600 {shown}"))
    } else {
        Check::ok("file", format!("{shown}, accessible only to you"))
    });
    let key = LocalEngine::key_path_of(&path);
    if key.exists() {
        let shown = key.display();
        checks.push(if is_open_to_others(&key) {
            Check::fail(
                "key",
                format!("{shown} decrypts the secrets and is readable by other users"),
            )
            .fix(format!("chmod 600 {shown}"))
        } else {
            Check::ok("key", format!("{shown}, accessible only to you"))
        });
    }
    checks.push(match limited("integrity", engine.integrity_fault()).await {
        Err(check) => check,
        Ok(Ok(None)) => Check::ok("integrity", "SQLite's integrity check passed"),
        Ok(Ok(Some(fault))) => Check::fail("integrity", fault).fix(format!(
            "save what is readable with `discfg export -f json`, then restore {shown} from a copy"
        )),
        Ok(Err(error)) => Check::failed("integrity", super::CheckStatus::Fail, error.into()),
    });
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
