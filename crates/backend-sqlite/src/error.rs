//! Translates SQLite's result codes into errors that the user can act on.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use rusqlite::ErrorCode;

/// The action and the database that an error message names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) name: &'a str,
    pub(crate) waited_seconds: u64,
}

impl Context<'_> {
    /// Returns the error for `source`, which occurred during `action`.
    pub(crate) fn error(self, action: &str, source: rusqlite::Error) -> Error {
        let name = self.name.to_owned();
        let problem = match &source {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        let remedy = Remedy::MakeWritable;
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::NotADatabase { name },
            Some(ErrorCode::DatabaseCorrupt) => Error::Corrupt { name, problem },
            Some(ErrorCode::ReadOnly) => Error::ReadOnly { name, problem, remedy },
            // If an open database's journal cannot be created, the folder is read-only.
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Error::ReadOnly {
                name,
                problem: format!("{problem} (its folder must be writable, for the journal)"),
                remedy,
            },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Error::Locked { name, waited_seconds: self.waited_seconds, holders: Vec::new() }
            }
            Some(ErrorCode::OperationInterrupted) => Error::Stopped,
            Some(ErrorCode::DiskFull) => Error::Full { name, problem },
            _ => match source {
                rusqlite::Error::Utf8Error(column, _)
                | rusqlite::Error::FromSqlConversionFailure(column, ..) => Error::BadValue {
                    name,
                    problem: format!("{action}: a text in column {column} is not valid UTF-8"),
                },
                source => Error::Database { action: action.to_owned(), source: Box::new(source) },
            },
        }
    }
}
