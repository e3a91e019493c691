//! Describes databases without a known revision, and databases that are not MLflow's.

use super::{ErrorKind, Remedy};
use crate::error::quoted;
use crate::graphs::{GraphName, VersionTable};
use crate::schema::Difference;

/// How the version table gets the version of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restamp {
    /// The state of the schema: a revision, or `base`.
    pub state: String,
    /// The statement that makes the version table name the state.
    pub statement: String,
}

/// The reason why version table and the schema do not determine one MLflow revision.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// The version table names a revision that is not in the catalogue.
    #[error(
        "{table} holds {}, which is not a revision of MLflow {newest} or older; {schema}",
        quoted(revision)
    )]
    UnknownRevision {
        /// The version table.
        table: VersionTable,
        /// The revision.
        revision: String,
        /// The newest known release.
        newest: String,
        /// A clause that describes the schema.
        schema: String,
        /// The statement that stamps the revision of the schema, where known.
        restamp: Option<Box<Restamp>>,
    },
    /// The version table names an unknown revision, and the schema is at least the newest known.
    #[error("{table} holds {}: the database is newer than MLflow {newest}", quoted(revision))]
    Newer {
        /// The version table.
        table: VersionTable,
        /// The revision.
        revision: String,
        /// The newest known release.
        newest: String,
    },
    /// The version table names a revision of another program, but MLflow's tables exist.
    #[error(
        "{table} holds {}, a revision of {program}, but MLflow's tables exist, too: {schema}",
        quoted(revision)
    )]
    Overwritten {
        /// The version table.
        table: VersionTable,
        /// The revision.
        revision: String,
        /// The program.
        program: &'static str,
        /// A clause that describes the schema.
        schema: String,
        /// How to run both programs.
        advice: &'static str,
        /// The statement that stamps the revision of the schema, where known.
        restamp: Option<Box<Restamp>>,
    },
    /// The version table names one revision, and the schema is that of another.
    #[error("{table} holds {}, but {schema}", quoted(revision))]
    WrongStamp {
        /// The version table.
        table: VersionTable,
        /// The revision.
        revision: String,
        /// A clause that describes the schema.
        schema: String,
        /// The statement that stamps the revision of the schema.
        restamp: Box<Restamp>,
    },
    /// The version table is not Alembic's, or holds a value that is no version.
    #[error("{name}: {problem}")]
    VersionTable {
        /// The database.
        name: String,
        /// The fault of the table.
        problem: String,
        /// What puts the table right.
        remedy: Remedy,
    },
    /// The version table holds more than one row.
    #[error("{table} holds {rows} rows: {}; {schema}", first_of(*rows, revisions))]
    SeveralRevisions {
        /// The version table.
        table: VersionTable,
        /// The number of rows.
        rows: usize,
        /// The first rows, each with its owner.
        revisions: Vec<String>,
        /// A clause that describes the schema.
        schema: String,
        /// The statement that keeps only the right row, where known.
        remedy: Option<Box<Restamp>>,
        /// How to run both programs, if a row is another program's.
        advice: Option<String>,
    },
    /// The version table holds another value than the upgrade has read or written.
    #[error("{name}: {table} held {expected}, and now holds {found}")]
    VersionMoved {
        /// The version table.
        table: VersionTable,
        /// The database.
        name: String,
        /// The expected value.
        expected: String,
        /// The value found.
        found: String,
    },
    /// The database, or its version table, belongs to another program.
    #[error("this is a database of {program}: {evidence}")]
    OtherProgram {
        /// The program.
        program: String,
        /// The evidence for the program.
        evidence: String,
        /// How to run MLflow beside the program, or in its place.
        advice: String,
    },
    /// The database holds tables, but none of MLflow's.
    #[error("the database holds tables ({tables}), but none of MLflow's")]
    NotMlflow {
        /// The number of tables.
        tables: usize,
    },
    /// The database holds tables of another of MLflow's graphs, and none of the wanted one.
    #[error("this is a database of {}, and holds no table of {}", found.owner(), wanted.owner())]
    OtherGraph {
        /// The graph of the command.
        wanted: GraphName,
        /// The graph that has its tables in the database.
        found: GraphName,
    },
    /// The database has no version, and its schema is that of one or several revisions.
    #[error("the database has no {table}; its schema is that of {}", states.join(" or "))]
    Unstamped {
        /// The version table.
        table: VersionTable,
        /// The revisions with that schema.
        states: Vec<String>,
    },
    /// The database has no version, and its schema is that of no revision.
    #[error(
        "the database has no {table}, and its schema is not that of any revision; \
         {closest} is the closest (differences: {}, the first: {})",
        differences.len(),
        differences.first().map(ToString::to_string).unwrap_or_default()
    )]
    Unrecognised {
        /// The version table.
        table: VersionTable,
        /// The most similar revision.
        closest: String,
        /// The differences from this revision.
        differences: Vec<Difference>,
        /// Whether every table and column of this revision exists.
        is_complete: bool,
    },
    /// The database has no version, and only some tables of a state, exactly as in the state.
    #[error(
        "the database has no {table}, and only some of the tables of {state} \
         (there: {present}, missing: {})",
        missing.join(", ")
    )]
    HalfCreated {
        /// The version table.
        table: VersionTable,
        /// The state.
        state: String,
        /// The number of existing tables of the state.
        present: usize,
        /// The missing tables.
        missing: Vec<String>,
    },
}

impl LocationError {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownRevision { .. } | Self::VersionTable { .. } => ErrorKind::UnknownRevision,
            Self::SeveralRevisions { .. } => ErrorKind::SeveralRevisions,
            Self::Newer { .. } => ErrorKind::Newer,
            Self::OtherProgram { .. }
            | Self::Overwritten { .. }
            | Self::NotMlflow { .. }
            | Self::OtherGraph { .. } => ErrorKind::OtherProgram,
            Self::Unstamped { .. }
            | Self::Unrecognised { .. }
            | Self::HalfCreated { .. }
            | Self::WrongStamp { .. } => ErrorKind::Drift,
            Self::VersionMoved { .. } => ErrorKind::Locked,
        }
    }
}

/// Joins the named items, and adds the number of the others.
fn first_of(all: usize, named: &[String]) -> String {
    match all.saturating_sub(named.len()) {
        0 => named.join(", "),
        others => format!("{} and {others} others", named.join(", ")),
    }
}
