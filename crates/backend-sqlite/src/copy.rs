//! Consistent copies of a database, by SQLite's backup API.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};

use crate::connect::{OpenOptions, Sqlite, open_exclusively};
use crate::error::Context;
use crate::file::{self, Access, failed, refuse_existing, refuse_side_files};

const PAGES_A_STEP: i32 = 4096;
const BETWEEN_TRIALS: Duration = Duration::from_millis(20);

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
        refuse_taken(destination)?;
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
        refuse_taken(destination)?;
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
    /// If a file of that name, or one that SQLite would take for a part of it, has come into being
    /// meanwhile, or the folder cannot be written.
    pub fn publish(self) -> Result<(), Error> {
        self.access.give_to(&self.path)?;
        let _held = self.hold()?;
        refuse_side_files(&self.destination)?;
        // A link, unlike a rename, never replaces an existing file; Drop removes the first name.
        std::fs::hard_link(&self.path, &self.destination).or_else(|_| {
            refuse_existing(&self.destination)?;
            self.rename()
        })?;
        // Nobody could read it so far, so what is beside it now is not its own.
        refuse_side_files(&self.destination).inspect_err(|_| {
            let _ = std::fs::remove_file(&self.destination);
        })?;
        file::sync_folder(&self.destination)
    }

    /// Puts the copy in the place of the file that has its destination's name, which keeps another one.
    pub(crate) fn replace(self, kept: &Path) -> Result<(), Error> {
        self.access.give_to(&self.path)?;
        let _held = self.hold()?;
        refuse_side_files(&self.destination)?;
        std::fs::hard_link(&self.destination, kept)
            .map_err(|source| failed("keeping the damaged file as", kept, source))?;
        let replaced = file::sync_folder(kept).and_then(|()| self.rename());
        replaced.inspect_err(|_| {
            let _ = std::fs::remove_file(kept);
        })?;
        refuse_side_files(&self.destination).inspect_err(|_| {
            let _ = std::fs::rename(kept, &self.destination);
        })?;
        file::sync_folder(&self.destination)
    }

    /// Keeps everybody from reading the copy, under any name, as long as the connection lives.
    fn hold(&self) -> Result<Connection, Error> {
        let name = self.path.display().to_string();
        let context = Context { name: &name, waited_seconds: 0 };
        open_exclusively(&self.path, Duration::ZERO)
            .map_err(|source| context.error("locking the copy", source))
    }

    fn rename(&self) -> Result<(), Error> {
        std::fs::rename(&self.path, &self.destination)
            .map_err(|source| failed("renaming the copy to", &self.destination, source))
    }
}

/// Refuses a name that is not free for a new database.
pub(crate) fn refuse_taken(destination: &Path) -> Result<(), Error> {
    refuse_existing(destination)?;
    refuse_side_files(destination)
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
    write_pages(source, &mut connection, context)
        .map_err(|error| context.error("copying the database", error))?;
    connection.close().map_err(|(_, error)| target.error("closing the copy", error))
}

/// Makes one database the same as another. Until the last page is written the target can go back.
pub(crate) fn write_pages(
    source: &Connection,
    target: &mut Connection,
    context: Context<'_>,
) -> rusqlite::Result<()> {
    // One read transaction for the whole copy: pages that another process changes meanwhile would make
    // it start again.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
    let backup = Backup::new(source, target)?;
    let waiting_ends = Duration::from_secs(context.waited_seconds);
    let mut waits_since = None;
    loop {
        match backup.step(PAGES_A_STEP)? {
            StepResult::Done => break,
            StepResult::More => continue,
            _ => {}
        }
        // Nobody lets go of a lock that this process holds itself.
        if waits_since.get_or_insert_with(Instant::now).elapsed() >= waiting_ends {
            let error = ffi::Error::new(ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(error, None));
        }
        std::thread::sleep(BETWEEN_TRIALS);
    }
    drop(backup);
    source.execute_batch("COMMIT")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::Duration;

    use rusqlite::{Connection, ErrorCode};

    use super::{PendingCopy, write_pages};
    use crate::error::Context;
    use crate::file::Access;

    #[test]
    fn what_comes_beside_a_name_meanwhile_keeps_a_copy_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let [source, destination] = ["a.db", "b.db"].map(|name| folder.path().join(name));
        let connection = Connection::open(&source).unwrap();
        connection.execute_batch("CREATE TABLE a (b)").unwrap();
        let context = Context { name: "a.db", waited_seconds: 0 };
        for suffix in ["-journal", "-wal", "-shm"] {
            let access = Access::of(&source).unwrap();
            let copy = PendingCopy::of(&connection, &destination, access, context).unwrap();
            let side = folder.path().join(format!("b.db{suffix}"));
            std::fs::write(&side, "").unwrap();
            let error = copy.publish().unwrap_err();
            assert!(error.to_string().contains(suffix), "{error}");
            std::fs::remove_file(side).unwrap();
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{suffix}");
        }
    }

    /// Under a name that leads to the same file where nothing tells that it does.
    #[test]
    fn what_is_locked_for_good_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut target = Connection::open(&path).unwrap();
        target.execute_batch("CREATE TABLE a (b)").unwrap();
        target.busy_timeout(Duration::ZERO).unwrap();
        let source = Connection::open(&path).unwrap();
        let context = Context { name: "a.db", waited_seconds: 0 };
        let error = write_pages(&source, &mut target, context).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy), "{error}");
    }
}
