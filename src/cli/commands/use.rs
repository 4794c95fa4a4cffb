use std::env;

use clap::Args;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{ConfigName, Kind};
use crate::target::{EngineName, FILE_NAME, TargetFile, Trust};

/// Choose the config for this folder
///
/// Writes .discfg into the working folder and makes no request. The engine, region, profile and --as given with
/// it are kept in the file; those not given stay as the folder's .discfg has them.
#[derive(Debug, Args)]
#[command(override_usage = "discfg use [OPTIONS] CONFIG\n       discfg use --trust")]
pub(in crate::cli) struct UseArgs {
    /// The config
    #[arg(value_name = "CONFIG", required_unless_present = "trust")]
    name: Option<ConfigName>,
    /// Trust the .discfg in force as it is now, after you have read it
    #[arg(long, conflicts_with = "name")]
    trust: bool,
}

#[derive(Serialize)]
struct Used {
    action: &'static str,
    file: String,
    #[serde(flatten)]
    content: TargetFile,
}

pub(in crate::cli) fn run(
    args: UseArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(args.name.clone())?;
    let folder =
        env::current_dir().map_err(|error| Failure::internal("the working folder can't be found", &error))?;
    let trust = Trust::of_user();
    let (path, content) = match args.name {
        None => TargetFile::find(&folder)?.ok_or_else(|| {
            Failure::new(
                Kind::NotFound,
                format!("there is no {FILE_NAME} from here upwards"),
            )
        })?,
        Some(name) => {
            let content = merged(name, session, &folder, &trust);
            let path = content.write(&folder).map_err(|error| {
                Failure::caused(
                    Kind::Invalid,
                    format!("can't write {}", folder.join(FILE_NAME).display()),
                    &error,
                )
            })?;
            (path, content)
        }
    };
    if let Err(error) = trust.remember(&path) {
        terminal.hint(&format!(
            "note: {} can't be remembered as yours: {error}",
            path.display()
        ));
    }
    let config = content
        .config
        .as_ref()
        .map_or_else(|| "no config".to_owned(), ToString::to_string);
    let human = format!("{}: {config}{}\n", path.display(), details(&content));
    let shape = Used {
        action: "use",
        file: path.display().to_string(),
        content,
    };
    show(
        terminal,
        session.format(),
        &shape,
        || human,
        || format!("{config}\n").into_bytes(),
    )
}

/// What is given with the call, and beside it what the folder's own file has, as far as that is trusted.
fn merged(name: ConfigName, session: &Session, folder: &std::path::Path, trust: &Trust) -> TargetFile {
    let global = session.global();
    let path = folder.join(FILE_NAME);
    let kept = match TargetFile::find(folder) {
        Ok(Some((found, file))) if found == path && trust.holds(&path) => file,
        // A file that can't be read is being replaced.
        _ => TargetFile::default(),
    };
    let engine = if global.local {
        Some(EngineName::Local)
    } else {
        global.engine.clone()
    };
    TargetFile {
        config: Some(name),
        engine: engine.or(kept.engine),
        region: global.region.clone().or(kept.region),
        profile: global.profile.clone().or(kept.profile),
        role: global.role.clone().or(kept.role),
    }
}

fn details(file: &TargetFile) -> String {
    let parts: Vec<String> = [
        file.engine.as_ref().map(|engine| format!("engine {engine}")),
        file.region.as_ref().map(|region| format!("region {region}")),
        file.profile.as_ref().map(|profile| format!("profile {profile}")),
        file.role.as_ref().map(|role| format!("as {role}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}
