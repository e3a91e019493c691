//! Waits for the connections that work side by side.

use std::time::Duration;

use mlflow_migrate_core::Error;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::connection::Connection;
use crate::error::Context;
use crate::text_protocol;

/// How often the connection that holds the upgrade's lock is checked.
const PING: Duration = Duration::from_secs(1);

/// Returns the results of all workers.
///
/// # Errors
/// The first error of a worker or of `own`, whose loss lets another upgrade begin.
pub(crate) async fn all_ended<T: 'static>(
    workers: &mut JoinSet<Result<T, Error>>,
    own: &mut Connection,
    context: &Context,
    action: &str,
) -> Result<Vec<T>, Error> {
    let mut pings = tokio::time::interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut results = Vec::new();
    loop {
        tokio::select! {
            finished = workers.join_next() => match finished {
                None => return Ok(results),
                Some(finished) => results.push(finished.map_err(|source| Error::Database {
                    action: action.to_owned(),
                    source: Box::new(source),
                })??),
            },
            _ = pings.tick() => {
                let failed = |source| context.error(action, source);
                text_protocol::run_soon(own, "DO 0").await.map_err(failed)?;
            }
        }
    }
}
