//! Changes tables while other programs read and write them.

use async_trait::async_trait;

use crate::error::Error;
use crate::event::Progress;
use crate::plan::TableChange;
use crate::rows::Rows;
use crate::schema::Index;

/// A database that creates tables and builds indexes while other programs use it.
///
/// The session ends by [`Backend::rollback`](super::Backend::rollback). What these methods have done
/// stays.
#[async_trait]
pub trait OnlineChanges: Send {
    /// Begins a session that keeps other upgraders out, and nobody else.
    ///
    /// Each statement reads what is there at its moment.
    ///
    /// # Errors
    /// If another upgrade is at work, or the server cannot change tables online, as in a cluster.
    async fn begin_online(&mut self) -> Result<(), Error>;

    /// Returns which of these tables the server cannot index online, with the reason.
    async fn tables_left_out(&mut self, tables: &[String]) -> Result<Vec<(String, String)>, Error>;

    /// Creates a table, or changes one without touching its rows.
    ///
    /// Waits for the tables that it needs only for a moment at a time, and tries again, because others
    /// wait behind it.
    ///
    /// # Errors
    /// [`Error::Locked`] if a table stays in use. After an error nothing is changed, where the database
    /// can undo it.
    async fn change_briefly(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<(), Error>;

    /// Drops a table, and waits as [`OnlineChanges::change_briefly`] does.
    async fn drop_table(&mut self, table: &str, progress: &Progress) -> Result<(), Error>;

    /// Opens a further session that writes rows in short transactions, while others do.
    ///
    /// [`Rows::transactions`] is `Some`. The session waits for a locked row for a moment only.
    async fn rows_online(&mut self) -> Result<Box<dyn Rows>, Error>;

    /// Returns the number of statements that other sessions run now, as far as the user may see them.
    async fn running_statements(&mut self) -> Result<u64, Error>;

    /// Builds an index while others read and write the table.
    ///
    /// After an error the index is not there, or is there and not used.
    async fn create_index(
        &mut self,
        table: &str,
        index: &Index,
        progress: &Progress,
    ) -> Result<(), Error>;

    /// Drops an index while others read and write the table.
    async fn drop_index(
        &mut self,
        table: &str,
        index: &str,
        progress: &Progress,
    ) -> Result<(), Error>;
}
