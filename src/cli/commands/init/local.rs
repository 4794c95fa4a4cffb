use std::env;
use std::path::Path;
use std::sync::Arc;

use super::result::next_step;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{EngineName, FoundTargetFile, SettingOrigin, Target, TargetFile, TrustedFiles};
use crate::engine::local::{LocalEngine, OpenMode};
use crate::engine::local_file;
use crate::model::{ErrorKind, SystemClock};
use crate::wire::result::LocalInitResult;

/// Creates the config's file, and a `.discfg` in this folder if it has none.
pub(super) fn run(
    target: &Target,
    dry_run: bool,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let config = target.config()?;
    let path = local_file(target)?;
    let result = if path.exists() { "unchanged" } else { "created" };
    let mut is_chosen_elsewhere = false;
    if !dry_run {
        LocalEngine::open(&path, OpenMode::Create, Arc::new(SystemClock), String::new())?;
        let folder = env::current_dir()
            .map_err(|error| Failure::internal("cannot determine the working directory", &error))?;
        // One of a folder above is of something else.
        match FoundTargetFile::read(&folder)? {
            None => choose(&folder, target, terminal)?,
            Some(own) => {
                let chosen = own.content_unjudged()?;
                if chosen.config.as_ref() != Some(config) || chosen.engine != Some(EngineName::Local) {
                    is_chosen_elsewhere = true;
                    terminal.hint(&format!(
                        "note: commands in this folder still use {}, from {}; to switch, run `discfg use {config} --local`",
                        chosen.config.map_or_else(|| "no config".to_owned(), |config| config.to_string()),
                        own.path().display()
                    ));
                }
            }
        }
    }
    let shape = LocalInitResult {
        action: "init",
        config: config.to_string(),
        result,
        file: path.display().to_string(),
    };
    let human = || format!("{config}: {result} ({})\n", shape.file);
    show(terminal, session.format(), &shape, human, || {
        format!("{result}\n").into_bytes()
    })?;
    if result == "created" && !dry_run {
        let is_chosen_elsewhere = is_chosen_elsewhere && matches!(target.engine.origin, SettingOrigin::Flag);
        let flag = if is_chosen_elsewhere { " --local" } else { "" };
        // The result comes first, also where both are seen on one terminal.
        terminal.flush()?;
        terminal.hint(&(next_step(config) + flag));
    }
    Ok(())
}

fn choose(folder: &Path, target: &Target, terminal: &Terminal) -> Result<(), Failure> {
    let file = TargetFile {
        config: target.config.as_ref().map(|setting| setting.value.clone()),
        engine: Some(EngineName::Local),
        ..TargetFile::default()
    };
    let file = file.write(folder).map_err(|error| {
        Failure::caused(ErrorKind::Internal, "cannot write .discfg in this folder", &error)
    })?;
    if let Err(error) = TrustedFiles::of_user().remember(&file) {
        tracing::debug!(%error, "the file can't be trusted");
    }
    terminal.hint(&format!(
        "{} now selects this config and the embedded engine",
        file.path().display()
    ));
    Ok(())
}
