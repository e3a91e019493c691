//! Checks that a backup is complete and undamaged.

use std::path::Path;
use std::time::Duration;

use mlflow_migrate_core::Error;
use rusqlite::{Connection, OpenFlags};

use crate::connection::{Unchanged, open_file, readable};
use crate::database::blocking;
use crate::error::Context;
use crate::preflight::integrity;
use crate::side_files::left_beside;

/// Checks that a file is an undamaged database, by SQLite's own check, without changing the file.
///
/// # Errors
/// If the file is no database, is damaged, or needs the journal or log beside it.
pub async fn check_backup(backup: &Path) -> Result<(), Error> {
    let path = backup.to_owned();
    blocking(move || {
        let name = path.display().to_string();
        if let Some(left) = left_beside(&path) {
            return Err(Error::Unreachable {
                name,
                problem: format!("{} belongs to it, so it is no finished copy", left.display()),
                remedy: "open it with `sqlite3` once, which finishes it, or take another backup"
                    .into(),
            });
        }
        let context = Context { name: &name, waited_seconds: 0 };
        let (connection, unchanged) = open_to_read(&path, context)?;
        let checked = integrity::check(&connection, context);
        unchanged.map_or(Ok(()), |file| file.check(context)).and(checked)
    })
    .await?
}

/// Opens a backup for reading, without changing the file.
pub(super) fn open_to_read(
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
        remedy: "check the path and its permissions".into(),
    };
    let connection = open_file(path, flags).map_err(unreachable)?;
    readable(connection, path, flags, prepare)
        .map_err(|source| context.error("opening the backup", source))
}
