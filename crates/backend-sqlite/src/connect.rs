//! Opens a database file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::consistency::Violations;
use crate::error::Context;
use crate::preflight::Asked;
use crate::unwritable::{self, Unchanged, immutable_uri};

/// After how many of SQLite's virtual machine's operations it is looked whether to interrupt: well
/// below a millisecond, and too seldom to cost anything.
const OPERATIONS_A_LOOK: i32 = 10_000;

/// How to open a database.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// How long to wait for another process that holds the file.
    pub busy_timeout: Duration,
    /// Whether a missing file is created.
    pub create: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), create: false }
    }
}

/// An open SQLite database.
///
/// SQLite's calls block, so each of them runs on a thread of tokio's blocking pool.
#[derive(Debug)]
pub struct Sqlite {
    pub(crate) connection: Arc<Mutex<Connection>>,
    pub(crate) path: PathBuf,
    pub(crate) busy_timeout: Duration,
    /// Whether this session created the file.
    pub(crate) created: bool,
    /// What the preflight of the session has asked of the rows.
    pub(crate) asked: Arc<Asked>,
    /// The file that is read as one that nobody changes.
    pub(crate) unchanged: Option<Arc<Unchanged>>,
    /// The broken references from before the first change.
    pub(crate) violations: Option<Violations>,
}

impl Sqlite {
    /// Opens a database file.
    ///
    /// # Errors
    /// If it is no file, no database, or damaged.
    pub async fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let name = path.display().to_string();
        let unreachable = |problem: &str, hint: &str| Error::Unreachable {
            name: name.clone(),
            problem: problem.to_owned(),
            hint: hint.to_owned(),
        };
        let exists = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(unreachable("this is a folder", "give the path of the file in it"));
            }
            Ok(_) => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(unreachable(&error.to_string(), "check the path")),
        };
        if !exists && std::fs::symlink_metadata(path).is_ok() {
            let hint =
                "nothing is created behind a link: make it lead to a file, or give the file's path";
            return Err(unreachable("this is a link to no file", hint));
        }
        if !exists && !options.create {
            return Err(unreachable("no such file", "check the path; `upgrade` creates a new one"));
        }
        if !exists {
            // Nobody else's file, whoever makes one at the same moment.
            std::fs::File::create_new(path).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => {
                    unreachable("its folder does not exist", "check the path, or create the folder")
                }
                _ => unreachable(&error.to_string(), "check the path and its permissions"),
            })?;
        }
        let (target, timeout) = (path.to_owned(), options.busy_timeout);
        let (connection, unchanged) = blocking(move || connect(&target, timeout)).await??;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            path: path.to_owned(),
            busy_timeout: options.busy_timeout,
            created: !exists,
            asked: Arc::default(),
            unchanged: unchanged.map(Arc::new),
            violations: None,
        })
    }

    /// Lets this connection make the file no larger than so many pages.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn cap_pages(&self, pages: u32) -> Result<(), Error> {
        self.call(move |connection, context| {
            connection
                .pragma_update(None, "max_page_count", pages)
                .map_err(|source| context.error("capping the size of the file", source))
        })
        .await
    }

    /// Interrupts whatever statement runs, soon after it is asked for.
    pub(crate) async fn interrupt_when(&self, stop: CancellationToken) -> Result<(), Error> {
        self.call(move |connection, context| {
            connection
                .progress_handler(OPERATIONS_A_LOOK, Some(move || stop.is_requested()))
                .map_err(|source| context.error("preparing the connection", source))
        })
        .await
    }

    /// Runs something that blocks on the connection.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, Context<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = Arc::clone(&self.connection);
        let name = self.path.display().to_string();
        let waited_seconds = self.busy_timeout.as_secs();
        let unchanged = self.unchanged.clone();
        blocking(move || {
            let context = Context { name: &name, waited_seconds };
            let result = work(&mut lock(&connection), context);
            if let Some(file) = unchanged {
                file.check(context)?;
            }
            result
        })
        .await?
    }
}

/// Opens a file, whose schema may be hostile.
///
/// An absolute path is never one of the names that mean something else to SQLite: `:memory:`, an empty one,
/// or a URI, which begins with `file:`.
pub(crate) fn open_file(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    secured(Connection::open_with_flags(absolute(path)?, flags)?)
}

/// Opens a file in WAL mode to read it, without any other beside it. Nobody may change it meanwhile.
pub(crate) fn open_immutable(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = (flags - OpenFlags::SQLITE_OPEN_READ_WRITE)
        | OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI;
    secured(Connection::open_with_flags(immutable_uri(&absolute(path)?), flags)?)
}

