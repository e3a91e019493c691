//! Explains the failure of a statement.

use mlflow_migrate_core::Error;

use super::{hidden_rows, lock_holders};
use crate::database::Postgres;
use crate::error::{is_lock_failure, is_row_security};

/// Returns the error for `source`, which occurred during `action`.
///
/// An error about a lock names the sessions that hold the lock. To find them, the transaction is
/// rolled back.
pub(crate) async fn failed(database: &mut Postgres, action: &str, source: sqlx::Error) -> Error {
    let is_lock = is_lock_failure(&source);
    if is_row_security(&source) {
        return hidden_rows::after(database, action, source).await;
    }
    let error = database.context().error(action, source);
    match error {
        Error::Locked { name, waited_seconds, .. } if is_lock => {
            let holders = lock_holders::of_tables(database).await;
            Error::Locked { name, waited_seconds, holders }
        }
        other => other,
    }
}
