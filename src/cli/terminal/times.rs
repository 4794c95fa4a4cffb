//! Times for people: when something was, or will be.

use std::time::SystemTime;

use clap::ValueEnum;

use crate::model::{Timestamp, relative_time};

/// How times are shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TimeStyle {
    /// As a distance from now, such as `3 h ago`
    Relative,
    /// As ISO 8601 in UTC, such as 2026-01-31T08:00:00Z
    Iso,
}

impl TimeStyle {
    /// Shows a moment.
    pub(in crate::cli) fn show(self, moment: Timestamp) -> String {
        match self {
            Self::Iso => moment.to_string(),
            Self::Relative => relative_time(moment, SystemTime::now().into()),
        }
    }
}
