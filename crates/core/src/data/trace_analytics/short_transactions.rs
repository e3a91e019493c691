//! Writes rows in short transactions beside those of MLflow.

use crate::error::Error;
use crate::rows::Rows;

/// Begins a transaction.
pub(super) async fn begin(database: &mut dyn Rows) -> Result<(), Error> {
    match database.transactions() {
        Some(transactions) => transactions.begin_rows().await,
        None => Ok(()),
    }
}

/// Ends a transaction that has only read.
pub(super) async fn end(database: &mut dyn Rows) -> Result<(), Error> {
    match database.transactions() {
        Some(transactions) => transactions.rollback_rows().await,
        None => Ok(()),
    }
}

/// Commits what was written, and returns the number of rows.
///
/// Rows that others keep locked are left to the upgrade, with those of the same transaction.
pub(super) async fn commit(
    database: &mut dyn Rows,
    written: Result<u64, Error>,
) -> Result<u64, Error> {
    let Some(transactions) = database.transactions() else { return written };
    match written {
        Ok(rows) => transactions.commit_rows().await.map(|()| rows),
        Err(Error::Locked { .. } | Error::Conflict { .. }) => {
            transactions.rollback_rows().await.map(|()| 0)
        }
        Err(error) => {
            // The first error is the one to report.
            let _ = transactions.rollback_rows().await;
            Err(error)
        }
    }
}
