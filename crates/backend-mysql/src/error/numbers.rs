//! What the numbers of MySQL's errors mean.

use mlflow_migrate_core::Error;
use sqlx::mysql::MySqlDatabaseError;

/// `ER_DUP_ENTRY`, `ER_NO_REFERENCED_ROW(_2)`, `ER_BAD_NULL_ERROR`, `ER_INVALID_USE_OF_NULL`,
/// `WARN_DATA_TRUNCATED` (a NULL that becomes NOT NULL), `ER_CHECK_CONSTRAINT_VIOLATED`, and
/// MariaDB's `ER_CONSTRAINT_FAILED`.
const REFUSED_ROWS: [u16; 8] = [1062, 1216, 1452, 1048, 1138, 1265, 3819, 4025];

/// `ER_TRANS_CACHE_FULL` and `ER_STMT_CACHE_FULL` (the cache of the binary log), `ER_ERROR_DURING_COMMIT`
/// (Galera's limits), `ER_RUN_HOOK_ERROR` (that of group replication), and `ER_LOCK_TABLE_FULL` (there is no
/// room for the locks of so many rows).
pub(super) const TOO_LARGE: [u16; 5] = [1197, 1705, 1180, 3100, 1206];

/// `ER_NO_SUCH_TABLE`
const NO_SUCH_TABLE: u16 = 1146;

/// `ER_KEY_DOES_NOT_EXITS`
const NO_SUCH_KEY: u16 = 1176;

/// The number and the text of an error that the server told.
pub(crate) fn server_error(source: &sqlx::Error) -> Option<(u16, String)> {
    let database = source.as_database_error()?;
    let error = database.try_downcast_ref::<MySqlDatabaseError>()?;
    Some((error.number(), error.message().to_owned()))
}

/// Whether rows were in the way of a statement.
pub(crate) fn is_refused_rows(error: &Error) -> bool {
    let Error::Database { source, .. } = error else { return false };
    let known = source.downcast_ref::<sqlx::Error>().and_then(server_error);
    known.is_some_and(|(number, _)| REFUSED_ROWS.contains(&number))
}

/// Whether an error says that what should be a table is a view.
pub(crate) fn is_view(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| number == NO_SUCH_KEY)
}

/// Whether an error says that a table does not exist.
pub(crate) fn is_missing_table(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| number == NO_SUCH_TABLE)
}

/// Whether the server did not take a transaction for what it changes.
pub(crate) fn is_too_large(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| TOO_LARGE.contains(&number))
}
