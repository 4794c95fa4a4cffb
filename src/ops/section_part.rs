use super::{OpsError, OpsResult, readable_heads};
use crate::model::{PrefixOrRoot, Section, SectionPart};
use crate::store::{Heads, Result, Snapshot, Store};

/// The part of a section that is called so: for `/` the one section that the config has, or the root section of a config
/// that has none.
///
/// Fails with [`OpsError::Spans`] for `/` in a config of several sections.
pub async fn find_section_part(store: &dyn Store, name: &PrefixOrRoot) -> OpsResult<SectionPart> {
    if let Some(section) = name.section() {
        return Ok(SectionPart::new(section, name.prefix().clone()));
    }
    let sections = all_sections(store).await?;
    match <[Section; 1]>::try_from(sections) {
        Ok([section]) => Ok(section.into()),
        Err(none) if none.is_empty() => Ok(Section::root().into()),
        Err(_) => Err(OpsError::Spans(name.prefix().clone())),
    }
}

/// A snapshot of this part.
pub async fn section_part_snapshot(store: &dyn Store, part: &SectionPart) -> Result<Snapshot> {
    let prefixes = std::slice::from_ref(part.prefix());
    if !part.section().is_root() {
        return store.snapshot(prefixes).await;
    }
    let mut others = all_sections(store).await?;
    others.retain(|section| section != part.section());
    let mut snapshot = store.snapshot_except(prefixes, &others).await?;
    // Sections can have come since.
    snapshot.heads.retain(|head| head.section == *part.section());
    snapshot.entries.retain(|entry| part.holds(&entry.key));
    Ok(snapshot)
}

async fn all_sections(store: &dyn Store) -> Result<Vec<Section>> {
    let (heads, bad) = readable_heads(store, &Heads::All).await?;
    let bad = bad.into_iter().map(|bad| bad.section);
    Ok(heads.into_iter().map(|head| head.section).chain(bad).collect())
}
