//! Runs transactions of rows, where each table change commits automatically.

use async_trait::async_trait;

use crate::error::Error;

/// Transactions of rows, without table changes.
#[async_trait]
pub trait RowTransactions: Send {
    /// Begins a transaction for rows.
    async fn begin_rows(&mut self) -> Result<(), Error>;

    /// Commits the transaction that [`RowTransactions::begin_rows`] began.
    async fn commit_rows(&mut self) -> Result<(), Error>;

    /// Rolls back the transaction that [`RowTransactions::begin_rows`] began.
    async fn rollback_rows(&mut self) -> Result<(), Error>;

    /// Adds to the number of rows that the current step has overwritten or deleted.
    ///
    /// The note is part of the transaction.
    async fn note_more_losses(&mut self, rows: u64) -> Result<(), Error>;
}
