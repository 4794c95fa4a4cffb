use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::data_file;
use crate::cli::failure::Failure;
use crate::cli::help::positionals;
use crate::cli::output::show;
use crate::cli::overriding::overriding_variables;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{
    ApiHost, ApiToken, ApiTokens, EngineName, FILE_NAME, FoundTargetFile, TargetFile, TrustedFiles,
};
use crate::engine::OpenError;
use crate::engine::http::InTheClear;
use crate::engine::local_file;
use crate::files::{Privacy, is_handed_over, read_named};
use crate::model::{ConfigName, ErrorKind};

/// Select the config for this folder
///
/// Writes the file .discfg in the working folder, without contacting AWS. Commands run in this folder and below it then
/// use this config. --engine, --region, --profile and --as are stored in the file too; those that are not given keep
/// their values.
///
/// A .discfg that another user could have written is not used: one that is owned by another user (except root), or that
/// is writable by others or in a folder writable by others. --trust allows the file as it is now, until it changes.
/// `use` replaces a symbolic link with a file.
///
/// With --engine URL, the data is behind a discfg API. --token-file stores the token for that API's host in
/// discfg/tokens in your XDG config folder, readable only by you. `DISCFG_TOKEN=HOST=TOKEN` takes precedence over it;
/// `DISCFG_TOKEN=TOKEN` applies to the host in `DISCFG_ENGINE`.
///
/// Requests to an API Gateway host are signed with your AWS credentials instead, in the same roles as on DynamoDB. Use
/// --sign, with --region, for an API Gateway behind a custom domain.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg use [OPTIONS] CONFIG\n       discfg use --engine URL [--token-file FILE] CONFIG\n       discfg use --trust",
    help_template = positionals(&[("CONFIG", "Config to use in this folder")])
)]
pub(in crate::cli) struct UseArgs {
    /// Config to use in this folder
    #[arg(value_name = "CONFIG", required_unless_present = "trust", hide = true)]
    name: Option<ConfigName>,
    /// Trust the current .discfg until it changes
    ///
    /// Read it first.
    #[arg(long, conflicts_with = "name")]
    trust: bool,
    /// Store the API's token from FILE; - is stdin
    #[arg(long, value_name = "FILE", requires = "name")]
    token_file: Option<PathBuf>,
    /// Sign requests to the API with AWS credentials
    ///
    /// For an API Gateway behind a custom domain. --sign=false turns signing off.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        requires = "name"
    )]
    sign: Option<bool>,
}

#[derive(Serialize)]
struct Used {
    action: &'static str,
    file: String,
    /// The file in which the token is kept that came with the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<String>,
    #[serde(flatten)]
    content: TargetFile,
}

pub(in crate::cli) fn run(
    args: UseArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(args.name.clone())?;
    let folder = env::current_dir()
        .map_err(|error| Failure::internal("cannot determine the current directory", &error))?;
    let trust = TrustedFiles::of_user();
    let mut tokens = None;
    let (file, content) = match args.name {
        None => {
            let file = FoundTargetFile::nearest(&folder, &|name| env::var(name).ok())?.ok_or_else(|| {
                Failure::new(
                    ErrorKind::NotFound,
                    format!("no {FILE_NAME} file in this directory or its parents"),
                )
            })?;
            let content = file.content_unjudged()?;
            (file, content)
        }
        Some(name) => {
            let content = merged(name, args.sign, session, &folder, &trust);
            check_sign(&content)?;
            if let Some(file) = &args.token_file {
                tokens = Some(keep_token(file, &content)?);
            }
            let file = content.write(&folder).map_err(|error| {
                Failure::caused(
                    ErrorKind::Invalid,
                    format!("cannot write {}", folder.join(FILE_NAME).display()),
                    &error,
                )
            })?;
            (file, content)
        }
    };
    let path = file.path();
    match trust.remember(&file) {
        Err(error) if args.trust => {
            let message = format!("cannot save {} as trusted", path.display());
            return Err(Failure::caused(ErrorKind::Invalid, message, &error));
        }
        Err(error) => terminal.hint(&format!(
            "warning: cannot save {} as trusted: {error}",
            path.display()
        )),
        Ok(()) => {}
    }
    let config = content
        .config
        .as_ref()
        .map_or_else(|| "no config".to_owned(), ToString::to_string);
    let mut human = format!("{}: {config}{}\n", path.display(), details(&content));
    if let Some((host, tokens)) = &tokens {
        let _ = writeln!(human, "{}: token stored for {host}", tokens.display());
    }
    let (chosen, content_engine) = (content.config.clone(), content.engine.clone());
    let shape = Used {
        action: "use",
        file: path.display().to_string(),
        tokens: tokens.map(|(_, tokens)| tokens.display().to_string()),
        content,
    };
    show(
        terminal,
        session.format(),
        &shape,
        || human,
        || format!("{config}\n").into_bytes(),
    )?;
    terminal.flush()?;
    let engine = content_engine.unwrap_or_default();
    if let Some(note) = chosen.and_then(|config| overriding_variables(&config, &engine)) {
        terminal.hint(&note);
    }
    // Whether one on AWS exists would take a request.
    let target = session.target()?;
    if target.engine.value == EngineName::Local && !local_file(target)?.exists() {
        terminal.hint(&format!(
            "note: {config} does not exist yet; create it with `discfg init {config} --local`"
        ));
    }
    Ok(())
}

