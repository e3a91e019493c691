//! Makes consistent copies of a database with SQLite's backup API.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mlflow_migrate_core::Error;
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::file::{Access, create_private, failed, refuse_exchanged, refuse_existing, sync_folder};
use super::pages::write_pages;
use crate::connection::open_file;
use crate::database::Sqlite;
use crate::error::Context;
use crate::lock::open_exclusively;
use crate::options::OpenOptions;
use crate::side_files::{beside, refuse_side_files};
use crate::url::MEMORY;

/// Copies a database, even while other sessions write to it.
///
/// # Errors
/// If the source is no database, or the destination exists.
pub async fn copy(source: &Path, destination: &Path, options: &OpenOptions) -> Result<(), Error> {
    PendingCopy::create(source, destination, options).await?.publish()
}

/// Copies an open database.
pub(crate) async fn back_up(database: &Sqlite, destination: &Path) -> Result<(), Error> {
    // SQLite cannot copy from a connection that writes, but the write transaction lets others read.
    let options = OpenOptions::waiting(database.busy_timeout);
    copy(&database.path, destination, &options).await
}

/// A copy under a temporary name beside its destination, readable only by its owner.
///
/// Dropping the copy before it is published removes the file.
#[derive(Debug)]
pub struct PendingCopy {
    /// Held open, because another user of the folder could give the copy's name to another file.
    file: NamedTempFile,
    destination: PathBuf,
    access: Access,
}

impl PendingCopy {
    /// Copies a database to a temporary name beside the destination.
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

    /// Copies an open database. Refuses an existing destination.
    pub(crate) fn of(
        source: &Connection,
        destination: &Path,
        access: Access,
        context: Context<'_>,
    ) -> Result<Self, Error> {
        refuse_taken(destination)?;
        Self::beside(source, destination, access, context)
    }

    /// Copies an open database to a temporary name beside a file, which may exist.
    pub(crate) fn beside(
        source: &Connection,
        destination: &Path,
        access: Access,
        context: Context<'_>,
    ) -> Result<Self, Error> {
        let file = create_private(destination)?;
        let pending = Self { file, destination: destination.to_owned(), access };
        copy_pages(source, &pending.file, context)?;
        Ok(pending)
    }

    /// Returns the path of the copy's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives the copy its destination's name and the source's permissions.
    ///
    /// # Errors
    /// If the name, or the name of one of SQLite's side files, has come into use, or the folder
    /// cannot be written.
    pub fn publish(self) -> Result<(), Error> {
        let _held = self.hold()?;
        refuse_side_files(&self.destination)?;
        // Unlike a rename, a link never replaces an existing file. Drop removes the temporary name.
        std::fs::hard_link(self.path(), &self.destination).or_else(|_| {
            refuse_existing(&self.destination)?;
            self.rename()
        })?;
        refuse_exchanged(self.file.as_file(), &self.destination)?;
        // Nobody could open the copy so far, so a side file that appears now is not the copy's.
        refuse_side_files(&self.destination).inspect_err(|_| {
            let _ = std::fs::remove_file(&self.destination);
        })?;
        sync_folder(&self.destination)
    }

    /// Replaces the destination's file with the copy, and keeps the old file under another name.
    pub(crate) fn replace(self, kept: &Path) -> Result<(), Error> {
        let _held = self.hold()?;
        refuse_side_files(&self.destination)?;
        std::fs::hard_link(&self.destination, kept)
            .map_err(|source| failed("keeping the damaged file as", kept, source))?;
        let replaced = sync_folder(kept).and_then(|()| self.rename());
        replaced.inspect_err(|_| {
            let _ = std::fs::remove_file(kept);
        })?;
        refuse_exchanged(self.file.as_file(), &self.destination)?;
        refuse_side_files(&self.destination).inspect_err(|_| {
            let _ = std::fs::rename(kept, &self.destination);
        })?;
        sync_folder(&self.destination)
    }

    /// Sets the copy's permissions, and locks the copy while the returned connection lives.
    ///
    /// The lock keeps all other sessions from reading the copy under any name.
    fn hold(&self) -> Result<Connection, Error> {
        self.access.give_to(self.file.as_file(), self.path())?;
        let name = self.path().display().to_string();
        let context = Context { name: &name, waited_seconds: 0 };
        let held = open_exclusively(self.path(), Duration::ZERO)
            .map_err(|source| context.error("locking the copy", source))?;
        refuse_exchanged(self.file.as_file(), self.path())?;
        Ok(held)
    }

    fn rename(&self) -> Result<(), Error> {
        std::fs::rename(self.path(), &self.destination)
            .map_err(|source| failed("renaming the copy to", &self.destination, source))
    }
}

/// Refuses a name that is not free for a new database.
pub(crate) fn refuse_taken(destination: &Path) -> Result<(), Error> {
    if destination == Path::new(MEMORY) {
        return Err(Error::Unreachable {
            name: MEMORY.to_owned(),
            problem: "nothing would be stored in memory for good".to_owned(),
            remedy: "the database is unchanged; give the name of a file".into(),
        });
    }
    refuse_existing(destination)?;
    refuse_side_files(destination)
}

impl Drop for PendingCopy {
    fn drop(&mut self) {
        for path in beside(self.path()) {
            // Drop cannot report an error, and a missing file needs no removal.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn copy_pages(
    source: &Connection,
    copy: &NamedTempFile,
    context: Context<'_>,
) -> Result<(), Error> {
    let name = copy.path().display().to_string();
    let target = Context { name: &name, ..context };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection =
        open_file(copy.path(), flags).map_err(|error| target.error("creating the copy", error))?;
    refuse_exchanged(copy.as_file(), copy.path())?;
    write_pages(source, &mut connection, context)
        .map_err(|error| context.error("copying the database", error))?;
    connection.close().map_err(|(_, error)| target.error("closing the copy", error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::PendingCopy;
    use crate::backup::file::Access;
    use crate::error::Context;

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

    /// Another user who may write to the folder puts the file there.
    #[cfg(unix)]
    #[test]
    fn what_is_put_in_the_place_of_a_copy_stays_as_it_is() {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let [source, destination, other] =
            ["a.db", "b.db", "other"].map(|name| folder.path().join(name));
        let connection = Connection::open(&source).unwrap();
        connection.execute_batch("CREATE TABLE a (b)").unwrap();
        fs::set_permissions(&source, Permissions::from_mode(0o666)).unwrap();
        fs::write(&other, "").unwrap();
        fs::set_permissions(&other, Permissions::from_mode(0o600)).unwrap();
        let context = Context { name: "a.db", waited_seconds: 0 };
        for exchange in [
            |other: &Path, copy: &Path| symlink(other, copy),
            |other: &Path, copy: &Path| fs::hard_link(other, copy),
        ] {
            let access = Access::of(&source).unwrap();
            let copy = PendingCopy::of(&connection, &destination, access, context).unwrap();
            fs::remove_file(copy.path()).unwrap();
            exchange(&other, copy.path()).unwrap();
            copy.publish().unwrap_err();
            assert!(fs::symlink_metadata(&destination).is_err());
            assert_eq!(fs::metadata(&other).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
