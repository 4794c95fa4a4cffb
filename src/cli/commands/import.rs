use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::cli::data_keys::{FileArgs, FileKeys};
use crate::cli::failure::{Failure, Stop};
use crate::cli::help::{CONFIG, GlobalsLast as _, positionals};
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::positionals::{config_beside_options, parse};
use crate::cli::secret_args::SecretArgs;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::formats::{DataFormat, FileFormat};
use crate::model::{Access, ConfigName, ErrorKind, Prefix};
use crate::ops::Plan;
use crate::sources::{AppConfigContent, RemoteSource, read_app_config, read_parameters, read_secrets};

const EXAMPLES: &str = "\
Examples:
  discfg import payments .env --prefix /app
  discfg import backup.json --batch
  discfg import ssm:/prod/payments/ --dry-run
  discfg import 'secretsmanager:prod/**' --prefix /secrets
  discfg import appconfig:shop/prod/flags --prefix /flags
  consul kv export | discfg import - --from consul --secret-keys '**/password'";

/// Set the keys of a file or another store, without asking
///
/// SOURCE is a file, - for stdin, or another store, which is read with your own credentials, not the config's role:
/// `ssm:/PATH/` is what Parameter Store has below a path, encrypted where it is a `SecureString`; `secretsmanager:GLOB` is the
/// secrets of Secrets Manager whose whole names match, all encrypted; `appconfig:APP/ENV/PROFILE` is the latest JSON or YAML
/// that AppConfig has deployed.
///
/// Names of other stores, and of files that consul and etcd write, become the nearest keys: each character that a key can't
/// have becomes _, which is shown. Two names that become one key are an error (exit code 8). A store without keys is an error
/// (exit code 3), unless --allow-empty is given.
///
/// Like `apply --yes`, except that it overwrites concurrent changes, and deletes nothing. It writes in one commit, or
/// with --batch in several. Keys that already have the value are not written again, so rerun it to resume.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg import [OPTIONS] [CONFIG] SOURCE\n       discfg import [OPTIONS] [CONFIG] -d FILE",
    help_template = positionals(&[CONFIG, ("SOURCE", "File, -, ssm:/PATH/, secretsmanager:GLOB or appconfig:APP/ENV/PROFILE")]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct ImportArgs {
    /// Config, if two are given, and the source
    #[arg(value_name = "SOURCE", num_args = 0..=2, hide = true)]
    words: Vec<OsString>,
    #[command(flatten)]
    file: FileArgs,
    /// Put the keys below this prefix
    ///
    /// Names in the source are relative to it.
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<Prefix>,
    /// Accept another store without keys
    #[arg(long)]
    allow_empty: bool,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    plan: PlanArgs,
}

/// What is read.
enum ImportSource {
    File(PathBuf),
    Remote(RemoteSource),
}

pub(in crate::cli) async fn run(
    args: ImportArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, source) = args.read_words()?;
    session.choose(config)?;
    let config = session.config()?;
    let (mut keys, name) = match source {
        ImportSource::File(path) => {
            let keys = args.file.read(&path, args.prefix.as_ref(), &config);
            let keys = keys.map_err(|failure| args.or_meant_as_config(failure))?;
            (keys, path.display().to_string())
        }
        ImportSource::Remote(remote) => {
            let keys = args.read_remote(&remote, &config, session, terminal).await?;
            (keys, remote.to_string())
        }
    };
    if keys.is_foreign && keys.wanted.is_empty() && !args.allow_empty {
        let message = format!("no keys found in {name}");
        return Err(Failure::new(ErrorKind::NotFound, message).hint("--allow-empty accepts that"));
    }
    args.secrets.mark(&mut keys.wanted)?;
    let result: Result<(), Stop> = async {
        let format = session.format();
        let subject = args.prefix.clone().unwrap_or_else(Prefix::all);
        let store = session.store(Access::Write, &subject).await?;
        let plan = with_progress("reading", terminal, Plan::set(store, keys.wanted))
            .await?
            .unguarded();
        let review = Review::new("import", config, &plan, Confirmation::Never).renaming(&keys.renamed);
        review.carry_out(&args.plan, store, format, terminal).await
    }
    .await;
    result.map_err(|stop| session.explain_stop(stop, Access::Write))
}

