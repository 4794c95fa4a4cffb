use crate::model::Section;

/// Which heads to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heads {
    /// The heads of all registered sections.
    All,
    /// The heads of all registered sections except these.
    AllBut(Vec<Section>),
    /// The heads of these sections; a section without a head is left out.
    Of(Vec<Section>),
}
