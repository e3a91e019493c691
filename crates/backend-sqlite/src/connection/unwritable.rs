//! Reads a database in a place that cannot be written.
//!
//! SQLite needs two more files beside a database in WAL mode, even to read it. If SQLite cannot
//! create them, and no log holds pages that the file lacks, the file is opened with `immutable=1`.
//! After each use, the file is checked for changes.

use std::path::Path;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::open::absolute;
use super::settings::secured;
use super::unchanged::Unchanged;
use crate::error::Context;
use crate::side_files::{beside, left_beside};

/// The characters that the path of a URI does not encode.
const IN_PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'/');

/// Runs `prepare`, which reads from the open file.
///
/// If SQLite then needs a side file that it cannot create, returns another connection, which needs
/// none.
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
            Err(error) if !is_of_place(&error) => return Err(error),
            Err(error) => Unchanged::of(path).ok_or(error)?,
        },
    };
    let connection = open_immutable(path, flags)?;
    prepare(&connection)?;
    Ok((connection, Some(unchanged)))
}

/// Opens a file in WAL mode for reading, without side files. Nobody may change the file meanwhile.
pub(super) fn open_immutable(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = (flags - OpenFlags::SQLITE_OPEN_READ_WRITE)
        | OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI;
    secured(Connection::open_with_flags(immutable_uri(&absolute(path)?), flags)?)
}

/// Returns whether SQLite could not create, write or remove a file.
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

/// Explains why a database cannot be read without a write, if a side file is the reason.
pub(crate) fn refusal(path: &Path, context: Context<'_>) -> Option<Error> {
    let left = left_beside(path)?;
    let is_log = left == beside(path).nth(1)?;
    let problem = if is_log {
        "holds changes that are not in the file yet, and SQLite has to write beside the file to read them"
    } else {
        "holds a transaction that was interrupted, and SQLite must roll it back in the file first"
    };
    Some(Error::ReadOnly {
        name: context.name.to_owned(),
        problem: format!("{} {problem}", left.display()),
        remedy: Remedy::CopyFiles { files: vec![path.to_owned(), left] },
    })
}

/// Returns the URI that opens a file as immutable. The path must be absolute.
pub(super) fn immutable_uri(path: &Path) -> String {
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
