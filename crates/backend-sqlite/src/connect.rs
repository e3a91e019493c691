//! Opens a database file.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use mlflow_migrate_core::event::NoopObserver;
use mlflow_migrate_core::graphs::GraphName;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::connection::{CACHE_SIZE, Unchanged, open_file, readable, unwritable};
use crate::database::{Sqlite, blocking};
use crate::error::Context;
use crate::options::OpenOptions;

impl Sqlite {
    /// Opens a database file.
    ///
    /// # Errors
    /// If the path leads to no file, or the file is no database or damaged.
    pub async fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failure = |problem: &str, remedy: Remedy| Error::Unreachable {
            name: name.clone(),
            problem: problem.to_owned(),
            remedy,
        };
        let unreachable = |problem: &str, remedy: &str| failure(problem, remedy.into());
        let exists = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(unreachable("this is a folder", "give the path of the file in it"));
            }
            Ok(_) => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(unreachable(&error.to_string(), "check the path")),
        };
        if !exists && std::fs::symlink_metadata(path).is_ok() {
            let remedy =
                "nothing is created behind a link: make it lead to a file, or give the file's path";
            return Err(unreachable("this is a link to no file", remedy));
        }
        if !exists && !options.create {
            return Err(failure("no such file", Remedy::CreateFile));
        }
        if !exists {
            // Another process may create the same file at the same moment. Its file is not used.
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
            graph: GraphName::Tracking,
            created: !exists,
            asked: Arc::default(),
            unchanged: unchanged.map(Arc::new),
            observer: Arc::new(NoopObserver),
            violations: None,
            is_wal: false,
            scratch: None,
        })
    }
}

fn connect(path: &Path, busy_timeout: Duration) -> Result<(Connection, Option<Unchanged>), Error> {
    let name = path.display().to_string();
    let context = Context { name: &name, waited_seconds: busy_timeout.as_secs() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open_file(path, flags).map_err(|source| match source.sqlite_error_code() {
        // SQLite first reads the file when the connection's settings are applied.
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) | None => Error::Unreachable {
            name: name.clone(),
            problem: source.to_string(),
            remedy: "check the path and its permissions".into(),
        },
        Some(_) => context.error("opening the database", source),
    })?;
    let prepare = |connection: &Connection| {
        connection.busy_timeout(busy_timeout)?;
        connection.pragma_update(None, "cache_size", CACHE_SIZE)?;
        // The first read shows whether the file is a database.
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

/// Refuses a file that is shorter than its header says, and so has lost its end.
///
/// SQLite would notice only on reading a lost page. With a write-ahead log, the end may still be in
/// the log.
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
