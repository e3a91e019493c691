//! Databases that are a file.

use std::path::Path;

use async_trait::async_trait;

use crate::error::Error;

/// A database that is a file of the user's.
#[async_trait]
pub trait FileDatabase: Send {
    /// Copies the database to a new file, in a session that keeps writers out and has changed nothing
    /// yet.
    async fn back_up(&mut self, destination: &Path) -> Result<(), Error>;

    /// Makes sure that the database is whole, by its own check. Reads every page.
    ///
    /// # Errors
    /// [`Error::Corrupt`]
    async fn check_integrity(&mut self) -> Result<(), Error>;
}
