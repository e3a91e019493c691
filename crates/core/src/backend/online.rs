//! Changes tables while other programs read and write them.

use async_trait::async_trait;

use crate::error::Error;
use crate::event::Progress;
use crate::schema::Index;

/// A database that builds indexes while other programs write to their tables.
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
