use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::error::ApiError;
use crate::model::{ErrorKind, Grouped};
use crate::wire::ProblemCode;

/// The client that a place is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum ClientId {
    /// All that hold this token.
    Token(String),
    /// All that call from this address.
    Address(IpAddr),
}

/// The places for requests that wait for changes or stream them: of these one client may hold half, so that none keeps
/// the others out.
#[derive(Debug)]
pub(super) struct WaitingPlaces {
    free: Arc<Semaphore>,
    /// The number of places.
    all: usize,
    most: usize,
    taken: Arc<Mutex<HashMap<ClientId, usize>>>,
}

/// A place that is taken as long as this is held.
#[derive(Debug)]
pub(super) struct WaitingPlace {
    taken: Arc<Mutex<HashMap<ClientId, usize>>>,
    client: ClientId,
    /// Gives the place back.
    _permit: OwnedSemaphorePermit,
}

impl WaitingPlaces {
    pub(super) fn of(places: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(places)),
            all: places,
            most: places.div_ceil(2),
            taken: Arc::default(),
        }
    }

    /// A place for a request of that client. Fails where none is free, or the client holds its share.
    pub(super) fn take(&self, client: ClientId) -> Result<WaitingPlace, ApiError> {
        let permit = Arc::clone(&self.free).try_acquire_owned();
        let permit = permit.map_err(|_| busy("waiting", self.all))?;
        let mut taken = locked(&self.taken);
        let own = taken.entry(client.clone()).or_default();
        if *own >= self.most {
            let most = Grouped(self.most);
            let detail = format!(
                "too many waiting requests from this client (limit {most}); end one, or retry after 1 s"
            );
            return Err(ApiError::new(ErrorKind::Unavailable, ProblemCode::Busy, detail));
        }
        *own += 1;
        drop(taken);
        Ok(WaitingPlace {
            taken: Arc::clone(&self.taken),
            client,
            _permit: permit,
        })
    }
}

impl Drop for WaitingPlace {
    fn drop(&mut self) {
        let mut taken = locked(&self.taken);
        if let Some(own) = taken.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.client);
            }
        }
    }
}

/// The error of a request beyond a limit of `which` requests.
pub(super) fn busy(which: &str, limit: usize) -> ApiError {
    let detail = format!(
        "too many {which} requests (limit {}); retry after 1 s",
        Grouped(limit)
    );
    ApiError::new(ErrorKind::Unavailable, ProblemCode::Busy, detail)
}

fn locked(taken: &Mutex<HashMap<ClientId, usize>>) -> MutexGuard<'_, HashMap<ClientId, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_holds_half_of_the_places_at_most() {
        let places = WaitingPlaces::of(4);
        let token = |name: &str| ClientId::Token(name.into());
        let first = places.take(token("a")).expect("a place");
        let second = places.take(token("a")).expect("a place");
        assert!(places.take(token("a")).is_err(), "its share is taken");
        let others: Vec<_> = [token("b"), ClientId::Address([127, 0, 0, 1].into())]
            .map(|client| places.take(client).expect("the other half"))
            .into();
        assert!(places.take(token("c")).is_err(), "none is left");
        drop(first);
        assert!(places.take(token("b")).is_ok());
        drop((second, others));
        assert!(locked(&places.taken).is_empty());
        assert!(places.take(token("a")).is_ok());
    }
}
