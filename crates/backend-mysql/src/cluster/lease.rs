//! Whether an upgrade still holds its lock, known to all of its connections.

use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use tokio::sync::watch;

use crate::error::Context;

/// The greatest age of the last renewal at which a change may begin.
const FRESH: Duration = Duration::from_secs(10);

/// The state of the lock.
#[derive(Clone, Debug)]
pub(super) enum State {
    Renewed(Instant),
    Lost,
}

/// Whether the lock is still held, shared by all connections of an upgrade.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    state: watch::Receiver<State>,
    /// The database's name.
    name: String,
    /// How long a renewal may take.
    limit: Duration,
}

impl Lease {
    /// Returns the lease of a lock that was just acquired.
    pub(super) fn new(state: watch::Receiver<State>, context: &Context) -> Self {
        let limit = Duration::from_secs(context.lock_seconds).max(FRESH);
        Self { state, name: context.name.clone(), limit }
    }

    /// Confirms, before a change, that the lock is still held.
    pub(crate) async fn confirm(&mut self) -> Result<(), Error> {
        let is_known = |state: &State| match state {
            State::Renewed(at) => at.elapsed() < FRESH,
            State::Lost => true,
        };
        let name = self.name.clone();
        match tokio::time::timeout(self.limit, self.state.wait_for(is_known)).await {
            Ok(Ok(state)) if matches!(*state, State::Renewed(_)) => Ok(()),
            Ok(_) => Err(Error::LockLost { name }),
            Err(_) => Err(Error::Unavailable {
                name,
                problem: format!(
                    "the cluster took no write for {} s, so the lock of the upgrade could not be renewed",
                    self.limit.as_secs()
                ),
                remedy: "check the state of the cluster's nodes".into(),
            }),
        }
    }
}

/// Confirms, before a change, that the lock is still held, if it is one that can be lost.
pub(crate) async fn confirm(lease: &mut Option<Lease>) -> Result<(), Error> {
    match lease {
        Some(lease) => lease.confirm().await,
        None => Ok(()),
    }
}