impl ImportArgs {
    /// Reads `[CONFIG] SOURCE`, or `[CONFIG]` with -d.
    fn read_words(&self) -> Result<(Option<ConfigName>, ImportSource), Failure> {
        let text = |word: &OsString| {
            let text = word.to_str().map(str::to_owned);
            text.ok_or_else(|| Failure::usage(format!("{} is not valid UTF-8", word.display())))
        };
        if let Some(path) = &self.file.data {
            let config = match self.words.as_slice() {
                [] => None,
                [word] => config_beside_options(Some(&text(word)?), true)?,
                _ => return Err(Failure::usage("SOURCE and -d can't be used together")),
            };
            return Ok((config, ImportSource::File(path.clone())));
        }
        let (config, source) = match self.words.as_slice() {
            [source] => (None, source),
            [config, source] => (Some(parse(&text(config)?)?), source),
            _ => {
                return Err(Failure::usage("missing SOURCE").hint(
                    "give a file, - for stdin, ssm:/PATH/, secretsmanager:GLOB or appconfig:APP/ENV/PROFILE",
                ));
            }
        };
        let source = match source.to_str().and_then(RemoteSource::parse) {
            Some(remote) => ImportSource::Remote(remote?),
            None => ImportSource::File(source.into()),
        };
        Ok((config, source))
    }

    async fn read_remote(
        &self,
        remote: &RemoteSource,
        config: &str,
        session: &mut Session,
        terminal: &Terminal,
    ) -> Result<FileKeys, Failure> {
        let is_data = matches!(remote, RemoteSource::AppConfig(_));
        if !is_data && (self.file.from.is_some() || self.file.flat) {
            return Err(Failure::usage(format!(
                "--from and --flat can't be used with {remote}: its names and values have no file format"
            )));
        }
        let aws = session.aws().await?;
        let (name, prefix) = (remote.to_string(), self.prefix.as_ref());
        let read = async {
            Ok::<_, Failure>(match remote {
                RemoteSource::Parameters(path) => {
                    FileKeys::of_foreign(read_parameters(&aws, path).await?, &name, prefix)?
                }
                RemoteSource::Secrets(glob) => {
                    FileKeys::of_foreign(read_secrets(&aws, glob).await?, &name, prefix)?
                }
                RemoteSource::AppConfig(profile) => {
                    let content = read_app_config(&aws, profile).await?;
                    self.of_app_config(&content, &name, config)?
                }
            })
        };
        with_progress(&format!("reading {name}"), terminal, read).await
    }

    fn of_app_config(
        &self,
        content: &AppConfigContent,
        name: &str,
        config: &str,
    ) -> Result<FileKeys, Failure> {
        if content.bytes.is_empty() {
            return Ok(FileKeys {
                is_foreign: true,
                ..FileKeys::default()
            });
        }
        let prefix = self.prefix.as_ref();
        let format = match (self.file.from, content.content_type.as_deref()) {
            (Some(FileFormat::Data(format)), _) => format,
            (Some(FileFormat::Dump(format)), _) => {
                return Err(Failure::usage(format!("--from {format} is for files")));
            }
            (None, Some("application/json")) => DataFormat::Json,
            (None, Some("application/x-yaml" | "application/yaml" | "text/yaml" | "text/x-yaml")) => {
                DataFormat::Yaml
            }
            (None, found) => {
                return Err(Failure::new(
                    ErrorKind::Invalid,
                    format!(
                        "unsupported content type of {name}: {}; expected JSON or YAML",
                        found.unwrap_or("none")
                    ),
                )
                .hint("set the format with --from: json, yaml, dotenv, properties, …"));
            }
        };
        self.file.of_data(format, &content.bytes, name, prefix, config)
    }

    /// Adds how a source is given with a config, if the one word may have been meant as the config.
    fn or_meant_as_config(&self, failure: Failure) -> Failure {
        match self.words.as_slice() {
            [word] if self.file.data.is_none() && failure.kind == ErrorKind::Usage => {
                match word.to_str().map(str::parse::<ConfigName>) {
                    Some(Ok(name)) => failure.hint(format!(
                        "a single argument is the source; for the config \"{name}\", run `discfg import {name} SOURCE`"
                    )),
                    _ => failure,
                }
            }
            _ => failure,
        }
    }
}
