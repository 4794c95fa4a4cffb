use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// What is behind a failure, shared by all whom it met: commits that go together fail together.
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

// It is no `Error` itself: it stands for the one that it holds.
impl<E: Error + Send + Sync + 'static> From<E> for Cause {
    fn from(error: E) -> Self {
        Self(Arc::new(error))
    }
}

impl Deref for Cause {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