/// What is given with the call, and beside it what the folder's own file has, as far as that is trusted.
fn merged(
    name: ConfigName,
    sign: Option<bool>,
    session: &Session,
    folder: &Path,
    trust: &TrustedFiles,
) -> TargetFile {
    let global = session.global();
    let kept = match FoundTargetFile::read(folder) {
        Ok(Some(file)) if trust.holds(&file) => file.content_unjudged().unwrap_or_default(),
        // A file that can't be read is being replaced.
        _ => TargetFile::default(),
    };
    let engine = if global.local {
        Some(EngineName::Local)
    } else {
        global.engine.clone()
    };
    // How one API is asked says nothing of another.
    let kept_sign = kept.sign.filter(|_| engine.is_none() || engine == kept.engine);
    let content = TargetFile {
        config: Some(name),
        engine: engine.or(kept.engine),
        sign: sign.or(kept_sign),
        region: global.region.clone().or(kept.region),
        profile: global.profile.clone().or(kept.profile),
        role: global.role.clone(),
    };
    // An API that decides by a token takes no role: one that the file has from another engine would only be in the way.
    let takes_roles = !matches!(content.engine, Some(EngineName::Http(_))) || content.signs();
    TargetFile {
        role: content.role.or(kept.role.filter(|_| takes_roles)),
        ..content
    }
}

fn check_sign(content: &TargetFile) -> Result<(), Failure> {
    match (&content.engine, &content.role) {
        (Some(EngineName::Http(url)), _) if content.signs() && url.is_in_the_clear() => {
            Err(OpenError::InTheClear(InTheClear::Signature(url.clone())).into())
        }
        (Some(EngineName::Http(url)), Some(role)) if !content.signs() => {
            Err(OpenError::NoRoles(url.clone(), role.to_string()).into())
        }
        (Some(EngineName::Http(_)), _) => Ok(()),
        _ if content.sign.is_some() => {
            Err(Failure::usage("--sign requires a discfg API as the engine")
                .hint("add --engine https://HOST/"))
        }
        _ => Ok(()),
    }
}

/// The longest file that is taken for a token, in bytes.
const TOKEN_BYTES: u16 = 8192;

/// Keeps the token in the file, or from stdin, for the host of the API, and tells which and where.
fn keep_token(file: &Path, content: &TargetFile) -> Result<(ApiHost, PathBuf), Failure> {
    let Some(EngineName::Http(url)) = &content.engine else {
        return Err(Failure::usage("--token-file requires a discfg API as the engine")
            .hint("add --engine https://HOST/"));
    };
    if content.signs() {
        return Err(Failure::usage(format!(
            "--token-file doesn't apply: requests to {} are signed with AWS credentials",
            url.host()
        ))
        .hint("leave out --token-file, or use --sign=false to authenticate with the token instead"));
    }
    if url.is_in_the_clear() {
        return Err(OpenError::InTheClear(InTheClear::Token(url.clone())).into());
    }
    // A pipe from the shell has no owner to be judged by, and is there for this one process. A named one may never be
    // written to.
    let text = if file == Path::new("-") || is_handed_over(file) {
        Zeroizing::new(data_file::read(file, "token", TOKEN_BYTES.into())?)
    } else {
        read_named(file, TOKEN_BYTES.into(), Privacy::Private).map_err(|error| {
            Failure::caused(
                ErrorKind::Invalid,
                format!("cannot read {}", file.display()),
                &error,
            )
        })?
    };
    let text = std::str::from_utf8(&text).unwrap_or_default();
    let token: ApiToken = text.trim().parse().map_err(|error| {
        Failure::caused(
            ErrorKind::Invalid,
            format!("{} does not contain a valid token", file.display()),
            &error,
        )
    })?;
    let kept = ApiTokens::kept().keep(url, &token);
    let path = kept.map_err(|error| OpenError::Token(url.clone(), error))?;
    Ok((url.host(), path))
}

fn details(file: &TargetFile) -> String {
    let parts: Vec<String> = [
        file.engine.as_ref().map(|engine| format!("engine {engine}")),
        file.sign
            .map(|sign| if sign { "signed" } else { "not signed" }.to_owned()),
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
