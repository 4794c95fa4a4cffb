//! The two sides of a comparison or a copy.

use std::collections::BTreeMap;

use clap::Args;

use super::failure::{Failure, Stop};
use super::global::Global;
use super::session::Session;
use crate::context::EngineName;
use crate::model::{Access, Entry, Region, Role, Section, Side};
use crate::ops;
use crate::store::{Store, StoreExt as _};

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
    let store = session.store(Access::Read, &side.prefix).await?;
    let revealed = store.reveal(asked).await;
    let revealed = revealed.map_err(|error| session.explain(error, Access::Read))?;
    let mut entries = entries;
    entries.extend(names.into_iter().zip(revealed));
    Ok(entries)
}

/// The entries of a side by their names below its prefix. Keys with a time to live are state, not configuration:
/// only `with_ttl` are they among them. Of the sections `except` there are none.
pub(super) async fn read(
    side: &Side,
    session: &mut Session,
    with_ttl: bool,
    except: &[Section],
) -> Result<BTreeMap<String, Entry>, Stop> {
    let store: &dyn Store = session.store(Access::Read, &side.prefix).await?;
    let snapshot = if let Some(revision) = side.revision {
        ops::state_at(store, &side.prefix, revision).await?
    } else {
        let prefixes = std::slice::from_ref(&side.prefix);
        store.snapshot_except(prefixes, except).await?
    };
    let snapshot = if with_ttl {
        snapshot
    } else {
        snapshot.without_ttl()
    };
    Ok(snapshot
        .entries
        .into_iter()
        .filter_map(|entry| Some((side.prefix.relative(&entry.key)?.to_owned(), entry)))
        .collect())
}
