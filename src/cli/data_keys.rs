//! The keys of a data file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::data_file;
use super::failure::Failure;
use crate::formats::{self, DataFormat, FileFormat, Layout};
use crate::model::{ErrorKind, ForeignValue, Key, Prefix, Secrecy, map_foreign};
use crate::ops::DesiredValue;
use crate::wire::RenamedKey;

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
    /// k8s-configmap, or consul for what `consul kv export` writes, and etcd for `etcdctl get --prefix -w json`. Required for
    /// stdin, docker-env, github-env, consul, etcd and the Kubernetes formats, which have no extension of their own.
    #[arg(long, value_name = "FORMAT")]
    pub(super) from: Option<FileFormat>,
    /// Read names as whole keys, not as folders
    ///
    /// By default a JSON or YAML file in which no name begins with a slash is nested: objects are folders.
    #[arg(long)]
    pub(super) flat: bool,
}

/// Keys that are read, and what they are to hold.
#[derive(Debug, Default)]
pub(super) struct FileKeys {
    pub(super) wanted: BTreeMap<Key, DesiredValue>,
    /// The keys whose names in the source differ.
    pub(super) renamed: Vec<RenamedKey>,
    /// Whether they come from another store, so that to find none is a fault.
    pub(super) is_foreign: bool,
}

impl FileArgs {
    /// The file that -d names.
    pub(super) fn path(&self) -> Result<&Path, Failure> {
        let path = self.data.as_deref();
        path.ok_or_else(|| Failure::usage("missing FILE").hint("give a file with -d FILE; -d - reads stdin"))
    }

    /// Reads the keys of the file and what they are to hold. With a prefix, its names are relative to it, and full keys
    /// must lie below it.
    pub(super) fn read(
        &self,
        path: &Path,
        prefix: Option<&Prefix>,
        config: &str,
    ) -> Result<FileKeys, Failure> {
        let format = self
            .from
            .or_else(|| DataFormat::of_file(path).map(FileFormat::Data));
        let format = format.ok_or_else(|| {
            Failure::usage(format!(
                "cannot determine the format of {} from its name",
                path.display()
            ))
            .hint("set the format with --from: json, yaml, dotenv, tfvars, properties, csv, …")
        })?;
        let bytes = data_file::read(path, "file", MOST_BYTES)?;
        let name = path.display().to_string();
        match format {
            FileFormat::Data(format) => self.of_data(format, &bytes, &name, prefix, config),
            FileFormat::Dump(format) => {
                let values = format.read(&bytes);
                let values = values.map_err(|error| {
                    let message = format!("invalid {format} data in {name}");
                    Failure::caused(ErrorKind::Invalid, message, &error)
                })?;
                FileKeys::of_foreign(values, &name, prefix)
            }
        }
    }

    /// Reads the keys of data that is called `name`.
    pub(super) fn of_data(
        &self,
        format: DataFormat,
        bytes: &[u8],
        name: &str,
        prefix: Option<&Prefix>,
        config: &str,
    ) -> Result<FileKeys, Failure> {
        let layout = Layout {
            prefix: prefix.cloned().unwrap_or_else(Prefix::all),
            relative: prefix.is_some(),
            nested: false,
            flat: self.flat,
            name: config.to_owned(),
        };
        let items = formats::read(format, bytes, &layout).map_err(|error| {
            let failure = Failure::caused(ErrorKind::Invalid, format!("invalid data in {name}"), &error);
            if format == DataFormat::Json && bytes.trim_ascii_start().starts_with(b"[") {
                failure.hint("a list of `consul kv export` is read with --from consul")
            } else {
                failure
            }
        })?;
        let mut wanted = BTreeMap::new();
        for (key, value) in items {
            if let Some(prefix) = prefix.filter(|prefix| !prefix.holds(&key)) {
                return Err(Failure::new(
                    ErrorKind::Invalid,
                    format!("{name}: key {key} is not below {prefix}"),
                ));
            }
            wanted.insert(key, DesiredValue::from(value));
        }
        Ok(FileKeys {
            wanted,
            ..FileKeys::default()
        })
    }
}

impl FileKeys {
    /// The keys that the names of another store become, all of them below the prefix.
    pub(super) fn of_foreign(
        values: Vec<ForeignValue>,
        source: &str,
        prefix: Option<&Prefix>,
    ) -> Result<Self, Failure> {
        let prefix = prefix.cloned().unwrap_or_else(Prefix::all);
        let mapped = map_foreign(values, &prefix).map_err(|error| {
            Failure::caused(ErrorKind::Invalid, format!("cannot import {source}"), &error)
        })?;
        let mut keys = Self {
            is_foreign: true,
            ..Self::default()
        };
        for (key, value) in mapped {
            if let Some(name) = value.renamed {
                keys.renamed.push(RenamedKey {
                    name,
                    key: key.to_string(),
                });
            }
            let secret = if value.secret {
                Secrecy::Secret
            } else {
                Secrecy::Keep
            };
            let value = DesiredValue {
                secret,
                ..DesiredValue::from(value.value)
            };
            keys.wanted.insert(key, value);
        }
        Ok(keys)
    }
}
