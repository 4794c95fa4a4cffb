use std::fmt::Write as _;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{ApiUrl, EngineName, FILE_NAME, Setting, Target};
use crate::engine::local_file;
use crate::model::ErrorKind;
use crate::wire::result::{SettingLine, Which};

/// Show the current config, engine and identity, and their source
///
/// Makes no request. Exits with 3 if no config is selected.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhichArgs {}

impl SettingLine {
    fn new<T: ToString>(name: &'static str, setting: Option<&Setting<T>>, otherwise: &str) -> Self {
        match setting {
            Some(setting) => Self {
                name,
                value: Some(setting.value.to_string()),
                from: setting.origin.to_string(),
            },
            None => Self {
                name,
                value: None,
                from: otherwise.to_owned(),
            },
        }
    }
}

/// Where AWS is asked, and with whose credentials.
fn on_aws(target: &Target) -> [SettingLine; 2] {
    [
        SettingLine::new(
            "region",
            target.region.as_ref(),
            "not set: the AWS config files decide",
        ),
        SettingLine::new(
            "profile",
            target.profile.as_ref(),
            "not set: the default profile of the AWS SDKs",
        ),
    ]
}

/// Where the token for the API is from, never the token.
fn token(target: &Target, url: &ApiUrl) -> SettingLine {
    let (value, from) = match target.tokens.find(url) {
        Ok(Some(found)) => (Some(format!("for {}", url.host())), found.origin.to_string()),
        Ok(None) => {
            let none = || format!("none stored for {}", url.host());
            (None, target.tokens.withheld(url).unwrap_or_else(none))
        }
        Err(error) => (None, error.to_string()),
    };
    SettingLine {
        name: "token",
        value,
        from,
    }
}

pub(in crate::cli) fn run(
    _: WhichArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let target = session.target()?;
    let mut settings = vec![
        SettingLine::new("config", target.config.as_ref(), "not set"),
        SettingLine::new("engine", Some(&target.engine), ""),
    ];
    match target.engine.value {
        EngineName::DynamoDb => settings.extend(on_aws(target)),
        EngineName::Local => {
            let value = local_file(target).ok().map(|path| path.display().to_string());
            let from = "default: DISCFG_DATA_DIR, else the XDG data directory".into();
            settings.push(SettingLine {
                name: "data",
                value,
                from,
            });
        }
        EngineName::Http(ref url) => match &target.signed {
            None => settings.push(token(target, url)),
            Some(origin) => {
                settings.push(SettingLine {
                    name: "signed",
                    value: Some("with AWS credentials".into()),
                    from: origin.to_string(),
                });
                settings.extend(on_aws(target));
                if let Ok(Some(_)) = target.tokens.find(url) {
                    settings.push(SettingLine {
                        name: "token",
                        value: None,
                        from: format!("not sent to {}: requests are signed instead", url.host()),
                    });
                }
            }
        },
    }
    settings.push(SettingLine::new(
        "as",
        target.role.as_ref(),
        match target.engine.value {
            EngineName::Http(_) if target.signed.is_none() => "not set: decided by the token",
            _ => "not set: the config's read or write role, as the command needs",
        },
    ));
    let chosen = target.config.as_ref().map(|setting| setting.value.to_string());
    let file = target.file.as_ref().map(|path| path.display().to_string());
    let shape = Which {
        action: "which",
        settings,
        file,
    };
    let human = || {
        let line = |line: &SettingLine| {
            format!(
                "{:<8} {:<24} {}\n",
                line.name,
                line.value.as_deref().unwrap_or("-"),
                line.from
            )
        };
        let mut text: String = shape.settings.iter().map(line).collect();
        if let Some(file) = &shape.file {
            let _ = writeln!(text, "\n{FILE_NAME} file in use: {file}");
        }
        text
    };
    let raw = || {
        chosen
            .as_ref()
            .map(|name| format!("{name}\n"))
            .unwrap_or_default()
            .into_bytes()
    };
    show(terminal, session.format(), &shape, human, raw)?;
    if chosen.is_none() {
        return Err(Failure::new(ErrorKind::NotFound, "no config selected")
            .hint("select one with -c NAME, `discfg use NAME` or DISCFG_CONFIG"));
    }
    Ok(())
}
