//! Groups of MySQL's error numbers, and what each group means.

use mlflow_migrate_core::Error;
use sqlx::mysql::MySqlDatabaseError;

/// Existing rows violate a constraint.
///
/// `ER_DUP_ENTRY`, `ER_NO_REFERENCED_ROW(_2)`, `ER_BAD_NULL_ERROR`, `ER_INVALID_USE_OF_NULL`,
/// `WARN_DATA_TRUNCATED` (a NULL that becomes NOT NULL), `ER_CHECK_CONSTRAINT_VIOLATED`, and
/// MariaDB's `ER_CONSTRAINT_FAILED`.
const REFUSED_ROWS: [u16; 8] = [1062, 1216, 1452, 1048, 1138, 1265, 3819, 4025];

/// The changes of a transaction exceed a limit of the server.
///
/// `ER_TRANS_CACHE_FULL` and `ER_STMT_CACHE_FULL` (the cache of the binary log),
/// `ER_ERROR_DURING_COMMIT` (Galera's limits), `ER_RUN_HOOK_ERROR` (group replication's limit), and
/// `ER_LOCK_TABLE_FULL` (no room for that number of row locks).
pub(super) const TOO_LARGE: [u16; 5] = [1197, 1705, 1180, 3100, 1206];

/// `ER_NO_SUCH_TABLE`
const NO_SUCH_TABLE: u16 = 1146;

/// `ER_KEY_DOES_NOT_EXITS`
const NO_SUCH_KEY: u16 = 1176;

/// Returns the number and the text of an error that the server reported.
pub(crate) fn server_error(source: &sqlx::Error) -> Option<(u16, String)> {
    let database = source.as_database_error()?;
    let error = database.try_downcast_ref::<MySqlDatabaseError>()?;
    Some((error.number(), error.message().to_owned()))
}

/// Returns whether the server refused a statement because of existing rows.
pub(crate) fn is_refused_rows(error: &Error) -> bool {
    let Error::Database { source, .. } = error else { return false };
    let known = source.downcast_ref::<sqlx::Error>().and_then(server_error);
    known.is_some_and(|(number, _)| REFUSED_ROWS.contains(&number))
}

/// Returns whether an error shows that a view stands where a table should.
pub(crate) fn is_view(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| number == NO_SUCH_KEY)
}

/// Returns whether an error shows that a table does not exist.
pub(crate) fn is_missing_table(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| number == NO_SUCH_TABLE)
}

/// Returns whether the server refused a transaction for the size of its changes.
pub(crate) fn is_too_large(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| TOO_LARGE.contains(&number))
}
