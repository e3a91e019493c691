//! Databases that do not say at which revision of MLflow's they are, or are none of MLflow's.

use super::ErrorKind;
use crate::error::quoted;
use crate::schema::Difference;

/// What `alembic_version` and the schema say, that is not one revision of MLflow's.
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
        /// What the schema is.
        schema: String,
        /// The statement that writes the revision of the schema there, where that is known.
        restamp: Option<String>,
    },
    /// The version table names a revision that is not in the catalogue, and the schema has
    /// everything that the newest one in it has.
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
    /// The version table names a revision of another program, and MLflow's tables are there.
    #[error(
        "alembic_version holds {}, a revision of {program}, and MLflow's tables are there, too: {schema}",
        quoted(revision)
    )]
    Overwritten {
        /// The revision.
        revision: String,
        /// The program.
        program: &'static str,
        /// What the schema is.
        schema: String,
        /// How both get along.
        advice: &'static str,
        /// The statement that writes the revision of the schema there, where that is known.
        restamp: Option<String>,
    },
    /// The version table names a revision, and the schema is that of another one.
    #[error("alembic_version holds {}, but {schema}", quoted(revision))]
    WrongStamp {
        /// The revision.
        revision: String,
        /// What the schema is.
        schema: String,
        /// The statement that writes the revision of the schema there.
        restamp: String,
    },
    /// The version table is none of Alembic's, or holds what is no version.
    #[error("{name}: {problem}")]
    VersionTable {
        /// The database.
        name: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The version table holds more than one row.
    #[error("alembic_version holds {rows} rows: {}; {schema}", first_of(*rows, revisions))]
    SeveralRevisions {
        /// How many rows there are.
        rows: usize,
        /// The first rows, and whose each is.
        revisions: Vec<String>,
        /// What the schema is.
        schema: String,
        /// The statement that leaves the right row, where that is known.
        remedy: Option<String>,
        /// How both get along, if a row is another program's.
        advice: Option<String>,
    },
    /// The version table holds something else than an upgrade has read, or written, there.
    #[error("{name}: alembic_version held {expected}, and now holds {found}")]
    VersionMoved {
        /// The database.
        name: String,
        /// What was there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The database, or its version table, is another program's.
    #[error("this is a database of {program}: {evidence}")]
    OtherProgram {
        /// The program.
        program: String,
        /// How it was recognised.
        evidence: String,
        /// How MLflow gets along with it, or comes after it.
        advice: String,
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
        /// Whether it lacks no table and no column of it.
        is_complete: bool,
    },
    /// The database has no version, and some of the tables of a state, as that state has them.
    #[error(
        "the database has no alembic_version, and only some of the tables of {state} \
         (there: {present}, missing: {})",
        missing.join(", ")
    )]
    HalfCreated {
        /// The state.
        state: String,
        /// How many of its tables are there.
        present: usize,
        /// The others.
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
                "nothing was changed; somebody else upgrades it, with `mlflow db upgrade` perhaps: let \
                 that come to its end, and run the command again"
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

/// Some things of more, with how many others there are.
fn first_of(all: usize, named: &[String]) -> String {
    match all.saturating_sub(named.len()) {
        0 => named.join(", "),
        others => format!("{} and {others} others", named.join(", ")),
    }
}

/// What to do about a version that nobody knows.
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

/// What to do about another program's version where MLflow's was.
fn hint_of_overwritten(program: &str, advice: &str, restamp: Option<&str>) -> String {
    let restamp = match restamp {
        Some(sql) => {
            format!("if {program} does not need it here, run `{sql}`, and the same command again")
        }
        None => "`mlflow-migrate history` lists the revisions that MLflow writes there".to_owned(),
    };
    format!("nothing was changed; {restamp}; {advice}")
}

/// What to do about several versions.
fn hint_of_several(remedy: Option<&str>, advice: Option<&str>) -> String {
    let remedy = match remedy {
        Some(sql) => format!("if that is right, run `{sql}`, and the same command again"),
        None => "find out who wrote which, and delete all but MLflow's".to_owned(),
    };
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("nothing was changed; MLflow leaves one row: {remedy}{advice}")
}
