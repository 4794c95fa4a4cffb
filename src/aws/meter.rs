use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the requests that were sent and the capacity that they consumed. Clones share one count.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Spent>>);

/// What was spent so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// How often each operation was sent, retries included.
    pub requests: BTreeMap<String, u64>,
    /// Read units, as DynamoDB reports them.
    pub read_units: f64,
    /// Write units, as DynamoDB reports them.
    pub write_units: f64,
    /// How many write transactions DynamoDB cancelled.
    pub cancelled: u64,
    /// The write units that these would have taken. DynamoDB charges for them and doesn't report them.
    pub cancelled_write_units: f64,
}

impl Meter {
    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts one request that is being sent.
    pub(crate) fn count(&self, operation: &str) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *spent.requests.entry(operation.to_owned()).or_default() += 1;
    }

    /// Adds capacity that DynamoDB says it took.
    pub(crate) fn consume(&self, read: f64, write: f64) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.read_units += read;
        spent.write_units += write;
    }

    /// Adds a cancelled transaction and the write units that it would have taken.
    pub(crate) fn cancel(&self, write: f64) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.cancelled += 1;
        spent.cancelled_write_units += write;
    }
}

impl Spent {
    /// The number of requests.
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }
}
