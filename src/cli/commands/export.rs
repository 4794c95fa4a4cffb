mod masks;

use std::env;
use std::io::{self, Seek as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use futures::StreamExt as _;
use tempfile::SpooledTempFile;

use self::masks::Masks;
use crate::cli::bad_sections::ExceptArgs;
use crate::cli::data_file;
use crate::cli::deciding_names::{is_refused, refuse};
use crate::cli::digest::digest;
use crate::cli::failure::{Failure, Stop};
use crate::cli::global::{Format, FormatFlag};
use crate::cli::left_out::say_left_out;
use crate::cli::one_line::printable_file;
use crate::cli::out_file::OutFile;
use crate::cli::positionals::config_beside_options;
use crate::cli::session::Session;
use crate::cli::sides::no_keys_below;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::formats::{self, DataFormat, EnvName, FileParts, Layout};
use crate::model::{Access, Entry, ErrorKind, Key, Prefix, Value, ValueKind};
use crate::ops::OpsError;
use crate::store::{Digester, StoreExt as _};

/// The largest template, in bytes.
const MAX_TEMPLATE: usize = 4 * 1024 * 1024;

/// Export keys in a file format, or through a template
///
/// Reads one consistent snapshot. If a key or value does not fit the format, nothing is written and the error names the
/// key.
///
/// Names: json, yaml and csv use whole keys, or with one --prefix names relative to it. dotenv, docker-env, shell, fish,
/// github-env and tfvars use variable names: /db/url is `DB_URL`, and with --prefix /db it is `URL`. properties and the
/// Kubernetes formats use dots: db.url.
///
/// Values: json, yaml and tfvars keep numbers and booleans; the other formats write text. Only yaml and the Kubernetes
/// formats can hold bytes.
///
/// Secrets are decrypted; if the role is not allowed to decrypt them, export fails. Keys with a time to live (TTL) are
/// left out unless --with-ttl is given.
///
/// In the formats that become an environment (dotenv, docker-env, shell, fish, github-env, k8s-secret and k8s-configmap),
/// variables that change what programs run or trust, such as `PATH`, `LD_*`, `GIT_*`, `*_PROXY` and `AWS_*`, are
/// refused unless --allow-env names them.
///
/// With -f github-env and `GITHUB_ACTIONS=true`, export first prints mask commands to stderr, so that the GitHub
/// Actions log shows each line of a secret as `***`. These commands contain the secrets in plain text, so elsewhere
/// they are only printed with --mask.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(override_usage = "discfg export [OPTIONS] [CONFIG]", after_long_help = EXAMPLES)]
pub(in crate::cli) struct ExportArgs {
    /// Config to use instead of the current one (see `discfg which`)
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    /// Export the keys below this prefix; repeatable [default: all keys]
    ///
    /// Names are relative to it. With several prefixes they are made of whole keys, as without one.
    #[arg(long = "prefix", value_name = "PREFIX")]
    prefixes: Vec<Prefix>,
    /// Nest json and yaml by path
    ///
    /// An object as a value, or a key that is also a prefix, is then an error.
    #[arg(long, conflicts_with = "template")]
    nested: bool,
    /// Write objects under relative names, too
    ///
    /// Only `import --flat` and `apply --flat` read them back as values: without it, objects in a file of relative
    /// names are folders, so json and yaml refuse them.
    #[arg(long, conflicts_with_all = ["nested", "template"])]
    flat: bool,
    /// Include keys with a time to live
    #[arg(long)]
    with_ttl: bool,
    /// Accept a prefix that matches no keys
    #[arg(long)]
    allow_empty: bool,
    #[command(flatten)]
    except: ExceptArgs,
    /// Exit with 4 unless the content has this digest
    ///
    /// `discfg info` shows the digest; with --prefix, that of a prefix. Nothing is written if it is another.
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    expect_digest: Option<String>,
    /// Render this Jinja template; - is stdin
    ///
    /// `{{ get("/db/url") }}`, `{{ keys["/db/url"] }}` and `{{ db.url }}` insert a key's value, `{{ json("/db/url") }}`
    /// inserts it as JSON. An unknown name is an error.
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Write to this file instead of stdout
    ///
    /// The file is readable only by you. -f github-env appends to it, every other format replaces it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Allow a variable refused by default; repeatable
    #[arg(long = "allow-env", value_name = "NAME", conflicts_with = "template")]
    allowed: Vec<EnvName>,
    /// Print commands that mask secrets in CI logs
    ///
    /// They go to stderr, and contain the secrets in plain text.
    #[arg(long)]
    mask: bool,
}

const EXAMPLES: &str = "\
Examples:
  discfg export payments > payments.json
  discfg export --prefix /db -f dotenv --out .env
  discfg export --prefix /db --prefix /app -f dotenv
  discfg export -f k8s-secret | kubectl apply -f -
  discfg export --template app.conf.j2 --out app.conf";

/// What is made of the snapshot.
enum ExportTarget {
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
    let is_github_env = matches!(output, ExportTarget::Data(DataFormat::GithubEnv));
    let mut masks = (args.mask || is_github_env && has_runner()).then(Masks::default);
    let out = args.out.clone().map(|path| OutFile {
        path,
        appends: is_github_env,
    });
    session.choose(config_beside_options(args.word.as_deref(), false)?)?;
    let (relative, base) = match &args.prefixes[..] {
        [prefix] => (true, prefix.clone()),
        _ => (false, Prefix::all()),
    };
    let layout = Layout {
        relative,
        prefix: base,
        nested: args.nested,
        flat: args.flat,
        name: session.config()?,
    };
    let format = match &output {
        ExportTarget::Data(format) => Some(*format),
        ExportTarget::Template(_) | ExportTarget::Nothing => None,
    };
    let parts = format.and_then(|format| FileParts::new(format, &layout));
    if let Some(parts) = parts {
        let file = spool(&args, parts, format, &layout.prefix, session, masks.as_mut());
        let file = with_progress("reading", terminal, file).await;
        let (mut file, seen) = file.map_err(|stop| session.explain_stop(stop, Access::Read))?;
        file.rewind().map_err(|error| unspooled(&error))?;
        give(masks, out, format, file, terminal)?;
        seen.note(format, terminal);
        return Ok(());
    }
    let mut items = Vec::new();
    let read = each(&args, format, &layout.prefix, session, masks.as_mut(), |item| {
        items.push(item);
        Ok(())
    });
    let read = with_progress("reading", terminal, read).await;
    let seen = read.map_err(|stop| session.explain_stop(stop, Access::Read))?;
    let written = match output {
        ExportTarget::Nothing => return give(masks, None, None, io::empty(), terminal),
        ExportTarget::Data(format) => formats::write(format, &items, &layout)?,
        ExportTarget::Template(source) => formats::render(&source, &items, &layout.prefix)?.into_bytes(),
    };
    give(masks, out, format, written.as_slice(), terminal)?;
    seen.note(format, terminal);
    Ok(())
}

/// What an import of the file would not give back.
#[derive(Debug, Default)]
struct NotKept {
    with_ttl: usize,
    secrets: u64,
    json_strings: u64,
}

impl NotKept {
    fn add(&mut self, entry: &Entry) {
        let is_string =
            entry.value.kind() == ValueKind::Json && entry.value.bytes().trim_ascii().starts_with(b"\"");
        self.secrets += u64::from(entry.secret);
        self.json_strings += u64::from(is_string);
    }

    /// Says it: of secrets where the file is kept rather than read at once, by a shell or a runner, and of JSON strings where
    /// the format could hold them.
    fn note(&self, format: Option<DataFormat>, terminal: &Terminal) {
        use DataFormat::{Fish, GithubEnv, Json, Shell, Yaml};
        say_left_out(self.with_ttl, terminal);
        let counted = |count, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let is_kept = format.is_some_and(|format| !matches!(format, Shell | Fish | GithubEnv));
        if self.secrets > 0 && is_kept {
            let secrets = counted(self.secrets, "secret");
            terminal.hint(&format!(
                "note: contains {secrets} in plain text; import stores new keys as plain values"
            ));
        }
        if self.json_strings > 0 && matches!(format, Some(Json | Yaml)) {
            let strings = counted(self.json_strings, "JSON string");
            terminal.hint(&format!("note: contains {strings}, which import reads as text"));
        }
    }
}

/// Whether the runner of a GitHub Actions job reads what is written to stderr.
fn has_runner() -> bool {
    env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true")
}

/// A part is written when it has this many keys, or values of so many bytes.
const PART_KEYS: usize = 1000;
const PART_BYTES: usize = 1024 * 1024;
/// Up to this size the output is kept in memory until it is whole, from then on in a file without a name.
const IN_MEMORY: usize = 8 * 1024 * 1024;

/// Writes the snapshot to where it waits until it is whole: a failure half way must leave nothing on stdout.
async fn spool(
    args: &ExportArgs,
    mut parts: FileParts<'_>,
    format: Option<DataFormat>,
    prefix: &Prefix,
    session: &mut Session,
    masks: Option<&mut Masks>,
) -> Result<(SpooledTempFile, NotKept), Stop> {
    let mut file = SpooledTempFile::new(IN_MEMORY);
    let (mut part, mut bytes) = (Vec::new(), 0);
    let seen = each(args, format, prefix, session, masks, |item: (Key, Value)| {
        bytes += item.1.len();
        part.push(item);
        if part.len() >= PART_KEYS || bytes >= PART_BYTES {
            let written = parts.next(&part)?;
            file.write_all(&written).map_err(|error| unspooled(&error))?;
            part.clear();
            bytes = 0;
        }
        Ok(())
    })
    .await?;
    let rest = [parts.next(&part), parts.end()];
    for written in rest {
        file.write_all(&written.map_err(Failure::from)?)
            .map_err(|error| unspooled(&error))?;
    }
    Ok((file, seen))
}

fn unspooled(error: &io::Error) -> Failure {
    Failure::caused(
        ErrorKind::Invalid,
        format!(
            "cannot write the snapshot to a temporary file in {}",
            std::env::temp_dir().display()
        ),
        error,
    )
    .hint("set TMPDIR to a folder that you can write to")
}

/// Writes the whole result, after the commands that mask its secrets. On a terminal nothing in it does more than be read.
fn give(
    masks: Option<Masks>,
    out: Option<OutFile>,
    format: Option<DataFormat>,
    mut result: impl io::Read,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if let Some(masks) = masks {
        // The runner reads commands on stderr as it does on stdout.
        terminal.command(masks.bytes())?;
    }
    if let Some(out) = out {
        return out.write(&mut result);
    }
    if terminal.is_screen() {
        let mut file = Vec::new();
        result.read_to_end(&mut file).map_err(|error| unspooled(&error))?;
        return terminal.write(printable_file(&String::from_utf8_lossy(&file), format).as_bytes());
    }
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match result.read(&mut buffer).map_err(|error| unspooled(&error))? {
            0 => return Ok(()),
            read => terminal.write(&buffer[..read])?,
        }
        if terminal.is_closed() {
            return Ok(());
        }
    }
}

