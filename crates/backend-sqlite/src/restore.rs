//! Puts a backup in the place of its database.
//!
//! The pages are written into the database's own file, in one transaction of SQLite's: it keeps its mode,
//! its owner and its links, other connections see what has happened, and a crash on the way leaves it as
//! it was. Only a file that SQLite cannot open any more is replaced.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mlflow_migrate_core::Error;
use rusqlite::{Connection, OpenFlags};

use crate::connect::{OpenOptions, blocking, open_exclusively, open_file, readable};
use crate::copy::{PendingCopy, refuse_taken, write_pages};
use crate::error::{Context, WRITE_PROTECTED};
use crate::file::{Access, failed, folder_of, is_same, left_beside, refuse_side_files};
use crate::integrity;
use crate::unwritable::Unchanged;

const BACKUP: &str = ".backup";

/// Where a backup of a database goes unless its user says otherwise: beside it, with a moment such as
/// `20260131T235959Z` in its name.
#[must_use]
pub fn backup_path(database: &Path, moment: &str) -> PathBuf {
    with_suffix(database, &format!(".{moment}{BACKUP}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The newest of the backups that have their name from [`backup_path`].
///
/// # Errors
/// If there is none.
pub fn newest_backup(database: &Path) -> Result<PathBuf, Error> {
    let prefix = format!("{}.", database.file_name().unwrap_or_default().display());
    let is_backup = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let rest = name.and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(BACKUP));
        rest.is_some_and(is_moment)
    };
    let folder = folder_of(database);
    let entries = std::fs::read_dir(folder).map_err(|source| failed("reading", folder, source))?;
    let names = entries.flatten().map(|entry| database.with_file_name(entry.file_name()));
    let (own, others): (Vec<PathBuf>, Vec<PathBuf>) =
        names.filter(is_backup).partition(|path| is_of_same_owner(path, database));
    own.into_iter().max().ok_or_else(|| Error::Unreachable {
        name: database.display().to_string(),
        problem: match others.first() {
            None => "there is no backup beside it".to_owned(),
            Some(other) => format!(
                "there is no backup beside it that is a file of its owner's, as {} is not",
                other.display()
            ),
        },
        hint: "`--from FILE` names one".to_owned(),
    })
}

/// Whether a backup is a file, and not a link, of whoever owns the database; of a database that is gone, of
/// whoever owns its folder. Anybody who may write to the folder can put a file there.
fn is_of_same_owner(backup: &Path, database: &Path) -> bool {
    let Ok(found) = std::fs::symlink_metadata(backup) else { return false };
    #[cfg(unix)]
    let is_same = {
        use std::os::unix::fs::MetadataExt;
        let owner = std::fs::metadata(database).or_else(|_| std::fs::metadata(folder_of(database)));
        owner.is_ok_and(|owner| owner.uid() == found.uid())
    };
    #[cfg(not(unix))]
    let is_same = true;
    found.is_file() && is_same
}

fn is_moment(text: &str) -> bool {
    let is_at = |(place, byte): (usize, u8)| match place {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 16 && text.bytes().enumerate().all(is_at)
}

/// Makes sure that a file is a whole database, by SQLite's own check, and changes nothing.
///
/// # Errors
/// If it is none, is damaged, or needs the journal or log that is left beside it.
pub async fn check_backup(backup: &Path) -> Result<(), Error> {
    let path = backup.to_owned();
    blocking(move || {
        let name = path.display().to_string();
        if let Some(left) = left_beside(&path) {
            return Err(Error::Unreachable {
                name,
                problem: format!("{} belongs to it, so it is no finished copy", left.display()),
                hint: "open it with `sqlite3` once, which finishes it, or take another backup"
                    .to_owned(),
            });
        }
        let context = Context { name: &name, waited_seconds: 0 };
        let (connection, unchanged) = open_to_read(&path, context)?;
        let checked = integrity::check(&connection, context);
        unchanged.map_or(Ok(()), |file| file.check(context)).and(checked)
    })
    .await?
}

fn open_to_read(
    path: &Path,
    context: Context<'_>,
) -> Result<(Connection, Option<Unchanged>), Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let prepare = |connection: &Connection| {
        connection.busy_timeout(Duration::from_secs(context.waited_seconds))?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
    };
    let unreachable = |source: rusqlite::Error| Error::Unreachable {
        name: context.name.to_owned(),
        problem: source.to_string(),
        hint: "check the path and its permissions".to_owned(),
    };
    let connection = open_file(path, flags).map_err(unreachable)?;
    readable(connection, path, flags, prepare)
        .map_err(|source| context.error("opening the backup", source))
}

/// Puts a backup in the place of a database, and keeps what that holds now beside it, with a moment in
/// its name. Tells where, if there was something.
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
            hint: "`--from FILE` names its backup".to_owned(),
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

/// A name that is free: the moment says nothing of parts of a second.
fn place_to_keep(database: &Path, moment: &str) -> PathBuf {
    let first = with_suffix(database, &format!(".{moment}.replaced"));
    let next =
        (2..100).map(|number| with_suffix(database, &format!(".{moment}-{number}.replaced")));
    let is_free = |path: &PathBuf| refuse_taken(path).is_ok();
    std::iter::once(first.clone()).chain(next).find(is_free).unwrap_or(first)
}

struct Restoration {
    place: PathBuf,
    /// Whether the user's path leads to the place by a link.
    is_link: bool,
    source: PathBuf,
    kept: PathBuf,
    busy_timeout: Duration,
}

impl Restoration {
    fn run(&self, name: &str) -> Result<(), Error> {
        let context = Context { name, waited_seconds: self.busy_timeout.as_secs() };
        // To lock an empty file would already make a database of it.
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

    /// Opens the database so that nobody else can as long as the connection lives. What a crash has
    /// left beside it SQLite puts in order here.
    fn lock(&self, context: Context<'_>) -> Result<Connection, Error> {
        let connection = open_exclusively(&self.place, self.busy_timeout)
            .map_err(|source| context.error("locking the database", source))?;
        match connection.is_readonly("main") {
            Ok(true) => Err(Error::ReadOnly {
                name: context.name.to_owned(),
                problem: "the file is write-protected".to_owned(),
                hint: WRITE_PROTECTED.to_owned(),
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

    /// Gives the backup's copy the name of a file that is no database any more.
    fn replace(&self, context: Context<'_>) -> Result<(), Error> {
        refuse_side_files(&self.place)?;
        let access = Access::of(&self.place)?;
        let (source, unchanged) = open_to_read(&self.source, context)?;
        let copy = PendingCopy::beside(&source, &self.place, access, context)?;
        unchanged.map_or(Ok(()), |file| file.check(context))?;
        copy.replace(&self.kept)
    }
}

/// Refuses to write over a database of another program's.
fn refuse_others(connection: &Connection, context: Context<'_>) -> Result<(), Error> {
    const TABLES: &str = "SELECT count(*), coalesce(sum(lower(name) IN ('alembic_version', 'experiments')), 0) \
                          FROM sqlite_schema WHERE type = 'table'";
    let counted = connection.query_row(TABLES, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let (all, known): (i64, i64) =
        counted.map_err(|source| context.error("reading the database", source))?;
    if known > 0 || all == 0 { Ok(()) } else { Err(not_mlflows(context)) }
}

fn not_mlflows(context: Context<'_>) -> Error {
    Error::Unreachable {
        name: context.name.to_owned(),
        problem: "this is no database of MLflow's, and nothing is written over it".to_owned(),
        hint: "nothing was changed; check the path, or move that file away and run the same command again"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_moment;

    #[test]
    fn moments_are_told_from_other_words() {
        assert!(is_moment("20260131T235959Z"));
        for other in ["", "20260131T235959", "20260131T235959ZZ", "2026-1-31T235959Z", "old"] {
            assert!(!is_moment(other), "{other}");
        }
    }
}
