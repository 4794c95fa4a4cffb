use super::{Key, Revision, Value};

/// A value as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LoggedValue {
    /// The value.
    Value(Value),
    /// It was purged: only the log's word that there was one is left.
    Purged,
}

impl LoggedValue {
    /// The value, unless it was purged.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Purged => None,
        }
    }

    /// Whether it was purged.
    pub fn is_purged(&self) -> bool {
        matches!(self, Self::Purged)
    }

    /// The bytes of the value; 0 of one that was purged.
    pub fn len(&self) -> usize {
        self.value().map_or(0, Value::len)
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Value> for LoggedValue {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

/// What was purged equals no value.
impl PartialEq<Value> for LoggedValue {
    fn eq(&self, value: &Value) -> bool {
        self.value() == Some(value)
    }
}

/// A value that is requested was purged from the log. It says nothing of whether the key is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the value of {key} at revision {revision} was purged")]
pub struct PurgedValue {
    /// The key.
    pub key: Key,
    /// The revision that had written the value.
    pub revision: Revision,
}
