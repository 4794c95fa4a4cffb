//! The two sides of a comparison or a copy.

use std::collections::BTreeMap;

use clap::Args;
use futures::TryStreamExt as _;

use super::failure::{Failure, Stop};
use super::global::Global;
use super::session::Session;
use crate::context::EngineName;
use crate::model::{Access, Entry, ErrorKind, Key, Prefix, Region, Revision, Role, Section, Side};
use crate::ops::{self, OpsResult, readable_list};
use crate::store::{Consistency, Scope, Snapshot, Store, StoreError, StoreExt as _};
use crate::wire::ProblemCode;

/// Where the sides differ in how they are reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for one side")]
pub(super) struct SideArgs {
    /// Profile for the first argument
    #[arg(long, value_name = "NAME")]
    from_profile: Option<String>,
    /// Profile for the second argument
    #[arg(long, value_name = "NAME")]
    to_profile: Option<String>,
    /// Region of the first argument
    #[arg(long, value_name = "REGION")]
    from_region: Option<Region>,
    /// Region of the second argument
    #[arg(long, value_name = "REGION")]
    to_region: Option<Region>,
    /// Engine of the first argument, as for --engine
    #[arg(long, value_name = "ENGINE")]
    from_engine: Option<EngineName>,
    /// Engine of the second argument, as for --engine
    #[arg(long, value_name = "ENGINE")]
    to_engine: Option<EngineName>,
    /// Role for the first argument, as for --as
    #[arg(long, value_name = "ROLE")]
    from_as: Option<Role>,
    /// Role for the second argument, as for --as
    #[arg(long, value_name = "ROLE")]
    to_as: Option<Role>,
    /// Account of the first argument, if it is not yours
    #[arg(long, value_name = "ID", value_parser = super::global::account)]
    from_account: Option<String>,
    /// Account of the second argument, if it is not yours
    #[arg(long, value_name = "ID", value_parser = super::global::account)]
    to_account: Option<String>,
}

impl SideArgs {
    /// A session for the first side.
    pub(super) fn from(&self, side: &Side, session: &Session) -> Session {
        beside(session, side, |global| {
            replace(&mut global.profile, self.from_profile.as_ref());
            replace(&mut global.region, self.from_region.as_ref());
            replace(&mut global.role, self.from_as.as_ref());
            replace(&mut global.account, self.from_account.as_ref());
            choose_engine(global, self.from_engine.as_ref());
        })
    }

    /// A session for the second side.
    pub(super) fn to(&self, side: &Side, session: &Session) -> Session {
        beside(session, side, |global| {
            replace(&mut global.profile, self.to_profile.as_ref());
            replace(&mut global.region, self.to_region.as_ref());
            replace(&mut global.role, self.to_as.as_ref());
            replace(&mut global.account, self.to_account.as_ref());
            choose_engine(global, self.to_engine.as_ref());
        })
    }
}

fn replace<T: Clone>(setting: &mut Option<T>, by: Option<&T>) {
    if by.is_some() {
        *setting = by.cloned();
    }
}

fn choose_engine(global: &mut Global, engine: Option<&EngineName>) {
    if engine.is_some() {
        global.local = false;
        global.engine = engine.cloned();
    }
}

fn beside(session: &Session, side: &Side, change: impl FnOnce(&mut Global)) -> Session {
    let mut global = session.global().clone();
    if side.config.is_some() {
        global.config.clone_from(&side.config);
    }
    change(&mut global);
    session.beside(global)
}

/// What is meant by a side whose path names a key, a prefix, both or nothing.
#[derive(Debug, Args)]
pub(super) struct KindArgs {
    /// Take each path as a key, even if there are keys below it
    #[arg(long)]
    key: bool,
    /// Accept a side that matches no keys
    #[arg(long)]
    allow_empty: bool,
}

