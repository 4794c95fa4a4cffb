//! The keys of a data file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::data_file;
use super::failure::Failure;
use crate::formats::{self, DataFormat, Layout};
use crate::model::{ErrorKind, Key, Prefix};
use crate::ops::DesiredValue;

/// The largest data file, in bytes: what a file of it takes in memory several times over still fits a small machine.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// Which file, and how it is read.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// File to read; - is stdin
    #[arg(short, long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// File format [default: by the file's extension]
    ///
    /// One of json, yaml, dotenv, docker-env, tfvars, properties, csv, shell, fish, github-env, k8s-secret and
    /// k8s-configmap. Required for stdin, docker-env, github-env and the Kubernetes formats, which have no extension of their own.
    #[arg(long, value_name = "FORMAT", requires = "data")]
    from: Option<DataFormat>,
    /// Read names as whole keys, not as folders
    ///
    /// By default a JSON or YAML file in which no name begins with a slash is nested: objects are folders.
    #[arg(long, requires = "data")]
    flat: bool,
}

impl FileArgs {
    /// Reads the file's keys and what they are to hold. With a prefix, its names are relative to it, and full keys
    /// must lie below it.
    pub(super) fn read(
        &self,
        prefix: Option<&Prefix>,
        config: &str,
    ) -> Result<BTreeMap<Key, DesiredValue>, Failure> {
        let Some(path) = &self.data else {
            return Err(Failure::usage("missing FILE").hint("give a file with -d FILE; -d - reads stdin"));
        };
        let format = match self.from {
            Some(format) => format,
            None => DataFormat::of_file(path).ok_or_else(|| {
                Failure::usage(format!(
                    "cannot determine the format of {} from its name",
                    path.display()
                ))
                .hint("set the format with --from: json, yaml, dotenv, tfvars, properties, csv, …")
            })?,
        };
        let bytes = data_file::read(path, "file", MOST_BYTES)?;
        let layout = Layout {
            prefix: prefix.cloned().unwrap_or_else(Prefix::all),
            relative: prefix.is_some(),
            nested: false,
            flat: self.flat,
            name: config.to_owned(),
        };
        let items = formats::read(format, &bytes, &layout).map_err(|error| {
            Failure::caused(
                ErrorKind::Invalid,
                format!("invalid data in {}", path.display()),
                &error,
            )
        })?;
        let mut wanted = BTreeMap::new();
        for (key, value) in items {
            if let Some(prefix) = prefix.filter(|prefix| !prefix.holds(&key)) {
                return Err(Failure::new(
                    ErrorKind::Invalid,
                    format!("{}: key {key} is not below {prefix}", path.display()),
                ));
            }
            wanted.insert(key, DesiredValue::from(value));
        }
        Ok(wanted)
    }
}
