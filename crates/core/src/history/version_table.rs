//! Lists the faults of Alembic's version table itself.

use crate::error::{Error, LocationError, Remedy};
use crate::graphs::VersionTable;

/// The maximum number of rows that are read. A table with more rows is no list of revisions.
pub const MOST_ROWS: usize = 100_000;

/// The maximum number of characters read per row. No revision is longer.
pub const MOST_CHARACTERS: usize = 255;

/// The reason why a version table cannot be read as Alembic's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The table is a view.
    View,
    /// The table has no column `version_num`.
    NoColumn,
    /// A row holds NULL.
    Null,
    /// A row holds a value that is not a text.
    NoText,
    /// The table has more than [`MOST_ROWS`] rows.
    TooMany,
}

impl Fault {
    /// Returns the error for a database whose version table has this fault.
    #[must_use]
    pub fn of(self, table: VersionTable, name: String) -> Error {
        let (problem, remedy) = match self {
            Self::View => (
                format!("{table} is a view, where Alembic has a table"),
                format!(
                    "if nothing else needs the view, run `DROP VIEW {table}`, and the same command \
                     again, which recognises the schema"
                ),
            ),
            Self::NoColumn => (
                format!("{table} has no column version_num, so it is not Alembic's"),
                format!(
                    "if nothing else needs that table, run `ALTER TABLE {table} RENAME TO \
                     another_version`, and the same command again, which recognises the schema"
                ),
            ),
            Self::Null => (
                format!("{table} holds a row whose version_num is NULL"),
                format!(
                    "run `DELETE FROM {table} WHERE version_num IS NULL`, and the same command again"
                ),
            ),
            Self::TooMany => (
                format!("{table} holds more than 100,000 rows, where Alembic leaves one"),
                format!(
                    "find out who has written them, run `DELETE FROM {table}`, and the same command \
                     again, which recognises the schema"
                ),
            ),
            Self::NoText => (
                format!("{table} holds a row whose version_num is no text"),
                format!(
                    "run `DELETE FROM {table} WHERE typeof(version_num) <> 'text'`, and the same \
                     command again"
                ),
            ),
        };
        let remedy = format!("the database is unchanged; {remedy}");
        Error::Location(LocationError::VersionTable {
            name,
            problem,
            remedy: Remedy::Words(remedy),
        })
    }
}
