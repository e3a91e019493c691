//! Consistent copies of a database, by SQLite's backup API.

use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::connect::{OpenOptions, Sqlite};
use crate::error::Context;
use crate::file::{self, Access, failed, refuse_existing};

const PAGES_A_STEP: i32 = 4096;

/// Copies a database, whoever else writes to it meanwhile.
///
/// # Errors
/// If the source is no database, or the destination exists.
pub async fn copy(source: &Path, destination: &Path, options: &OpenOptions) -> Result<(), Error> {
    PendingCopy::create(source, destination, options).await?.publish()
}

/// A copy under a temporary name beside its destination, which nobody but its owner can read. Unless it
/// is published it is removed.
#[derive(Debug)]
pub struct PendingCopy {
    path: PathBuf,
    destination: PathBuf,
    access: Access,
}

impl PendingCopy {
    /// Makes the copy.
    ///
    /// # Errors
    /// If the source is no database, or the destination exists.
    pub async fn create(
        source: &Path,
        destination: &Path,
        options: &OpenOptions,
    ) -> Result<Self, Error> {
        refuse_existing(destination)?;
        let open = OpenOptions { create: false, ..options.clone() };
        let database = Sqlite::open(source, &open).await?;
        let (destination, access) = (destination.to_owned(), Access::of(source)?);
        let copy = move |connection: &mut Connection, context: Context<'_>| {
            Self::of(connection, &destination, access, context)
        };
        database.call(copy).await
    }

    /// Makes the copy of an open database.
    pub(crate) fn of(
        source: &Connection,
        destination: &Path,
        access: Access,
        context: Context<'_>,
    ) -> Result<Self, Error> {
        refuse_existing(destination)?;
        Self::beside(source, destination, access, context)
    }

    /// Makes the copy of an open database beside a file that may be there.
    pub(crate) fn beside(
        source: &Connection,
        destination: &Path,
        access: Access,
        context: Context<'_>,
    ) -> Result<Self, Error> {
        let mut path = destination.as_os_str().to_owned();
        path.push(format!(".partial-{}", std::process::id()));
        let path = PathBuf::from(path);
        file::create_private(&path)?;
        let pending = Self { path, destination: destination.to_owned(), access };
        copy_pages(source, &pending.path, context)?;
        Ok(pending)
    }

    /// The copy's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the copy its destination's name, and those access who had it to the source.
    ///
    /// # Errors
    /// If a file of that name has come into being meanwhile, or the folder cannot be written.
    pub fn publish(self) -> Result<(), Error> {
        self.access.give_to(&self.path)?;
        // A link, unlike a rename, never replaces an existing file; Drop removes the first name.
        std::fs::hard_link(&self.path, &self.destination).or_else(|_| {
            refuse_existing(&self.destination)?;
            self.rename()
        })?;
        file::sync_folder(&self.destination)
    }

    /// Puts the copy in the place of the file that has its destination's name.
    pub(crate) fn replace(self) -> Result<(), Error> {
        self.access.give_to(&self.path)?;
        self.rename()?;
        file::sync_folder(&self.destination)
    }

    fn rename(&self) -> Result<(), Error> {
        std::fs::rename(&self.path, &self.destination)
            .map_err(|source| failed("renaming the copy to", &self.destination, source))
    }
}

impl Drop for PendingCopy {
    fn drop(&mut self) {
        for path in std::iter::once(self.path.clone()).chain(file::beside(&self.path)) {
            // There is nobody to tell, and a file that is not there needs no removal.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn copy_pages(source: &Connection, path: &Path, context: Context<'_>) -> Result<(), Error> {
    let name = path.display().to_string();
    let target = Context { name: &name, ..context };
    let mut connection =
        Connection::open(path).map_err(|error| target.error("creating the copy", error))?;
    let mut copy = || {
        // One read transaction for the whole copy: pages that another process changes meanwhile
        // would make the backup start again.
        source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
        write_pages(source, &mut connection)?;
        source.execute_batch("COMMIT")
    };
    copy().map_err(|error| context.error("copying the database", error))?;
    connection.close().map_err(|(_, error)| target.error("closing the copy", error))
}

/// Makes one database the same as another. Until the last page is written the target can go back.
pub(crate) fn write_pages(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(source, target)?;
    loop {
        match backup.step(PAGES_A_STEP)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    }
}
