use std::path::PathBuf;
use std::slice;

use clap::Args;

use crate::cli::args::{Format, FormatFlag, digest};
use crate::cli::data_file;
use crate::cli::failure::{Failure, Stop};
use crate::cli::positionals::parse;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal_wait::seen;
use crate::formats::{self, DataFormat, Layout};
use crate::model::{Access, Key, Kind, Prefix, Value};
use crate::ops::OpsError;

/// The largest template, in bytes.
const MAX_TEMPLATE: usize = 4 * 1024 * 1024;

/// Write a consistent snapshot in a data format, or by a template
///
/// The formats of -f: json (the default), yaml, dotenv, docker-env, tfvars, properties, csv, shell, github-env,
/// k8s-secret, k8s-configmap; silent writes nothing. What a format can't hold is an error that names the key, and
/// nothing is written.
///
/// json, yaml and csv hold full keys, with --prefix the keys relative to it. dotenv, docker-env, shell, github-env and
/// tfvars name keys as environment variables: `DB_URL` for /db/url, with --prefix /db `URL`. properties and Kubernetes
/// objects name them by their path with dots: db.url. json, yaml and tfvars keep numbers and truth values; the others
/// hold text alone. yaml and k8s objects hold bytes, too.
///
/// dotenv is written as python-dotenv reads it; docker-env is what `docker run --env-file` reads, where nothing is
/// quoted.
///
/// Keys with a time to live are state, not configuration: they are left out unless --with-ttl.
#[derive(Debug, Args)]
#[command(override_usage = "discfg export [OPTIONS] [CONFIG]")]
pub(in crate::cli) struct ExportArgs {
    /// The config
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    /// Only what lies below this prefix, with names relative to it
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<Prefix>,
    /// Nest json and yaml by path; an object value, or a key that is also a prefix, is an error
    #[arg(long, conflicts_with = "template")]
    nested: bool,
    /// Keys with a time to live, too
    #[arg(long)]
    with_ttl: bool,
    /// Write nothing and exit with 4 unless the content has this digest; `info --prefix` shows it
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    expect_digest: Option<String>,
    /// Render this file in Jinja's language; - is stdin. `{{ get("/db/url") }}`, `{{ keys["/db/url"] }}` and
    /// `{{ db.url }}` look a key up, `{{ json("/db/url") }}` as JSON; an unknown name is an error
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

/// What is made of the snapshot.
enum Output {
    Data(DataFormat),
    Template(String),
    Nothing,
}

pub(in crate::cli) async fn run(
    args: ExportArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let output = output(&args, session.global().format)?;
    let config = args
        .word
        .as_deref()
        .map(|word| parse("CONFIG", word))
        .transpose()?;
    session.choose(config)?;
    let layout = Layout {
        relative: args.prefix.is_some(),
        prefix: args.prefix.clone().unwrap_or_else(Prefix::all),
        nested: args.nested,
        flat: false,
        name: session.config()?,
    };
    let items = seen("reading", terminal, read(&args, &layout.prefix, session)).await;
    let items = items.map_err(|stop| session.explain_stop(stop, Access::Read))?;
    match output {
        Output::Nothing => Ok(()),
        Output::Data(format) => terminal.write(&formats::write(format, &items, &layout)?),
        Output::Template(source) => {
            terminal.write(formats::render(&source, &items, &layout.prefix)?.as_bytes())
        }
    }
}

fn output(args: &ExportArgs, flag: Option<FormatFlag>) -> Result<Output, Failure> {
    let shown = flag.and_then(|flag| flag.shown);
    let format = match flag {
        None => Some(DataFormat::Json),
        Some(flag) => flag.data,
    };
    match (&args.template, format) {
        _ if shown == Some(Format::Silent) => Ok(Output::Nothing),
        (Some(_), _) if flag.is_some() => Err(Failure::usage(
            "a template is its own format: leave out -f or --template",
        )),
        (Some(path), _) => {
            let bytes = data_file::read(path, "the template", MAX_TEMPLATE)?;
            let text = String::from_utf8(bytes).map_err(|error| {
                Failure::caused(
                    Kind::Invalid,
                    "the template is no UTF-8 text",
                    &error.utf8_error(),
                )
            })?;
            Ok(Output::Template(text))
        }
        (None, None) => {
            let all = DataFormat::ALL.map(DataFormat::as_str).join(", ");
            Err(Failure::usage(format!(
                "export writes data: -f is one of {all}, or silent"
            )))
        }
        (None, Some(format)) if args.nested && !format.nests() => Err(Failure::usage(format!(
            "--nested is for json and yaml: {format} holds no tree"
        ))),
        (None, Some(format)) => Ok(Output::Data(format)),
    }
}

async fn read(args: &ExportArgs, prefix: &Prefix, session: &mut Session) -> Result<Vec<(Key, Value)>, Stop> {
    let store = session.store(Access::Read, prefix).await?;
    let mut snapshot = store.snapshot(slice::from_ref(prefix)).await?;
    if !args.with_ttl {
        snapshot = snapshot.without_ttl();
    }
    if let Some(wanted) = &args.expect_digest {
        let found = snapshot.digest().to_string();
        if *wanted != found {
            let wanted = wanted.clone();
            return Err(OpsError::Digest { wanted, found }.into());
        }
    }
    if let Some(secret) = snapshot.entries.iter().find(|entry| entry.secret) {
        return Err(Failure::new(Kind::Denied, format!("the key {} is a secret", secret.key)).into());
    }
    let items = snapshot.entries.into_iter();
    Ok(items.map(|entry| (entry.key, entry.value)).collect())
}
