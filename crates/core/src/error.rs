//! Everything that can go wrong, with its cause and the next thing to do.

use serde::Serialize;

use crate::graph::GraphError;
use crate::schema::{Difference, EditError};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What a data migration would stumble over: found before anything is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The revision whose data migration refuses it.
    pub revision: String,
    /// What is wrong.
    pub problem: String,
    /// In how many rows.
    pub count: u64,
    /// The first of these rows (or all of them, where the problem names each).
    pub rows: Vec<String>,
    /// A query that finds them all, where SQL can.
    pub query: Option<String>,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = self.rows.join(", ");
        let noun = if self.count == 1 { "row" } else { "rows" };
        write!(f, "{}: {} ({} {noun}: {rows}", self.revision, self.problem, self.count)?;
        f.write_str(if self.count > self.rows.len() as u64 { ", …)" } else { ")" })
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database URL is not one that this tool understands.
    #[error("{url}: {problem}")]
    Url {
        /// The URL, without any password.
        url: String,
        /// What is wrong with it.
        problem: String,
        /// What to write instead.
        hint: String,
    },
    /// The database is of a kind that this build cannot upgrade.
    #[error("{url}: {problem}")]
    Unsupported {
        /// The URL, without any password.
        url: String,
        /// Of which kind it is.
        problem: String,
        /// What to do instead.
        hint: String,
    },
    /// The revisions do not form a graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// No revision or release has that name.
    #[error("no revision or MLflow release is called {target}")]
    UnknownTarget {
        /// The name.
        target: String,
    },
    /// Several revisions begin like that.
    #[error("{target} could be any of {}", candidates.join(", "))]
    AmbiguousTarget {
        /// The name.
        target: String,
        /// The revisions.
        candidates: Vec<String>,
    },
    /// There is such a release number, but not in the list of known releases.
    #[error("MLflow {release} is not known to this version of mlflow-migrate")]
    UnknownRelease {
        /// The release.
        release: String,
        /// The newest known one.
        newest: String,
    },
    /// There are not so many revisions left.
    #[error("+{steps} goes beyond the newest revision: only {available} more are known")]
    TargetTooFar {
        /// How many were asked for.
        steps: usize,
        /// How many there are.
        available: usize,
    },
    /// The target does not follow the current revision.
    #[error("the database is at {current}, which is newer than {target}")]
    TargetBehind {
        /// The current revision.
        current: String,
        /// The target.
        target: String,
    },
    /// The version table names a revision that is not in the catalogue.
    #[error(
        "alembic_version holds {revision}, which is not a revision of MLflow {newest} or older"
    )]
    UnknownRevision {
        /// The revision.
        revision: String,
        /// The newest known release.
        newest: String,
    },
    /// The version table names a revision that is not in the catalogue, and the schema has
    /// everything that the newest one in it has.
    #[error("alembic_version holds {revision}: the database is newer than MLflow {newest}")]
    Newer {
        /// The revision.
        revision: String,
        /// The newest known release.
        newest: String,
    },
    /// The version table holds more than one row.
    #[error("alembic_version holds several revisions: {}", revisions.join(", "))]
    SeveralRevisions {
        /// The revisions.
        revisions: Vec<String>,
    },
    /// The database, or its version table, is another program's.
    #[error("this is a database of {program}: {evidence}")]
    OtherProgram {
        /// The program.
        program: String,
        /// How it was recognised.
        evidence: String,
    },
    /// There are tables, but none of MLflow's.
    #[error("the database holds tables ({tables}), but none of MLflow's")]
    NotMlflow {
        /// How many tables it holds.
        tables: usize,
    },
    /// The database has no version, and its schema is that of some revision.
    #[error("the database has no alembic_version; its schema is that of {}", states.join(" or "))]
    Unstamped {
        /// The revisions with that schema.
        states: Vec<String>,
    },
    /// The database has no version, and its schema is not that of any revision.
    #[error(
        "the database has no alembic_version, and its schema is not that of any revision; \
         {closest} comes closest (differences: {}, the first: {})",
        differences.len(),
        differences.first().map(ToString::to_string).unwrap_or_default()
    )]
    Unrecognised {
        /// The revision that comes closest.
        closest: String,
        /// What distinguishes the database from it.
        differences: Vec<Difference>,
    },
    /// Tables or columns that the stamped revision has are missing.
    #[error(
        "the schema is not that of {revision}, which alembic_version names: {}",
        differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Drift {
        /// The stamped revision.
        revision: String,
        /// What is missing.
        differences: Vec<Difference>,
    },
    /// A revision's operation does not fit the live schema.
    #[error("revision {revision} does not fit this database: {source}")]
    Edit {
        /// The revision.
        revision: String,
        /// Why.
        source: EditError,
    },
    /// A table cannot be changed in the way that is needed.
    #[error("table {table} cannot be rebuilt: it has {}", obstacles.join(", "))]
    Inexpressible {
        /// The table.
        table: String,
        /// What stands in the way.
        obstacles: Vec<String>,
    },
    /// Rows that a data migration cannot take.
    #[error("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused {
        /// What was found, a kind each.
        findings: Vec<Finding>,
    },
    /// Rows that a constraint to be added refuses.
    #[error("{table} holds rows ({count}) that {constraint} refuses")]
    Constraint {
        /// The table.
        table: String,
        /// The constraint.
        constraint: String,
        /// How many rows.
        count: u64,
    },
    /// The upgrade would have left references without their row.
    #[error("the upgrade would break foreign keys: {violations}")]
    ForeignKeys {
        /// Which, and how many.
        violations: String,
    },
    /// The result is not what was planned; it has been taken back where the database can.
    #[error(
        "the upgraded schema is not the planned one: {}",
        differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Unverified {
        /// The differences.
        differences: Vec<Difference>,
    },
    /// There is no such file or server.
    #[error("{name}: {problem}")]
    Unreachable {
        /// The database.
        name: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The file is not of the database's kind.
    #[error("{name}: not an SQLite database")]
    NotADatabase {
        /// The database.
        name: String,
    },
    /// The database is damaged.
    #[error("{name}: the database is damaged: {problem}")]
    Corrupt {
        /// The database.
        name: String,
        /// What the database says.
        problem: String,
    },
    /// The database cannot be written.
    #[error("{name}: the database cannot be written: {problem}")]
    ReadOnly {
        /// The database.
        name: String,
        /// What stands in the way.
        problem: String,
    },
    /// Somebody else holds the database.
    #[error("{name}: another process holds the database ({waited_seconds} s waited)")]
    Locked {
        /// The database.
        name: String,
        /// How long the lock was waited for.
        waited_seconds: u64,
    },
    /// There is no room left.
    #[error("{name}: no room left: {problem}")]
    Full {
        /// The database.
        name: String,
        /// What the database says.
        problem: String,
    },
    /// The database holds a value that cannot be read as what it should be.
    #[error("{name}: {problem}")]
    BadValue {
        /// The database.
        name: String,
        /// What and where.
        problem: String,
    },
    /// The database refused a statement.
    #[error("{action} failed")]
    Database {
        /// What was being done.
        action: String,
        /// What the database says.
        #[source]
        source: Cause,
    },
}

