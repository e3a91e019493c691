//! Describes databases without a known revision, and databases that are not MLflow's.

use super::ErrorKind;
use crate::error::quoted;
use crate::schema::Difference;

/// The reason why `alembic_version` and the schema do not determine one MLflow revision.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// The version table names a revision that is not in the catalogue.
    #[error(
        "alembic_version holds {}, which is not a revision of MLflow {newest} or older; {schema}",
        quoted(revision)
    )]
    UnknownRevision {
        /// The revision.
        revision: String,
        /// The newest known release.
        newest: String,
        /// A clause that describes the schema.
        schema: String,
        /// The statement that stamps the revision of the schema, where known.
        restamp: Option<String>,
    },
    /// The version table names an unknown revision, and the schema is at least the newest known.
    #[error(
        "alembic_version holds {}: the database is newer than MLflow {newest}",
        quoted(revision)
    )]
    Newer {
        /// The revision.
        revision: String,
        /// The newest known release.
        newest: String,
    },
    /// The version table names a revision of another program, but MLflow's tables exist.
    #[error(
        "alembic_version holds {}, a revision of {program}, and MLflow's tables are there, too: {schema}",
        quoted(revision)
    )]
    Overwritten {
        /// The revision.
        revision: String,
        /// The program.
        program: &'static str,
        /// A clause that describes the schema.
        schema: String,
        /// How to run both programs.
        advice: &'static str,
        /// The statement that stamps the revision of the schema, where known.
        restamp: Option<String>,
    },
    /// The version table names one revision, and the schema is that of another.
    #[error("alembic_version holds {}, but {schema}", quoted(revision))]
    WrongStamp {
        /// The revision.
        revision: String,
        /// A clause that describes the schema.
        schema: String,
        /// The statement that stamps the revision of the schema.
        restamp: String,
    },
    /// The version table is not Alembic's, or holds a value that is no version.
    #[error("{name}: {problem}")]
    VersionTable {
        /// The database.
        name: String,
        /// The fault of the table.
        problem: String,
        /// The advice.
        hint: String,
    },
    /// The version table holds more than one row.
    #[error("alembic_version holds {rows} rows: {}; {schema}", first_of(*rows, revisions))]
    SeveralRevisions {
        /// The number of rows.
        rows: usize,
        /// The first rows, each with its owner.
        revisions: Vec<String>,
        /// A clause that describes the schema.
        schema: String,
        /// The statement that keeps only the right row, where known.
        remedy: Option<String>,
        /// How to run both programs, if a row is another program's.
        advice: Option<String>,
    },
    /// The version table holds another value than the upgrade has read or written.
    #[error("{name}: alembic_version held {expected}, and now holds {found}")]
    VersionMoved {
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
    /// The database has no version, and its schema is that of one or several revisions.
    #[error("the database has no alembic_version; its schema is that of {}", states.join(" or "))]
    Unstamped {
        /// The revisions with that schema.
        states: Vec<String>,
    },
    /// The database has no version, and its schema is that of no revision.
    #[error(
        "the database has no alembic_version, and its schema is not that of any revision; \
         {closest} comes closest (differences: {}, the first: {})",
        differences.len(),
        differences.first().map(ToString::to_string).unwrap_or_default()
    )]
    Unrecognised {
        /// The most similar revision.
        closest: String,
        /// The differences from this revision.
        differences: Vec<Difference>,
        /// Whether every table and column of this revision exists.
        is_complete: bool,
    },
    /// The database has no version, and only some tables of a state, exactly as in the state.
    #[error(
        "the database has no alembic_version, and only some of the tables of {state} \
         (there: {present}, missing: {})",
        missing.join(", ")
    )]
    HalfCreated {
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
            Self::OtherProgram { .. } | Self::Overwritten { .. } | Self::NotMlflow { .. } => {
                ErrorKind::OtherProgram
            }
            Self::Unstamped { .. }
            | Self::Unrecognised { .. }
            | Self::HalfCreated { .. }
            | Self::WrongStamp { .. } => ErrorKind::Drift,
            Self::VersionMoved { .. } => ErrorKind::Locked,
        }
    }

    pub(super) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownRevision { restamp, .. } => {
                return Some(hint_of_unknown(restamp.as_deref()));
            }
            Self::Newer { .. } => {
                "its MLflow release needs a newer mlflow-migrate; there is no way back to an older one"
            }
            Self::SeveralRevisions { remedy, advice, .. } => {
                return Some(hint_of_several(remedy.as_deref(), advice.as_deref()));
            }
            Self::Overwritten { program, advice, restamp, .. } => {
                return Some(hint_of_overwritten(program, advice, restamp.as_deref()));
            }
            Self::WrongStamp { restamp, .. } => {
                return Some(format!(
                    "nothing was changed; if that is right, run `{restamp}`, and the same command again"
                ));
            }
            Self::VersionMoved { .. } => {
                "nothing was changed; another session upgrades it, perhaps `mlflow db upgrade`: wait \
                 until it ends, and run the command again"
            }
            Self::OtherProgram { advice, .. } => {
                return Some(format!(
                    "nothing was changed; give the URL of MLflow's own database; {advice}"
                ));
            }
            Self::NotMlflow { .. } => {
                "check the URL; to let MLflow share this database, run `mlflow-migrate upgrade` with \
                 `--assume empty`"
            }
            Self::HalfCreated { .. } => {
                "nothing was changed; if MLflow was interrupted when it created them, run \
                 `mlflow-migrate upgrade` with `--assume empty`, which keeps what is there and makes \
                 the rest; if tables were lost, restore a backup"
            }
            Self::Unstamped { states } => {
                return states.first().map(|state| {
                    format!("if that is right, run the same command with `--assume {state}`")
                });
            }
            Self::Unrecognised { closest, is_complete, .. } => {
                let accept = if *is_complete {
                    format!(", or go on all the same with `--assume {closest} --accept-drift`")
                } else {
                    String::new()
                };
                return Some(format!(
                    "nothing was changed; `mlflow-migrate check --assume {closest}` lists every \
                     difference; put them right, and run the same command with `--assume {closest}`{accept}"
                ));
            }
            Self::VersionTable { hint, .. } => hint,
        };
        Some(hint.to_owned())
    }
}

