//! SQLite's files beside a database: the journal, the write-ahead log, and the log's index.

use std::fs;
use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::shell_word;

/// The suffixes of SQLite's files beside a database.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Returns the paths of the files that SQLite may keep beside a database.
pub(crate) fn beside(path: &Path) -> impl Iterator<Item = PathBuf> {
    BESIDE.into_iter().map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// Returns the journal or the log beside a database, if it has content to roll back or to replay.
pub(crate) fn left_beside(path: &Path) -> Option<PathBuf> {
    let has_content = |path: &PathBuf| fs::metadata(path).is_ok_and(|it| it.len() > 0);
    beside(path).take(2).find(has_content)
}

/// Refuses a new database's name that would be a side file, or that has side files.
///
/// SQLite uses any file that is named as a database's journal or log. It rolls the file back or
/// replays it, and so writes another database's pages into the new one. Even an empty file is
/// refused: another program may have the former database open, and use it.
pub(crate) fn refuse_side_files(path: &Path) -> Result<(), Error> {
    let name = path.display().to_string();
    if let Some(database) = whose_side_file(path) {
        return Err(Error::Unreachable {
            name,
            problem: format!("SQLite would take this file for a part of {}", database.display()),
            remedy: "give another name; the database is unchanged".into(),
        });
    }
    let is_there = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let Some(left) = beside(path).find(is_there) else { return Ok(()) };
    let left = left.display().to_string();
    Err(Error::Unreachable {
        name,
        problem: format!(
            "{left} is beside it, and SQLite would write what that holds into the new database; \
             the database is unchanged"
        ),
        remedy: format!(
            "stop what has a database of that name open, move the file away by `mv {} {}`, and run the same \
             command again",
            shell_word(&left),
            shell_word(&format!("{left}.old"))
        ).into(),
    })
}

/// Returns the database whose journal or log a file would be by its name.
fn whose_side_file(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let database = BESIDE.iter().find_map(|suffix| name.strip_suffix(suffix))?;
    (!database.is_empty()).then(|| path.with_file_name(database))
}