/// What a side holds.
#[derive(Debug)]
pub(super) struct SideContent {
    /// Whether the side is a single key. One that holds nothing is neither.
    pub(super) kind: Option<SideKind>,
    /// The entries by their names below the side's prefix; that of a single key by an empty name.
    pub(super) entries: BTreeMap<String, Entry>,
    /// How many keys are left out as they have a time to live.
    pub(super) left_out: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SideKind {
    Key,
    Prefix,
}

impl SideContent {
    fn of_key(entry: Option<Entry>) -> Self {
        Self {
            kind: entry.is_some().then_some(SideKind::Key),
            entries: entry.map(|entry| (String::new(), entry)).into_iter().collect(),
            left_out: 0,
        }
    }
}

/// Explains why a side couldn't be read or written. A word that was meant as a key is a config.
pub(super) fn explain(stop: Stop, side: &Side, session: &Session, access: Access) -> Failure {
    let mut failure = session.explain_stop(stop, access);
    if let Some(config) = &side.config
        && side.is_whole_config()
        && failure.problem == Some(ProblemCode::NoConfig)
    {
        let hint = format!("{config} is taken as a config; for the key or prefix, write /{config}");
        failure.hints.insert(0, hint);
    }
    failure
}

/// An error unless both sides are keys, or both prefixes.
pub(super) fn check_kinds(
    (one, one_kind): (&Side, Option<SideKind>),
    (other, other_kind): (&Side, Option<SideKind>),
) -> Result<(), Failure> {
    let (key, prefix) = match (one_kind, other_kind) {
        (Some(SideKind::Key), Some(SideKind::Prefix)) => (one, other),
        (Some(SideKind::Prefix), Some(SideKind::Key)) => (other, one),
        _ => return Ok(()),
    };
    Err(Failure::new(
        ErrorKind::Invalid,
        format!("{key} is a key, but {prefix} is a prefix: both must be of one kind"),
    ))
}

/// An error if the second side has something of the other kind than the first, and nothing of that.
pub(super) async fn check_destination(
    kind: Option<SideKind>,
    args: &KindArgs,
    from: &Side,
    to: &Side,
    store: &dyn Store,
) -> Result<(), Stop> {
    let Some(kind) = kind.filter(|_| !args.key && !to.prefix().is_all()) else {
        return Ok(());
    };
    let found = other_kind(to, kind, store).await?;
    Ok(check_kinds((from, Some(kind)), (to, found))?)
}

/// The same entries with the values of those secrets decrypted that are called so.
pub(super) async fn reveal(
    entries: BTreeMap<String, Entry>,
    names: impl Fn(&str) -> bool,
    side: &Side,
    session: &mut Session,
) -> Result<BTreeMap<String, Entry>, Failure> {
    let (names, asked): (Vec<String>, Vec<Entry>) = entries
        .iter()
        .filter(|(name, entry)| entry.secret && names(name))
        .map(|(name, entry)| (name.clone(), entry.clone()))
        .unzip();
    let store = session.store(Access::Read, &side.below).await?;
    let revealed = store.reveal(asked).await;
    let revealed = revealed.map_err(|error| session.explain(error, Access::Read))?;
    let mut entries = entries;
    entries.extend(names.into_iter().zip(revealed));
    Ok(entries)
}

/// What a side holds. Keys with a time to live are state, not configuration: below a prefix, only `with_ttl` are they among
/// the entries. Of the sections `except` there are none.
pub(super) async fn read(
    side: &Side,
    kind: &KindArgs,
    session: &mut Session,
    with_ttl: bool,
    except: &[Section],
) -> Result<SideContent, Stop> {
    let store: &dyn Store = session.store(Access::Read, &side.below).await?;
    if let (true, Some(key)) = (kind.key, &side.key) {
        let entry = match side.revision {
            Some(revision) => ops::entry_at(store, key, revision).await?,
            None => store.get(key, Consistency::Strong).await?,
        };
        return match entry {
            None if !kind.allow_empty => Err(Failure::from(StoreError::NotFound(key.clone())).into()),
            entry => Ok(SideContent::of_key(entry)),
        };
    }
    let below = read_below(store, side, except).await;
    let is_empty = below
        .as_ref()
        .map_or(true, |snapshot| snapshot.entries.is_empty());
    let own = match &side.key {
        Some(key) => own_entry(store, key, side.revision, is_empty).await?,
        None => None,
    };
    match own {
        Some(_) if !is_empty => return Err(is_both(side).into()),
        // A prefix may have no such revision where the key has.
        Some(entry) => return Ok(SideContent::of_key(Some(entry))),
        None => {}
    }
    let below = below?;
    if is_empty && !kind.allow_empty {
        let failure = Failure::new(ErrorKind::NotFound, nothing(side, &session.config()?));
        return Err(failure.hint(ALLOW_EMPTY).into());
    }
    let count = below.entries.len();
    let below = if with_ttl { below } else { below.without_ttl() };
    let left_out = count - below.entries.len();
    let named = |entry: Entry| Some((side.prefix().relative(&entry.key)?.to_owned(), entry));
    Ok(SideContent {
        kind: (!is_empty).then_some(SideKind::Prefix),
        entries: below.entries.into_iter().filter_map(named).collect(),
        left_out,
    })
}

/// The entry of the key that has a side's path. A role may be allowed to read what lies below and not the key, which is
/// then not meant.
pub(super) async fn own_entry(
    store: &dyn Store,
    key: &Key,
    revision: Option<Revision>,
    is_alone: bool,
) -> Result<Option<Entry>, Stop> {
    let now = match store.get(key, Consistency::Strong).await {
        Err(StoreError::Denied { .. } | StoreError::Uncovered { .. }) => return Ok(None),
        read => read?,
    };
    match revision {
        // Whether it was there at that revision is of no matter if it isn't the key that is meant.
        Some(revision) if is_alone => match ops::entry_at(store, key, revision).await {
            Err(_) if now.is_none() => Ok(None),
            read => Ok(read?),
        },
        _ => Ok(now),
    }
}

async fn read_below(store: &dyn Store, side: &Side, except: &[Section]) -> OpsResult<Snapshot> {
    if side.revision.is_none() && !side.below.is_root_section() {
        let prefixes = std::slice::from_ref(side.prefix());
        return Ok(store.snapshot_except(prefixes, except).await?);
    }
    let part = ops::find_section_part(store, &side.below).await?;
    match side.revision {
        Some(revision) => ops::state_at(store, &part, revision).await,
        None => Ok(ops::section_part_snapshot(store, &part).await?),
    }
}

fn is_both(side: &Side) -> Failure {
    Failure::new(
        ErrorKind::Invalid,
        format!("{side} is a key, and there are keys below it"),
    )
    .hint(format!(
        "write {} for the keys below it",
        side.prefix().with_slash()
    ))
    .hint("or use --key for the key itself")
}

/// The error of a prefix that was given and has no keys, which may be mistyped.
pub(super) async fn no_keys_below(prefix: &Prefix, store: &dyn Store) -> Result<Failure, Stop> {
    let failure = if is_key(prefix, store).await? {
        only_a_key(prefix)
    } else {
        Failure::new(ErrorKind::NotFound, format!("no keys below {prefix}"))
    };
    Ok(failure.hint(ALLOW_EMPTY))
}

const ALLOW_EMPTY: &str = "--allow-empty accepts that";

fn nothing(side: &Side, config: &str) -> String {
    let at = side
        .revision
        .map(|revision| format!(" at revision {revision}"))
        .unwrap_or_default();
    match &side.key {
        _ if side.is_whole_config() => format!("config \"{config}\" has no keys{at}"),
        _ if side.below.is_root_section() => format!("no keys at the root{at}"),
        Some(key) => format!("no key {key} and no keys below it{at}"),
        None => format!("no keys below {}{at}", side.prefix()),
    }
}

/// The kind of what a side has, if it has something of the other kind than `kind` and nothing of that.
async fn other_kind(side: &Side, kind: SideKind, store: &dyn Store) -> Result<Option<SideKind>, Stop> {
    let is_key = match &side.key {
        Some(key) => own_entry(store, key, None, true).await?.is_some(),
        None => false,
    };
    Ok(match kind {
        SideKind::Prefix if is_key && !has_keys_below(side.prefix(), store).await? => Some(SideKind::Key),
        SideKind::Key if !is_key && has_keys_below(side.prefix(), store).await? => Some(SideKind::Prefix),
        _ => None,
    })
}

/// Whether a key is there; none if the role may not read it.
pub(super) async fn is_there(store: &dyn Store, key: &Key) -> Result<Option<bool>, Stop> {
    match store.get(key, Consistency::Strong).await {
        Err(StoreError::Denied { .. } | StoreError::Uncovered { .. }) => Ok(None),
        read => Ok(Some(read?.is_some())),
    }
}

/// Whether there is a key that has a prefix's path, as far as the role may read it.
pub(super) async fn is_key(prefix: &Prefix, store: &dyn Store) -> Result<bool, Stop> {
    match prefix.to_string().parse() {
        Ok(key) => Ok(is_there(store, &key).await? == Some(true)),
        Err(_) => Ok(false),
    }
}

/// The error of a prefix that is a key, and has no keys below it.
pub(super) fn only_a_key(prefix: &Prefix) -> Failure {
    Failure::new(
        ErrorKind::NotFound,
        format!("{prefix} is a key, and there are no keys below it"),
    )
}

/// The hint for a key that isn't there although keys are below it, with the command that takes those.
pub(super) async fn below_instead(key: &Key, command: &str, store: &dyn Store) -> Option<String> {
    let prefix: Prefix = key.as_str().parse().ok()?;
    let has_keys = has_keys_below(&prefix, store).await.ok()?;
    has_keys.then(|| format!("for the keys below {key}, use `{command}`"))
}

/// Whether there are keys below a prefix.
pub(super) async fn has_keys_below(prefix: &Prefix, store: &dyn Store) -> Result<bool, Stop> {
    let scope = Scope::level(prefix.clone());
    let mut listed = readable_list(store, &scope, Consistency::Strong);
    Ok(listed.try_next().await?.is_some())
}
