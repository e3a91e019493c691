//! The tables that exist only while tables are swapped, or their rows exchanged.

use mlflow_migrate_core::Error;

use crate::connection::Connection;
use crate::error::Context;
use crate::text_protocol;

/// The prefix of a new table's name.
///
/// MLflow's own check for an empty database leaves out `alembic_…`.
pub(crate) const NEW: &str = "alembic_mlflow_migrate_new_";

/// The prefix of an old table's name.
pub(crate) const OLD: &str = "alembic_mlflow_migrate_old_";

/// The prefix of the name of a partitioned table, which keeps rows for a moment.
pub(crate) const PARTITIONED: &str = "alembic_mlflow_migrate_rows_";

/// Returns whether a table exists only while tables are swapped.
pub(crate) fn includes(table: &str) -> bool {
    [NEW, OLD, PARTITIONED].iter().any(|prefix| table.starts_with(prefix))
}

/// Lists the tables that exist only while tables are swapped.
pub(crate) async fn list(
    connection: &mut Connection,
    context: &Context,
) -> Result<Vec<String>, Error> {
    let sql = "SELECT TABLE_NAME FROM information_schema.TABLES \
               WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'alembic\\_mlflow\\_migrate\\_%'";
    let found = text_protocol::rows(connection, sql).await;
    let found = found.map_err(|source| context.error("looking for tables", source))?;
    Ok(found.into_iter().flatten().flatten().filter(|name| includes(name)).collect())
}