/// Joins the named items, and adds the number of the others.
fn first_of(all: usize, named: &[String]) -> String {
    match all.saturating_sub(named.len()) {
        0 => named.join(", "),
        others => format!("{} and {others} others", named.join(", ")),
    }
}

/// Advises on an unknown version.
fn hint_of_unknown(restamp: Option<&str>) -> String {
    let history = "nothing was changed; find out which program wrote it, `mlflow-migrate history` lists \
                   MLflow's own";
    match restamp {
        Some(sql) => {
            format!("{history}; if no other program does, run `{sql}`, and the same command again")
        }
        None => history.to_owned(),
    }
}

/// Advises on another program's version in the place of MLflow's.
fn hint_of_overwritten(program: &str, advice: &str, restamp: Option<&str>) -> String {
    let restamp = match restamp {
        Some(sql) => {
            format!("if {program} does not need it here, run `{sql}`, and the same command again")
        }
        None => "`mlflow-migrate history` lists the revisions that MLflow writes there".to_owned(),
    };
    format!("nothing was changed; {restamp}; {advice}")
}

/// Advises on several versions.
fn hint_of_several(remedy: Option<&str>, advice: Option<&str>) -> String {
    let remedy = match remedy {
        Some(sql) => format!("if that is right, run `{sql}`, and the same command again"),
        None => "find out who wrote which, and delete all but MLflow's".to_owned(),
    };
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("nothing was changed; MLflow leaves one row: {remedy}{advice}")
}