fn output(args: &ExportArgs, flag: Option<FormatFlag>) -> Result<ExportTarget, Failure> {
    let shown = flag.and_then(|flag| flag.shown);
    let format = match flag {
        None => Some(DataFormat::Json),
        Some(flag) => flag.data,
    };
    match (&args.template, format) {
        _ if shown == Some(Format::Silent) => Ok(ExportTarget::Nothing),
        (Some(_), _) if flag.is_some() => Err(Failure::usage(
            "-f and --template can't be used together: a template decides the format",
        )),
        (Some(path), _) => {
            let bytes = data_file::read(path, "template", MAX_TEMPLATE)?;
            let text = String::from_utf8(bytes).map_err(|error| {
                Failure::caused(
                    ErrorKind::Invalid,
                    "the template is not valid UTF-8",
                    &error.utf8_error(),
                )
            })?;
            Ok(ExportTarget::Template(text))
        }
        (None, None) => {
            let all = DataFormat::ALL.map(DataFormat::as_str).join(", ");
            Err(Failure::usage(format!(
                "invalid format for export: expected one of {all}, or silent"
            )))
        }
        (None, Some(format)) if args.nested && !format.nests() => Err(Failure::usage(format!(
            "--nested requires -f json or -f yaml, not {format}"
        ))),
        (None, Some(format)) if args.flat && !format.nests() => Err(Failure::usage(format!(
            "--flat requires -f json or -f yaml, not {format}"
        ))),
        (None, Some(format)) => Ok(ExportTarget::Data(format)),
    }
}

