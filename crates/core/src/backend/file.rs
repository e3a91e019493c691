//! Offers backup and integrity check of databases that are a file.

use std::path::Path;

use async_trait::async_trait;

use crate::error::Error;

/// The space of a file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSpace {
    /// The size of the file.
    pub size: u64,
    /// What the user can still write to the file system; `None` where the system does not report it.
    pub free: Option<u64>,
}

/// A database that is a file of the user's.
#[async_trait]
pub trait FileDatabase: Send {
    /// Copies the database to a new file.
    ///
    /// Called in a session that keeps writers out, before the session changes anything.
    async fn back_up(&mut self, destination: &Path) -> Result<(), Error>;

    /// Checks the integrity of the database, by the database's own check. Reads every page.
    ///
    /// # Errors
    /// [`Error::Corrupt`]
    async fn check_integrity(&mut self) -> Result<(), Error>;

    /// Measures the file, and the free space of its file system.
    async fn space(&mut self) -> Result<FileSpace, Error>;
}
