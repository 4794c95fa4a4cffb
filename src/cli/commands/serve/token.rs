use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::args::{NewTokenArgs, RevokeTokenArgs, TokenCommand, TokenFileArgs};
use crate::cli::failure::Failure;
use crate::cli::global::Format;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::http::{GeneratedToken, TokenEntry, TokenFile};
use crate::model::{Access, ConfigName};
use crate::wire::result::{NewTokenResult, RevokedTokenResult, TokenListResult, TokenShape};

impl<'t> From<&'t TokenEntry> for TokenShape<'t> {
    fn from(entry: &'t TokenEntry) -> Self {
        Self {
            name: &entry.name,
            access: entry.access,
            sections: entry.sections.as_ref(),
            configs: entry.configs.as_ref(),
            decrypt: entry.decrypt,
        }
    }
}

pub(super) fn run(
    command: TokenCommand,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    match command {
        TokenCommand::New(args) => new(args, session, terminal),
        TokenCommand::List(args) => list(args, session, terminal),
        TokenCommand::Revoke(args) => revoke(args, session, terminal),
    }
}

fn new(args: NewTokenArgs, session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    if session.format() == Format::Silent {
        return Err(Failure::usage(
            "-f silent would lose the token: it is shown only once",
        ));
    }
    let (access, sections) = match (args.read, args.write) {
        (read, _) if !read.is_empty() => (Access::Read, Some(read)),
        (_, write) if !write.is_empty() => (Access::Write, Some(write)),
        _ if args.write_all => (Access::Write, None),
        _ => (Access::Read, None),
    };
    let mut configs: BTreeSet<ConfigName> = args.configs.into_iter().collect();
    configs.extend(session.global().config.clone());
    let token = GeneratedToken::generate();
    let entry = TokenEntry {
        name: args.name,
        sha256: token.digest(),
        access,
        sections: sections.map(BTreeSet::from_iter),
        configs: Some(configs).filter(|configs| !configs.is_empty()),
        decrypt: args.decrypt,
    };
    let file = TokenFile::at(args.of.file);
    file.add(entry.clone())?;
    let shape = NewTokenResult {
        action: "token",
        token: TokenShape::from(&entry),
        word: token.reveal(),
    };
    let bare = || format!("{}\n", token.reveal());
    let shown = show(terminal, session.format(), &shape, bare, || bare().into_bytes());
    if let Err(failure) = shown.and_then(|()| terminal.flush()) {
        // Nobody can ever have seen it.
        file.revoke(&entry.name)?;
        return Err(failure);
    }
    terminal.hint(&format!(
        "{} {}; this token is shown only once",
        entry.name,
        opened(&entry)
    ));
    Ok(())
}

fn list(args: TokenFileArgs, session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let tokens = TokenFile::at(args.file).read()?;
    let shape = TokenListResult {
        action: "tokens",
        tokens: tokens.entries().iter().map(TokenShape::from).collect(),
    };
    let text = |line: fn(&TokenEntry) -> String| {
        tokens.entries().iter().fold(String::new(), |mut all, entry| {
            // Writing to a String can't fail.
            let _ = writeln!(all, "{}", line(entry));
            all
        })
    };
    let human = || text(|entry| format!("{} {}", entry.name, opened(entry)));
    show(terminal, session.format(), &shape, human, || {
        text(|entry| entry.name.to_string()).into_bytes()
    })
}

fn revoke(args: RevokeTokenArgs, session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let file = TokenFile::at(args.of.file);
    file.revoke(&args.name)?;
    let shape = RevokedTokenResult {
        action: "token-revoked",
        name: &args.name,
    };
    let human = || format!("token {} revoked\n", args.name);
    show(terminal, session.format(), &shape, human, Vec::new)
}

/// What a token opens, in words.
fn opened(entry: &TokenEntry) -> String {
    fn listed(items: Option<Vec<String>>, all: &str) -> String {
        items.map_or_else(|| all.to_owned(), |items| items.join(", "))
    }
    let does = match entry.access {
        Access::Read => "reads",
        Access::Write => "reads and writes",
    };
    let sections = entry.sections.as_ref();
    let sections = sections.map(|sections| sections.iter().map(ToString::to_string).collect());
    let configs = entry.configs.as_ref();
    let configs = configs.map(|configs| configs.iter().map(ToString::to_string).collect());
    let secrets = if entry.decrypt { ", including secrets" } else { "" };
    format!(
        "{does} {} of {}{secrets}",
        listed(sections, "all sections"),
        listed(configs, "all configs")
    )
}
