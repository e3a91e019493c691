//! What the failure of a statement means.

use mlflow_migrate_core::Error;

use super::{hidden_rows, lock_holders};
use crate::database::Postgres;
use crate::error::{is_lock_failure, is_row_security};

/// An error seen while doing `action`. One about a lock names the sessions that hold it, for which
/// the transaction has to end.
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
