//! Transactions of rows, where a change of a table commits by itself.

use async_trait::async_trait;

use crate::error::Error;

/// Transactions that hold rows, and no change of a table.
#[async_trait]
pub trait RowTransactions: Send {
    /// Begins a transaction for rows.
    async fn begin_rows(&mut self) -> Result<(), Error>;

    /// Commits what was begun by [`RowTransactions::begin_rows`].
    async fn commit_rows(&mut self) -> Result<(), Error>;

    /// Rolls back what was begun by [`RowTransactions::begin_rows`].
    async fn rollback_rows(&mut self) -> Result<(), Error>;

    /// Adds to how many rows the current step has written over or taken away, as a part of the
    /// transaction.
    async fn note_more_losses(&mut self, rows: u64) -> Result<(), Error>;
}
