//! Reads a database in a place that cannot be written.
//!
//! SQLite needs two more files beside one in WAL mode, even to read it. Where it cannot make them, and no
//! log holds pages that the file lacks, the file is read as one that nobody changes (`immutable=1`).
//! Whether nobody has changed it is then asked after each use.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mlflow_migrate_core::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{ErrorCode, ffi};

use crate::error::Context;
use crate::file::{beside, left_beside, quoted};

/// What stays as it is in the path of a URI.
const IN_PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'/');

/// A file that nobody is expected to change.
#[derive(Debug)]
pub(crate) struct Unchanged {
    path: PathBuf,
    seen: State,
}

impl Unchanged {
    /// The file as it is now; `None` where SQLite has to write before it can be read.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let seen = State::of(path).ok()?;
        left_beside(path).is_none().then(|| Self { path: path.to_owned(), seen })
    }

    /// The file in WAL mode as it is now, if nobody has it open. A reader who may not write to it would
    /// leave files beside it to which its owner may not write. No connection of this process may hold a
    /// lock of the file: it would be lost with the descriptor that is closed here.
    pub(crate) fn at_rest(path: &Path) -> Option<Self> {
        let index = beside(path).nth(2)?;
        if index.exists() || !uses_log(path).ok()? { None } else { Self::of(path) }
    }

    /// Refuses what has been read of a file that somebody has changed meanwhile.
    pub(crate) fn check(&self, context: Context<'_>) -> Result<(), Error> {
        let is_same = State::of(&self.path).is_ok_and(|now| now == self.seen);
        if is_same && left_beside(&self.path).is_none() {
            return Ok(());
        }
        Err(Error::Unreachable {
            name: context.name.to_owned(),
            problem: "another program has changed the file while it was read".to_owned(),
            hint:
                "stop the MLflow server, or whatever else uses it, and run the same command again"
                    .to_owned(),
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

/// Whether a file is in WAL mode, as two bytes of its header say (SQLite, "Database File Format", 1.3.3).
fn uses_log(path: &Path) -> io::Result<bool> {
    let mut header = [0; 20];
    File::open(path)?.read_exact(&mut header)?;
    Ok(header[18..] == [2, 2])
}

/// Whether an error comes from a file that can be made, written or removed by nobody.
pub(crate) fn is_of_place(error: &rusqlite::Error) -> bool {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    let of_side_file = [
        ffi::SQLITE_IOERR_DELETE,
        ffi::SQLITE_IOERR_SHMOPEN,
        ffi::SQLITE_IOERR_SHMSIZE,
        ffi::SQLITE_IOERR_SHMMAP,
    ];
    extended.is_some_and(|code| of_side_file.contains(&code))
        || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
        )
}

/// Why a database cannot be read without writing to it, if a file beside it is the reason.
pub(crate) fn refusal(path: &Path, context: Context<'_>) -> Option<Error> {
    let left = left_beside(path)?;
    let is_log = left == beside(path).nth(1)?;
    let problem = if is_log {
        "holds changes that are not in the file yet, and SQLite has to write beside the file to read them"
    } else {
        "holds a transaction that was interrupted, and SQLite has to take it back in the file first"
    };
    let file_name = path.file_name().unwrap_or_default().display().to_string();
    Some(Error::ReadOnly {
        name: context.name.to_owned(),
        problem: format!("{} {problem}", left.display()),
        hint: format!(
            "nothing was changed; copy both files to a folder that can be written, and use the copy: \
             `d=$(mktemp -d) && install -m 600 {} {} \"$d\" && mlflow-migrate doctor \"$d\"/{}`",
            quoted(&path.display().to_string()),
            quoted(&left.display().to_string()),
            quoted(&file_name),
        ),
    })
}

/// The URI by which SQLite opens a file as one that nobody changes. Its path is absolute.
pub(crate) fn immutable_uri(path: &Path) -> String {
    #[cfg(unix)]
    let encoded = {
        use std::os::unix::ffi::OsStrExt;
        percent_encode(path.as_os_str().as_bytes(), &IN_PATH).to_string()
    };
    #[cfg(not(unix))]
    let encoded = {
        let path = path.to_string_lossy().replace('\\', "/");
        format!("/{}", percent_encode(path.trim_start_matches('/').as_bytes(), &IN_PATH))
    };
    format!("file://{encoded}?immutable=1")
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use rusqlite::{Connection, OpenFlags};

    use super::{Unchanged, immutable_uri};
    use crate::connect::open_immutable;
    use crate::error::Context;

    const CONTEXT: Context<'_> = Context { name: "a.db", waited_seconds: 0 };

    fn with_log(path: &Path) -> Connection {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )
        .unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE a (b); INSERT INTO a VALUES (7)",
            )
            .unwrap();
        connection
    }

    #[test]
    fn a_path_is_nothing_but_a_path_in_a_uri() {
        let uri = immutable_uri(Path::new("/a b/c?mode=rw&d#e%41.db"));
        assert_eq!(uri, "file:///a%20b/c%3Fmode%3Drw%26d%23e%2541%2Edb?immutable=1");
        let folder = tempfile::tempdir().unwrap();
        for name in ["c?immutable=0#%41.db".as_bytes(), b"\xff\xfe.db"] {
            let path = folder.path().join(OsStr::from_bytes(name));
            drop(with_log(&path));
            let connection = open_immutable(&path, OpenFlags::SQLITE_OPEN_NO_MUTEX).unwrap();
            let read = connection.query_row("SELECT b FROM a", [], |row| row.get::<_, i64>(0));
            assert_eq!(read, Ok(7));
            assert!(connection.execute_batch("DELETE FROM a").is_err());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_change_is_seen_however_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = with_log(&path);
        assert!(Unchanged::of(&path).is_none(), "its log is not empty");
        drop(writer);
        assert!(Unchanged::at_rest(&path).is_some());
        let seen = Unchanged::of(&path).unwrap();
        seen.check(CONTEXT).unwrap();
        let writer = with_log_again(&path);
        assert!(seen.check(CONTEXT).is_err(), "the log has pages");
        drop(writer);
        assert!(seen.check(CONTEXT).is_err(), "the file is another one");
        let seen = Unchanged::of(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(seen.check(CONTEXT).is_err());
    }

    fn with_log_again(path: &Path) -> Connection {
        let writer = Connection::open(path).unwrap();
        writer.execute_batch("INSERT INTO a VALUES (8)").unwrap();
        writer
    }

    #[test]
    fn a_file_without_a_log_is_not_read_that_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        assert!(Unchanged::at_rest(&path).is_none());
        std::fs::write(&path, "").unwrap();
        assert!(Unchanged::at_rest(&path).is_none());
    }
}
