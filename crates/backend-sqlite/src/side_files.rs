//! What SQLite keeps beside a database: its journal, its log, and the index of that.

use std::fs;
use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;

use crate::shell::quoted;

/// What else SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// The files that SQLite may keep beside a database.
pub(crate) fn beside(path: &Path) -> impl Iterator<Item = PathBuf> {
    BESIDE.into_iter().map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// A journal or a log beside a database that has something to add to it, or to take back.
pub(crate) fn left_beside(path: &Path) -> Option<PathBuf> {
    let has_content = |path: &PathBuf| fs::metadata(path).is_ok_and(|it| it.len() > 0);
    beside(path).take(2).find(has_content)
}

/// Refuses a name under which a new database would not stay what it is: SQLite takes any file that is
/// named as the journal or the log of a database for its own, rolls it back or replays it, and so
/// writes pages of another database into this one. An empty one may be in use by a program that has the
/// former file open.
pub(crate) fn refuse_side_files(path: &Path) -> Result<(), Error> {
    let name = path.display().to_string();
    if let Some(database) = whose_side_file(path) {
        return Err(Error::Unreachable {
            name,
            problem: format!("SQLite would take this file for a part of {}", database.display()),
            hint: "give another name; nothing was changed".to_owned(),
        });
    }
    let is_there = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let Some(left) = beside(path).find(is_there) else { return Ok(()) };
    let left = left.display().to_string();
    Err(Error::Unreachable {
        name,
        problem: format!(
            "{left} is beside it, and SQLite would write what that holds into the new database; \
             nothing was changed"
        ),
        hint: format!(
            "stop what has a database of that name open, move the file away by `mv {} {}`, and run the same \
             command again",
            quoted(&left),
            quoted(&format!("{left}.old"))
        ),
    })
}

/// The database whose journal or log a file would be by its name.
fn whose_side_file(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let database = BESIDE.iter().find_map(|suffix| name.strip_suffix(suffix))?;
    (!database.is_empty()).then(|| path.with_file_name(database))
}
