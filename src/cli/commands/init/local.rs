use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::result::next_step;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::overriding::overriding_variables;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{EngineName, FoundTargetFile, Setting, SettingOrigin, Target, TargetFile, TrustedFiles};
use crate::engine::local::{LocalEngine, OpenMode};
use crate::engine::local_file;
use crate::model::{ConfigName, ErrorKind, HistoryDays, SystemClock};
use crate::store::{Admin as _, Meta};
use crate::wire::result::LocalInitResult;

/// The config of a call that names none, which only a local one may leave out: that of the environment or of this folder's
/// own `.discfg`, else the one that has the folder's name.
pub(super) fn config_of_folder(target: &Target) -> Result<Setting<ConfigName>, Failure> {
    if target.engine.value != EngineName::Local {
        return Err(Failure::usage("no config given")
            .hint("name it: `discfg init CONFIG`")
            .hint("only --local has a default, the folder's name"));
    }
    let folder = working_folder()?;
    if let Some(config) = &target.config {
        let is_own = match &config.origin {
            SettingOrigin::File(file) => file.parent() == Some(&folder),
            _ => true,
        };
        if is_own {
            return Ok(config.clone());
        }
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let config = name.parse::<ConfigName>().map_err(|error| {
        let near = near_name(&name).map_or_else(|| "CONFIG".into(), String::from);
        Failure::caused(
            ErrorKind::Usage,
            "cannot name the config after this folder",
            &error,
        )
        .hint(format!("name it: `discfg init {near} --local`"))
    })?;
    Ok(Setting {
        value: config,
        origin: SettingOrigin::Default,
    })
}

/// The config name that is nearest to a folder's, if there is one.
fn near_name(folder: &str) -> Option<ConfigName> {
    let words = folder.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let name = words.join("-").to_ascii_lowercase();
    name.parse().ok()
}

fn working_folder() -> Result<PathBuf, Failure> {
    env::current_dir().map_err(|error| Failure::internal("cannot determine the working directory", &error))
}

/// Creates the config's file, or sets its days of history, and writes a `.discfg` in this folder if it has none.
pub(super) async fn run(
    target: &Target,
    history_days: Option<HistoryDays>,
    dry_run: bool,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let config = target.config()?;
    let path = local_file(target)?;
    let open = |mode| LocalEngine::open(&path, mode, Arc::new(SystemClock), String::new());
    let is_new = !path.exists() || holds_nothing(&path);
    let engine = if dry_run {
        (!is_new).then(|| open(OpenMode::Read)).transpose()?
    } else {
        Some(open(OpenMode::Create)?)
    };
    let meta = match &engine {
        Some(engine) => engine.meta().await?.unwrap_or_default(),
        None => Meta::default(),
    };
    let wanted = Meta {
        history_days: history_days.map_or(meta.history_days, HistoryDays::get),
        ..meta
    };
    let result = match (is_new, wanted == meta) {
        (true, _) => "created",
        (false, false) => "updated",
        (false, true) => "unchanged",
    };
    let mut is_chosen_elsewhere = false;
    if let (Some(engine), false) = (engine, dry_run) {
        if wanted != meta {
            engine.write_meta(wanted).await?;
        }
        is_chosen_elsewhere = !choose_here(target, terminal)?;
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

/// Whether nothing was ever written into the file. What was may still be in the one beside it.
fn holds_nothing(path: &Path) -> bool {
    let is_empty = |path: &Path| fs::metadata(path).map_or(true, |file| file.len() == 0);
    is_empty(path) && is_empty(&path.with_extension("db-wal"))
}

/// Selects the config in this folder, unless that has a `.discfg` of its own, and says whether it is selected. A file of a
/// folder above is of something else.
fn choose_here(target: &Target, terminal: &Terminal) -> Result<bool, Failure> {
    let (folder, config) = (working_folder()?, target.config()?);
    let overriding = overriding_variables(config, &EngineName::Local);
    if let Some(own) = FoundTargetFile::read(&folder)? {
        if let Some(note) = overriding {
            terminal.hint(&note);
            return Ok(false);
        }
        let chosen = own.content_unjudged()?;
        let is_chosen = chosen.config.as_ref() == Some(config) && chosen.engine == Some(EngineName::Local);
        if !is_chosen {
            terminal.hint(&format!(
                "note: commands in this folder still use {}, from {}; to switch, run `discfg use {config} --local`",
                chosen.config.map_or_else(|| "no config".to_owned(), |config| config.to_string()),
                own.path().display()
            ));
        }
        return Ok(is_chosen);
    }
    let file = TargetFile {
        config: target.config.as_ref().map(|setting| setting.value.clone()),
        engine: Some(EngineName::Local),
        ..TargetFile::default()
    };
    let file = file.write(&folder).map_err(|error| {
        Failure::caused(ErrorKind::Invalid, "cannot write .discfg in this folder", &error)
    })?;
    if let Err(error) = TrustedFiles::of_user().remember(&file) {
        tracing::debug!(%error, "the file can't be trusted");
    }
    let now = if overriding.is_some() { "" } else { "now " };
    terminal.hint(&format!(
        "{} {now}selects this config and the embedded engine",
        file.path().display()
    ));
    if let Some(note) = &overriding {
        terminal.hint(note);
    }
    Ok(overriding.is_none())
}
