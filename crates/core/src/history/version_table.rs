//! Lists the faults of Alembic's version table itself.

use crate::error::{Error, LocationError, Remedy};

/// The name that Alembic gives the table.
pub const NAME: &str = "alembic_version";

/// Creates the table as Alembic does on every dialect.
pub const CREATE: &str = "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\t\
                          CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)";

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
    /// Returns the error for a database with this fault.
    #[must_use]
    pub fn of(self, name: String) -> Error {
        let (problem, remedy) = match self {
            Self::View => (
                "alembic_version is a view, where Alembic has a table",
                "if nothing else needs the view, run `DROP VIEW alembic_version`, and the same command \
                 again, which recognises the schema",
            ),
            Self::NoColumn => (
                "alembic_version has no column version_num, so it is not Alembic's",
                "if nothing else needs that table, run `ALTER TABLE alembic_version RENAME TO \
                 another_version`, and the same command again, which recognises the schema",
            ),
            Self::Null => (
                "alembic_version holds a row whose version_num is NULL",
                "run `DELETE FROM alembic_version WHERE version_num IS NULL`, and the same command again",
            ),
            Self::TooMany => (
                "alembic_version holds more than 100,000 rows, where Alembic leaves one",
                "find out who has written them, run `DELETE FROM alembic_version`, and the same command \
                 again, which recognises the schema",
            ),
            Self::NoText => (
                "alembic_version holds a row whose version_num is no text",
                "run `DELETE FROM alembic_version WHERE typeof(version_num) <> 'text'`, and the same \
                 command again",
            ),
        };
        let remedy = format!("the database is unchanged; {remedy}");
        Error::Location(LocationError::VersionTable {
            name,
            problem: problem.to_owned(),
            remedy: Remedy::Words(remedy),
        })
    }
}
