//! Reads how busy the server is.

use mlflow_migrate_core::Error;

use crate::database::Postgres;
use crate::{session, statements};

/// The sessions of clients that run a statement, in any database.
///
/// `state` is NULL for sessions of roles that the user may not watch.
const RUNNING: &str = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a \
    WHERE a.state OPERATOR(pg_catalog.=) 'active' \
    AND a.backend_type OPERATOR(pg_catalog.=) 'client backend' \
    AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()";

/// Returns the number of statements that other sessions run.
///
/// A transaction sees the sessions of its first look, until it clears that snapshot.
pub(crate) async fn running_statements(database: &mut Postgres) -> Result<u64, Error> {
    let action = "reading the load";
    let again = "SELECT pg_catalog.pg_stat_clear_snapshot()".to_owned();
    statements::run_soon(database, again, action).await?;
    let running = statements::number(database, RUNNING.to_owned(), action).await?;
    session::end_reading(database).await?;
    Ok(running.unsigned_abs())
}
