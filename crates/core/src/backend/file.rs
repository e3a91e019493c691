//! Offers backup and integrity check of databases that are a file.

use std::path::Path;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::error::Error;
use crate::event::cancellation::CancellationToken;

/// An integrity check in progress, once it is polled.
pub type IntegrityCheck = BoxFuture<'static, Result<(), Error>>;

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

    /// Begins the check of [`Self::check_integrity`] over a connection of its own, so that the session
    /// can read meanwhile.
    ///
    /// Where no second connection can read the file, the whole check runs before this returns.
    ///
    /// # Errors
    /// [`Error::Corrupt`]
    async fn begin_integrity_check(
        &mut self,
        stop: &CancellationToken,
    ) -> Result<IntegrityCheck, Error>;

    /// Measures the file, and the free space of its file system.
    async fn space(&mut self) -> Result<FileSpace, Error>;
}