/// The prefixes to read, ordered as their keys are; one within another isn't read twice.
fn to_read(given: &[Prefix]) -> Vec<Prefix> {
    let mut read: Vec<Prefix> = Vec::new();
    for prefix in given {
        if !read.iter().any(|other| other.covers(prefix)) {
            read.retain(|other| !prefix.covers(other));
            read.push(prefix.clone());
        }
    }
    read.sort_by(|one, other| one.with_slash().cmp(other.with_slash()));
    if read.is_empty() {
        vec![Prefix::all()]
    } else {
        read
    }
}

/// Gives every key and value to `take`, and fails where the digest is another than was expected, or where a file of the
/// format would decide what runs.
async fn each(
    args: &ExportArgs,
    format: Option<DataFormat>,
    prefix: &Prefix,
    session: &mut Session,
    mut masks: Option<&mut Masks>,
    mut take: impl FnMut((Key, Value)) -> Result<(), Failure>,
) -> Result<NotKept, Stop> {
    let read = to_read(&args.prefixes);
    let subject: Vec<String> = read.iter().map(ToString::to_string).collect();
    let store = session.store(Access::Read, subject.join(", ")).await?;
    let entries = store.snapshot_stream(&read, &args.except.sections);
    // As many as are there already, so that their data keys are asked for side by side.
    let mut entries = entries.ready_chunks(PART_KEYS);
    let (mut digester, mut refused, mut seen) = (Digester::default(), Vec::new(), NotKept::default());
    let is_left_out = |prefix: &Prefix| {
        let section = prefix.section();
        section.is_some_and(|section| args.except.sections.contains(&section))
    };
    let mut empty: Vec<&Prefix> = args.prefixes.iter().collect();
    empty.retain(|prefix| !args.allow_empty && !is_left_out(prefix));
    while let Some(chunk) = entries.next().await {
        let mut chunk = chunk.into_iter().collect::<Result<Vec<_>, _>>()?;
        empty.retain(|prefix| !chunk.iter().any(|entry| prefix.holds(&entry.key)));
        let all = chunk.len();
        chunk.retain(|entry| args.with_ttl || entry.expires.is_none());
        seen.with_ttl += all - chunk.len();
        if args.expect_digest.is_some() {
            for entry in &chunk {
                digester.add(entry);
            }
        }
        for entry in store.reveal(chunk).await? {
            if let Some(masks) = &mut masks {
                masks.add(&entry);
            }
            seen.add(&entry);
            let variable = format.and_then(|format| format.variable(&entry.key, prefix));
            if let Some(name) = variable.filter(|name| is_refused(name, &args.allowed)) {
                refused.push((name, entry.key.clone()));
            }
            take((entry.key, entry.value))?;
        }
    }
    if let Some(prefix) = empty.first() {
        return Err(no_keys_below(prefix, store).await?.into());
    }
    refuse(refused, "--allow-env NAME lets one through")?;
    if let Some(wanted) = &args.expect_digest {
        let found = digester.finish().to_string();
        if *wanted != found {
            let wanted = wanted.clone();
            return Err(OpsError::Digest { wanted, found }.into());
        }
    }
    Ok(seen)
}