/// Reads a little of an open file by `prepare`. Where that would take another file beside it which cannot be
/// made, the connection that is returned is one that can do without.
pub(crate) fn readable(
    connection: Connection,
    path: &Path,
    flags: OpenFlags,
    prepare: impl Fn(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<(Connection, Option<Unchanged>)> {
    let at_rest = match connection.is_readonly("main")? {
        true => Unchanged::at_rest(path),
        false => None,
    };
    let unchanged = match at_rest {
        Some(unchanged) => unchanged,
        None => match prepare(&connection) {
            Ok(()) => return Ok((connection, None)),
            Err(error) if !unwritable::is_of_place(&error) => return Err(error),
            Err(error) => Unchanged::of(path).ok_or(error)?,
        },
    };
    let connection = open_immutable(path, flags)?;
    prepare(&connection)?;
    Ok((connection, Some(unchanged)))
}

fn absolute(path: &Path) -> rusqlite::Result<PathBuf> {
    std::path::absolute(path).map_err(|error| {
        let code = ffi::Error::new(ffi::SQLITE_CANTOPEN);
        rusqlite::Error::SqliteFailure(code, Some(error.to_string()))
    })
}

fn secured(connection: Connection) -> rusqlite::Result<Connection> {
    // What stands in a view, a trigger or an index calls no function that reaches beyond the database.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A page whose cells are not all within it is damage as soon as it is read.
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Lets this connection change the stored text of its schema, or no more.
pub(crate) fn set_schema_writable(
    connection: &Connection,
    is_writable: bool,
) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, !is_writable)?;
    connection.pragma_update(None, "writable_schema", is_writable)
}

/// Opens a database that is there so that nobody else can read it as long as the connection lives. No part
/// of the path may be a link.
pub(crate) fn open_exclusively(
    path: &Path,
    busy_timeout: Duration,
) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = open_file(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    Ok(connection)
}

/// A panic in another call cannot have left the connection half-changed: SQLite holds its state.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|source| Error::Database {
        action: "running a task".to_owned(),
        source: Box::new(source),
    })
}

fn connect(path: &Path, busy_timeout: Duration) -> Result<(Connection, Option<Unchanged>), Error> {
    let name = path.display().to_string();
    let context = Context { name: &name, waited_seconds: busy_timeout.as_secs() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open_file(path, flags).map_err(|source| match source.sqlite_error_code() {
        // The settings are the first to read the file.
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) | None => Error::Unreachable {
            name: name.clone(),
            problem: source.to_string(),
            hint: "check the path and its permissions".to_owned(),
        },
        Some(_) => context.error("opening the database", source),
    })?;
    let prepare = |connection: &Connection| {
        connection.busy_timeout(busy_timeout)?;
        // Memory for SQLite's page cache, in KiB when negative; its sorter takes as much again.
        connection.pragma_update(None, "cache_size", -16_000)?;
        // The first read shows whether this is a database at all.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
    };
    let opened = readable(connection, path, flags, prepare).map_err(|source| {
        let refusal = unwritable::refusal(path, context);
        refusal
            .filter(|_| unwritable::is_of_place(&source))
            .unwrap_or_else(|| context.error("opening the database", source))
    })?;
    refuse_truncated(&opened.0, path, context)?;
    Ok(opened)
}

/// A file that is shorter than its header says has lost its end. SQLite would notice only when it
/// reads a lost page. (With a write-ahead log the end may still be in the log.)
fn refuse_truncated(
    connection: &Connection,
    path: &Path,
    context: Context<'_>,
) -> Result<(), Error> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::metadata(log).is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(());
    }
    let number = |pragma: &str| {
        connection
            .pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
            .map_err(|source| context.error("opening the database", source))
    };
    let expected = number("page_size")? * number("page_count")?;
    let found = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    if i64::try_from(found).is_ok_and(|found| found < expected) {
        return Err(Error::Corrupt {
            name: context.name.to_owned(),
            problem: format!("the file has {found} bytes of {expected}"),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, OpenFlags};

    use super::{open_file, set_schema_writable};

    #[test]
    fn a_hostile_schema_is_not_trusted_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        let connection = open_file(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        let setting =
            |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        assert_eq!(setting("trusted_schema"), Ok(0));
        assert_eq!(setting("cell_size_check"), Ok(1));
        let change = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = ''";
        assert!(connection.execute_batch(change).is_err());
        set_schema_writable(&connection, true).unwrap();
        connection.execute_batch("UPDATE sqlite_schema SET sql = sql").unwrap();
        set_schema_writable(&connection, false).unwrap();
        assert!(connection.execute_batch(change).is_err());
    }

    #[test]
    fn a_name_is_a_file_and_no_uri() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["file:a.db", "file:a.db?mode=memory", ":memory:"] {
            let path = folder.path().join(name);
            std::fs::File::create_new(&path).unwrap();
            let connection = open_file(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
            connection.execute_batch("CREATE TABLE a (b)").unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() > 0, "{name}");
        }
    }
}
