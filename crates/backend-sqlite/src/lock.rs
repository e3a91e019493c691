//! Locks other sessions out, for one transaction or from a whole file.

use std::path::Path;
use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::error::Remedy;
use mlflow_migrate_core::event::{Event, Observer, Wait, WaitReason};
use rusqlite::{Connection, OpenFlags};

use crate::connection::open_file;
use crate::error::Context;

/// Begins an upgrade with foreign keys off, and with renames that ignore views and triggers.
///
/// SQLite's manual requires foreign keys off for rebuilding tables (lang_altertable, section 7).
/// The renames do not even parse views and triggers.
const UPGRADE: &str = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; BEGIN IMMEDIATE";

/// Begins a transaction, and refuses to upgrade a write-protected file.
pub(crate) fn begin(
    connection: &Connection,
    access: SessionMode,
    is_unchanged: bool,
    context: Context<'_>,
) -> Result<(), Error> {
    let read_only = connection.is_readonly("main");
    if access == SessionMode::Upgrade
        && read_only.map_err(|source| context.error("opening the database", source))?
    {
        return Err(Error::ReadOnly {
            name: context.name.to_owned(),
            problem: if is_unchanged {
                "the file or its folder is write-protected".to_owned()
            } else {
                "the file is write-protected".to_owned()
            },
            remedy: Remedy::MakeWritable,
        });
    }
    let statements = match access {
        SessionMode::Read => "BEGIN",
        SessionMode::Upgrade => UPGRADE,
    };
    connection
        .execute_batch(statements)
        .map_err(|source| context.error("locking the database", source))
}

/// Returns whether writers append to a log, so that readers never wait for them.
pub(crate) fn is_wal(connection: &Connection, context: Context<'_>) -> Result<bool, Error> {
    let mode: Result<String, _> =
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0));
    let mode = mode.map_err(|source| context.error("opening the database", source))?;
    Ok(mode.eq_ignore_ascii_case("wal"))
}

/// Begins an upgrade, and reports a wait for another session that writes to the file.
pub(crate) fn begin_upgrade(
    connection: &Connection,
    is_unchanged: bool,
    timeout: Duration,
    observer: &dyn Observer,
    context: Context<'_>,
) -> Result<(), Error> {
    let set_timeout = |timeout| {
        let set = connection.busy_timeout(timeout);
        set.map_err(|source| context.error("preparing the connection", source))
    };
    set_timeout(Duration::ZERO)?;
    let began = Instant::now();
    let at_once = begin(connection, SessionMode::Upgrade, is_unchanged, context);
    set_timeout(timeout)?;
    if !matches!(at_once, Err(Error::Locked { .. })) || timeout.is_zero() {
        return at_once;
    }
    observer.notify(&Event::Waiting(Wait {
        reason: WaitReason::Lock,
        holders: Vec::new(),
        began_ms: None,
        waited_seconds: 0,
        limit_seconds: Some(timeout.as_secs()),
    }));
    begin(connection, SessionMode::Upgrade, is_unchanged, context)?;
    observer.notify(&Event::WaitOver { waited_seconds: began.elapsed().as_secs_f64() });
    Ok(())
}

/// Opens an existing database, and locks all other sessions out while the connection lives.
///
/// No part of the path may be a link.
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
