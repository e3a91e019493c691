//! Detects changes of a file that is read without locks.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mlflow_migrate_core::Error;

use crate::error::Context;
use crate::side_files::{beside, left_beside};

/// A file that is expected to stay unchanged.
#[derive(Debug)]
pub(crate) struct Unchanged {
    path: PathBuf,
    seen: State,
}

impl Unchanged {
    /// Records the file's state; `None` if SQLite has to write before the file can be read.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let seen = State::of(path).ok()?;
        left_beside(path).is_none().then(|| Self { path: path.to_owned(), seen })
    }

    /// Records the state of a file in WAL mode that no process has open.
    ///
    /// A reader who may not write to the file would otherwise leave side files that its owner may
    /// not write to. No connection of this process may hold a lock on the file: closing the
    /// descriptor here would release the lock.
    pub(crate) fn at_rest(path: &Path) -> Option<Self> {
        let index = beside(path).nth(2)?;
        if index.exists() || !uses_log(path).ok()? { None } else { Self::of(path) }
    }

    /// Refuses the result of reading, if another program has changed the file meanwhile.
    pub(crate) fn check(&self, context: Context<'_>) -> Result<(), Error> {
        let is_same = State::of(&self.path).is_ok_and(|now| now == self.seen);
        if is_same && left_beside(&self.path).is_none() {
            return Ok(());
        }
        Err(Error::Unreachable {
            name: context.name.to_owned(),
            problem: "another program has changed the file while it was read".to_owned(),
            remedy:
                "stop the MLflow server, or whatever else uses it, and run the same command again"
                    .into(),
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    identity: (u64, u64),
}

impl State {
    fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self {
            length: found.len(),
            modified: found.modified().ok(),
            #[cfg(unix)]
            identity: {
                use std::os::unix::fs::MetadataExt;
                (found.dev(), found.ino())
            },
        })
    }
}

/// Returns whether a file is in WAL mode, from its header (SQLite, "Database File Format", 1.3.3).
fn uses_log(path: &Path) -> io::Result<bool> {
    let mut header = [0; 20];
    File::open(path)?.read_exact(&mut header)?;
    Ok(header[18..] == [2, 2])
}
