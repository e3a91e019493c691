//! Describes downgrades that cannot be made, or that would lose something.

use serde::Serialize;

/// Rows of a table that goes, or values of a column that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Loss {
    /// The table.
    pub table: String,
    /// The column; `None` if the whole table goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The number of rows, or of rows with a value that the upgrade would not put there again.
    #[serde(rename = "lost_rows")]
    pub rows: u64,
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, column, rows } = self;
        let plural = if *rows == 1 { "" } else { "s" };
        match column {
            None => write!(f, "table {table} ({rows} row{plural})"),
            Some(column) => write!(f, "column {column} of {table} ({rows} row{plural})"),
        }
    }
}

/// The reason why a downgrade is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DowngradeError {
    /// A revision on the way back cannot be undone.
    #[error("revision {revision} cannot be undone: {why} ({rows} rows of table {table})")]
    Irreversible {
        /// The revision.
        revision: String,
        /// The reason.
        why: String,
        /// The table whose rows the revision may have changed.
        table: String,
        /// The number of these rows.
        rows: u64,
        /// The oldest revision that a downgrade can reach; `None` if it can reach none.
        nearest: Option<String>,
    },
    /// Rows or values would be lost, and the user has not agreed.
    #[error(
        "the downgrade would lose {}",
        losses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    Losses {
        /// The tables and columns.
        losses: Vec<Loss>,
    },
}

impl DowngradeError {
    pub(super) fn kind(&self) -> super::ErrorKind {
        match self {
            Self::Irreversible { .. } => super::ErrorKind::TargetBehind,
            Self::Losses { .. } => super::ErrorKind::Refused,
        }
    }
}
