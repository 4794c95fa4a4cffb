use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::args::DestroyArgs;
use super::result::{ask, end};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::Target;
use crate::engine::local::LocalEngine;
use crate::engine::local_file;
use crate::model::ErrorKind;
use crate::store::StoreError;
use crate::wire::result::{DestroyResult, DestroyedData};

/// Deletes the config's file.
pub(super) async fn run(
    args: &DestroyArgs,
    target: &Target,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let started = Instant::now();
    let config = target.config()?;
    let path = local_file(target)?;
    let key = LocalEngine::key_path_of(&path);
    let bytes = match fs::metadata(&path) {
        Ok(_) => Some(LocalEngine::bytes_of(&path)),
        // An earlier deletion was interrupted.
        Err(error) if error.kind() == io::ErrorKind::NotFound && key.exists() => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let place = path.display();
            return Err(Failure::new(
                ErrorKind::NotFound,
                format!("config \"{config}\" not found ({place})"),
            )
            .hint("list the configs with `discfg configs --local`"));
        }
        Err(error) => return Err(unusable(&path, error)),
    };
    LocalEngine::check_owner(&path)?;
    if !args.delete_data {
        return Err(Failure::usage(format!(
            "config \"{config}\" is local: it has no stack, only data"
        ))
        .hint(format!("add --delete-data to delete the file {}", path.display())));
    }
    terminal.hint(&format!("Destroying the config {config}:"));
    if let Some(bytes) = bytes {
        terminal.hint(&format!(
            "  delete   file {} with all data ({bytes} bytes)",
            path.display()
        ));
    }
    if key.exists() {
        terminal.hint(&format!("  delete   key file {} for its secrets", key.display()));
    }
    if args.dry_run {
        terminal.hint("Dry run: nothing was deleted.");
    } else {
        if !args.yes {
            ask(config, terminal).await?;
        }
        for file in LocalEngine::files_of(&path) {
            remove_file(&file)?;
        }
    }
    let shape = DestroyResult {
        action: "destroy",
        config: config.to_string(),
        result: if args.dry_run { "planned" } else { "destroyed" },
        stack: None,
        grants: Vec::new(),
        data: Some(DestroyedData {
            name: path.display().to_string(),
            deleted: !args.dry_run,
        }),
        duration_ms: started.elapsed().as_millis(),
    };
    end(&shape, session, terminal)
}

/// Removes a file if it exists.
fn remove_file(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(path, error)),
        _ => Ok(()),
    }
}

fn unusable(path: &Path, error: std::io::Error) -> Failure {
    StoreError::File {
        path: path.to_owned(),
        source: error.into(),
    }
    .into()
}
