use std::borrow::Borrow;
use std::collections::BTreeSet;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::model::Section;
use crate::store::{Committed, Result, Txn};

/// A commit that waits, with its caller.
pub(super) struct CommitJob {
    pub(super) txn: Txn,
    pub(super) since: Instant,
    pub(super) answer: oneshot::Sender<Result<Committed>>,
}

impl Borrow<Txn> for CommitJob {
    fn borrow(&self) -> &Txn {
        &self.txn
    }
}

impl CommitJob {
    pub(super) fn reply(self, answer: Result<Committed>) {
        // The caller may have stopped waiting.
        let _ = self.answer.send(answer);
    }

    pub(super) fn claims(&self) -> BTreeSet<Section> {
        self.txn.sections().into_iter().collect()
    }
}
