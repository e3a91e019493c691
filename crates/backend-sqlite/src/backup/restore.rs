//! Restores a database from a backup.
//!
//! The pages are written into the database's own file, in one SQLite transaction. So the file keeps
//! its permissions, owner and links, and other connections see the change. A crash during the
//! restore leaves the file unchanged. Only a file that SQLite can no longer open is replaced.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use rusqlite::Connection;

use super::check::open_to_read;
use super::copy::{PendingCopy, refuse_taken};
use super::file::{Access, failed, is_same};
use super::find::with_suffix;
use super::pages::write_pages;
use crate::database::blocking;
use crate::error::Context;
use crate::lock::open_exclusively;
use crate::options::OpenOptions;
use crate::side_files::refuse_side_files;

/// Restores a database from a backup, and keeps the current content beside it.
///
/// The kept file has the moment in its name. Returns its path, if the database existed.
///
/// # Errors
/// If the database is in use, or cannot be written.
pub async fn restore(
    database: &Path,
    backup: &Path,
    moment: &str,
    options: &OpenOptions,
) -> Result<Option<PathBuf>, Error> {
    if !database.exists() {
        PendingCopy::create(backup, database, options).await?.publish()?;
        return Ok(None);
    }
    let real = |path: &Path| path.canonicalize().map_err(|source| failed("opening", path, source));
    let (place, source) = (real(database)?, real(backup)?);
    if is_same(&place, &source)? {
        return Err(Error::Unreachable {
            name: backup.display().to_string(),
            problem: "this is the database itself".to_owned(),
            remedy: Remedy::NameBackup,
        });
    }
    let kept = place_to_keep(database, moment);
    let is_link = std::fs::symlink_metadata(database).is_ok_and(|found| found.is_symlink());
    let (kept_as, busy_timeout) = (kept.clone(), options.busy_timeout);
    let work = Restoration { place, is_link, source, kept: kept_as, busy_timeout };
    let name = database.display().to_string();
    blocking(move || work.run(&name)).await??;
    Ok(Some(kept))
}

/// Returns a free name. The moment has no fractions of a second, so the name may need a number.
fn place_to_keep(database: &Path, moment: &str) -> PathBuf {
    let first = with_suffix(database, &format!(".{moment}.replaced"));
    let next =
        (2..100).map(|number| with_suffix(database, &format!(".{moment}-{number}.replaced")));
    let is_free = |path: &PathBuf| refuse_taken(path).is_ok();
    std::iter::once(first.clone()).chain(next).find(is_free).unwrap_or(first)
}

struct Restoration {
    place: PathBuf,
    /// Whether the user's path leads to the file through a link.
    is_link: bool,
    source: PathBuf,
    kept: PathBuf,
    busy_timeout: Duration,
}

impl Restoration {
    fn run(&self, name: &str) -> Result<(), Error> {
        let context = Context { name, waited_seconds: self.busy_timeout.as_secs() };
        // Locking an empty file would already turn the file into a database.
        let is_empty = std::fs::metadata(&self.place).is_ok_and(|found| found.len() == 0);
        if self.is_link && is_empty {
            return Err(not_mlflows(context));
        }
        let locked = self
            .lock(context)
            .and_then(|connection| refuse_others(&connection, context).map(|()| connection));
        match locked.and_then(|connection| self.keep(&connection, context).map(|()| connection)) {
            Ok(connection) => self.overwrite(connection, context),
            Err(Error::Corrupt { .. } | Error::NotADatabase { .. }) if self.is_link => {
                Err(not_mlflows(context))
            }
            Err(Error::Corrupt { .. } | Error::NotADatabase { .. }) => self.replace(context),
            Err(error) => Err(error),
        }
    }

    /// Opens the database, and locks all other sessions out while the connection lives.
    ///
    /// SQLite recovers the file here from a journal or a log that a crash has left.
    fn lock(&self, context: Context<'_>) -> Result<Connection, Error> {
        let connection = open_exclusively(&self.place, self.busy_timeout)
            .map_err(|source| context.error("locking the database", source))?;
        match connection.is_readonly("main") {
            Ok(true) => Err(Error::ReadOnly {
                name: context.name.to_owned(),
                problem: "the file is write-protected".to_owned(),
                remedy: Remedy::MakeWritable,
            }),
            _ => Ok(connection),
        }
    }

    fn keep(&self, connection: &Connection, context: Context<'_>) -> Result<(), Error> {
        let access = Access::of(&self.place)?;
        PendingCopy::of(connection, &self.kept, access, context)?.publish()
    }

    fn overwrite(&self, mut connection: Connection, context: Context<'_>) -> Result<(), Error> {
        let (source, unchanged) = open_to_read(&self.source, context)?;
        write_pages(&source, &mut connection, context)
            .map_err(|source| context.error("writing the backup into the database", source))?;
        connection.close().map_err(|(_, error)| context.error("closing the database", error))?;
        unchanged.map_or(Ok(()), |file| file.check(context))
    }

    /// Replaces a file that is no longer a database with a copy of the backup.
    fn replace(&self, context: Context<'_>) -> Result<(), Error> {
        refuse_side_files(&self.place)?;
        let access = Access::of(&self.place)?;
        let (source, unchanged) = open_to_read(&self.source, context)?;
        let copy = PendingCopy::beside(&source, &self.place, access, context)?;
        unchanged.map_or(Ok(()), |file| file.check(context))?;
        copy.replace(&self.kept)
    }
}

/// Refuses to overwrite a database of another program.
fn refuse_others(connection: &Connection, context: Context<'_>) -> Result<(), Error> {
    const TABLES: &str = "SELECT count(*), coalesce(sum(lower(name) IN ('alembic_version', 'alembic_version_auth', 'experiments')), 0) \
                          FROM sqlite_schema WHERE type = 'table'";
    let counted = connection.query_row(TABLES, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let (all, known): (i64, i64) =
        counted.map_err(|source| context.error("reading the database", source))?;
    if known > 0 || all == 0 { Ok(()) } else { Err(not_mlflows(context)) }
}

fn not_mlflows(context: Context<'_>) -> Error {
    Error::Unreachable {
        name: context.name.to_owned(),
        problem: "this is not an MLflow database, so it was not overwritten".to_owned(),
        remedy: "the database is unchanged; check the path, or move that file away and run the same command again"
            .into(),
    }
}