/// The kind of an error: what a program can act on, and what the exit code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The URL is wrong.
    Url,
    /// The database is of a kind that this build cannot upgrade.
    Unsupported,
    /// The target does not exist.
    Target,
    /// The target is older than the database.
    TargetBehind,
    /// The database cannot be reached or opened.
    Unreachable,
    /// The file is not a database.
    NotADatabase,
    /// The database is damaged.
    Corrupt,
    /// The database cannot be written.
    ReadOnly,
    /// Somebody else holds the database.
    Locked,
    /// There is no room left.
    Full,
    /// The version table names an unknown revision.
    UnknownRevision,
    /// The version table names several revisions.
    SeveralRevisions,
    /// The database is newer than the newest known revision.
    Newer,
    /// The database is another program's.
    OtherProgram,
    /// The schema is not that of the expected revision, or of any.
    Drift,
    /// Rows stand in the way.
    Refused,
    /// The result was not as planned.
    Unverified,
    /// The database refused a statement.
    Database,
    /// The catalogue is wrong: a bug.
    Internal,
}

impl Error {
    /// The base tables contradict each other.
    pub(crate) fn base_edit(source: EditError) -> Self {
        Self::Edit { revision: "base".to_owned(), source }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Url { .. } => ErrorKind::Url,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Graph(_) => ErrorKind::Internal,
            Self::UnknownTarget { .. }
            | Self::AmbiguousTarget { .. }
            | Self::UnknownRelease { .. }
            | Self::TargetTooFar { .. } => ErrorKind::Target,
            Self::TargetBehind { .. } => ErrorKind::TargetBehind,
            Self::UnknownRevision { .. } => ErrorKind::UnknownRevision,
            Self::SeveralRevisions { .. } => ErrorKind::SeveralRevisions,
            Self::Newer { .. } => ErrorKind::Newer,
            Self::OtherProgram { .. } | Self::NotMlflow { .. } => ErrorKind::OtherProgram,
            Self::Unstamped { .. }
            | Self::Unrecognised { .. }
            | Self::Drift { .. }
            | Self::Edit { .. }
            | Self::Inexpressible { .. } => ErrorKind::Drift,
            Self::Refused { .. } | Self::Constraint { .. } | Self::BadValue { .. } => {
                ErrorKind::Refused
            }
            Self::ForeignKeys { .. } | Self::Unverified { .. } => ErrorKind::Unverified,
            Self::Unreachable { .. } => ErrorKind::Unreachable,
            Self::NotADatabase { .. } => ErrorKind::NotADatabase,
            Self::Corrupt { .. } => ErrorKind::Corrupt,
            Self::ReadOnly { .. } => ErrorKind::ReadOnly,
            Self::Locked { .. } => ErrorKind::Locked,
            Self::Full { .. } => ErrorKind::Full,
            Self::Database { .. } => ErrorKind::Database,
        }
    }

    /// What to do about it, if there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url { hint, .. }
            | Self::Unsupported { hint, .. }
            | Self::Unreachable { hint, .. } => hint.as_str(),
            Self::UnknownTarget { .. } | Self::AmbiguousTarget { .. } => {
                "`mlflow-migrate history` lists every revision and its MLflow release"
            }
            Self::UnknownRelease { newest, .. } => {
                return Some(format!(
                    "the newest known release is {newest}; `--to head` goes there"
                ));
            }
            Self::TargetTooFar { .. } => "`--to head` goes to the newest revision",
            Self::TargetBehind { .. } => {
                "there is no way back; restore the backup that was made before the upgrade"
            }
            Self::UnknownRevision { .. } => {
                "find out which program wrote it; MLflow's own are listed by `mlflow-migrate history`"
            }
            Self::Newer { .. } => {
                "its MLflow release needs a newer mlflow-migrate; there is no way back to an older one"
            }
            Self::SeveralRevisions { .. } => {
                "MLflow leaves one row; find out who wrote the other before you delete it"
            }
            Self::OtherProgram { .. } => {
                "nothing was changed; give the URL of MLflow's own database"
            }
            Self::NotMlflow { .. } => {
                "check the URL; to let MLflow share this database, say `--assume empty`"
            }
            Self::Unstamped { states } => {
                return states.first().map(|state| {
                    format!("if that is right, run the same command with `--assume {state}`")
                });
            }
            Self::Unrecognised { closest, .. } => {
                return Some(format!(
                    "`mlflow-migrate check --assume {closest}` lists every difference"
                ));
            }
            Self::Drift { .. } | Self::Edit { .. } => {
                "`mlflow-migrate check` lists every difference; nothing was changed"
            }
            Self::Inexpressible { .. } => {
                "recreate the table without it, upgrade, and add it again"
            }
            Self::Refused { .. } => {
                "nothing was changed; mend or delete these rows and run the command again"
            }
            Self::Constraint { .. } => "nothing was changed; mend or delete these rows",
            Self::BadValue { .. } => {
                "nothing was changed; mend the value and run the command again"
            }
            Self::ForeignKeys { .. } | Self::Unverified { .. } => {
                "nothing was changed; please report this with the output of `mlflow-migrate check`"
            }
            Self::NotADatabase { .. } => "check the path",
            Self::Corrupt { .. } => "restore a backup, or try `sqlite3 FILE .recover`",
            Self::ReadOnly { .. } => {
                "make the file and its folder writable; `--into FILE` leaves the source as it is"
            }
            Self::Locked { .. } => {
                "stop the MLflow server, or whatever else uses it, and try again"
            }
            Self::Full { .. } => "nothing was changed; make room and run the command again",
            Self::Graph(_) | Self::Database { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
