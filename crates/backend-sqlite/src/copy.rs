//! Consistent copies of a database, by SQLite's backup API.

use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::connect::{OpenOptions, Sqlite};
use crate::error::Context;

const PAGES_A_STEP: i32 = 4096;

/// Copies a database, whoever else writes to it meanwhile.
///
/// # Errors
/// If the source is no database, or the destination exists.
pub async fn copy(source: &Path, destination: &Path, options: &OpenOptions) -> Result<(), Error> {
    PendingCopy::create(source, destination, options).await?.publish()
}

/// A copy under a temporary name beside its destination. Unless it is published it is removed.
#[derive(Debug)]
pub struct PendingCopy {
    path: PathBuf,
    destination: PathBuf,
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
        let mut path = destination.as_os_str().to_owned();
        path.push(format!(".partial-{}", std::process::id()));
        let path = PathBuf::from(path);
        refuse_existing(&path)?;
        let pending = Self { path: path.clone(), destination: destination.to_owned() };
        database.call(move |connection, context| copy_pages(connection, &path, context)).await?;
        Ok(pending)
    }

    /// The copy's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the copy its destination's name.
    ///
    /// # Errors
    /// If a file of that name has come into being meanwhile, or the folder cannot be written.
    pub fn publish(self) -> Result<(), Error> {
        // A link, unlike a rename, never replaces an existing file; Drop removes the first name.
        std::fs::hard_link(&self.path, &self.destination).or_else(|_| {
            refuse_existing(&self.destination)?;
            std::fs::rename(&self.path, &self.destination).map_err(|source| Error::Database {
                action: format!("renaming the copy to {}", self.destination.display()),
                source: Box::new(source),
            })
        })
    }
}

impl Drop for PendingCopy {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut path = self.path.as_os_str().to_owned();
            path.push(suffix);
            // There is nobody to tell, and a file that is not there needs no removal.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn refuse_existing(path: &Path) -> Result<(), Error> {
    if path.exists() {
        return Err(Error::Unreachable {
            name: path.display().to_string(),
            problem: "the file exists already".to_owned(),
            hint: "give another name; nothing is ever overwritten".to_owned(),
        });
    }
    Ok(())
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
        let backup = Backup::new(source, &mut connection)?;
        loop {
            match backup.step(PAGES_A_STEP)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        }
        drop(backup);
        source.execute_batch("COMMIT")
    };
    copy().map_err(|error| context.error("copying the database", error))?;
    connection.close().map_err(|(_, error)| target.error("closing the copy", error))
}
