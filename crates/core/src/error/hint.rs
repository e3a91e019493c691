//! Advises on the next step after an error.

use super::{Error, LocationError, VerificationError};
use crate::schema::{Dependent, EditError};

impl Error {
    /// Returns the advice, if the error has any.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url { hint, .. }
            | Self::Unsupported { hint, .. }
            | Self::Unreachable { hint, .. }
            | Self::Unavailable { hint, .. }
            | Self::ReadOnly { hint, .. } => hint.as_str(),
            Self::Target(error) => return Some(error.hint()),
            Self::Location(error) => return error.hint(),
            Self::Drift { is_acceptable: true, repairs, .. } => {
                let put_right = if repairs.is_empty() {
                    "put it right".to_owned()
                } else {
                    format!("put it right with `{};`", repairs.join("; "))
                };
                return Some(format!(
                    "nothing was changed; {put_right}, or go on all the same with `--accept-drift`"
                ));
            }
            Self::Drift { .. } => {
                "nothing was changed; `mlflow-migrate check` lists every difference: put them right, or \
                 restore a backup"
            }
            Self::Edit { source, .. } => return Some(hint_of_edit(source)),
            Self::NamesTaken { .. } => {
                "nothing was changed; give these objects other names, or drop them if nobody needs them"
            }
            Self::Dependents { dependents, .. } => return Some(hint_of_dependents(dependents)),
            Self::Inexpressible { .. } => {
                "nothing was changed; give the table an ordinary form first, with all its rows in it"
            }
            Self::Refused { .. } => {
                "nothing was changed; correct or delete these rows and run the command again"
            }
            Self::Constraint { .. } => "nothing was changed; correct or delete these rows",
            Self::Orphans { delete, .. } => {
                return Some(format!(
                    "nothing was changed; correct these rows, or delete them: `{delete}`"
                ));
            }
            Self::BadValue { .. } => {
                "nothing was changed; correct the value and run the command again"
            }
            Self::Verification(error) => error.hint(),
            Self::NotADatabase { .. } => "check the path",
            Self::Corrupt { .. } => {
                "restore a backup; of an SQLite file, `sqlite3 FILE .recover` may save what can be read"
            }
            Self::Locked { .. } => {
                "stop the MLflow server, or whatever else uses it, and try again"
            }
            Self::LockLost { .. } => {
                "nothing was changed; run the command again: it waits for the other upgrade"
            }
            Self::Full { .. } => "nothing was changed; make room and run the command again",
            Self::AccessDenied { .. } => "check the user, the password and the database in the URL",
            Self::Unfinished { unfinished, .. } => return Some(unfinished.remedy()),
            Self::Privileges { hint, .. }
            | Self::Untrusted { hint, .. }
            | Self::ServerLimit { hint, .. }
            | Self::TooLarge { hint, .. }
            | Self::Tls { hint, .. }
            | Self::StrandedReference { hint, .. }
            | Self::Journal { hint, .. } => return Some(hint.clone()),
            Self::Unanswered { .. } => {
                "nothing was changed; see the server's log and its list of sessions, and run the command \
                 again; `--answer-timeout SECONDS` waits longer"
            }
            Self::ConnectionLost { .. } => {
                "nothing was changed; see the server's log, and run the command again"
            }
            Self::InDoubt { .. } => "run the command again: it looks first",
            Self::Conflict { .. } => {
                "nothing was changed; stop the MLflow server, or whatever else uses it, and try again"
            }
            Self::Stopped => "nothing was changed",
            Self::Interrupted { source, .. } => return Some(hint_of_interrupted(source)),
            Self::Graph(_) | Self::Database { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// Advises on the user's own objects that depend on a column.
fn hint_of_dependents(dependents: &[Dependent]) -> String {
    let remedies: Vec<&str> = dependents.iter().filter_map(|it| it.remedy.as_deref()).collect();
    if remedies.is_empty() {
        return "nothing was changed; take them off the table first".to_owned();
    }
    format!(
        "nothing was changed; drop them, run the command again, and create those anew that still make \
         sense: {};",
        remedies.join("; ")
    )
}

/// Advises on an interrupted upgrade that cannot be rolled back.
fn hint_of_interrupted(source: &Error) -> String {
    let next = match source {
        Error::TooLarge { hint, .. } => hint,
        Error::Location(LocationError::VersionMoved { .. }) => {
            "find out who has written there, put back what was there, and run the command again"
        }
        Error::Stopped => "run the same command to resume it",
        Error::Verification(VerificationError::Unverified { .. }) => {
            "undo by hand what differs from the plan, and run the command again"
        }
        Error::Verification(VerificationError::UnverifiedRows { .. }) => {
            "stop what else writes to these tables, put back the rows that a kept table has more (or \
             drop that table, if they are to be gone), and run the command again; latest_metrics are \
             then computed anew"
        }
        _ => "fix the cause, then run the same command to continue",
    };
    format!("progress is saved in the database: {next}")
}

/// Advises on a missing object, or on one in the place of a revision's own.
fn hint_of_edit(source: &EditError) -> String {
    let remedy = match source {
        EditError::MissingTable { .. } | EditError::MissingObject { .. } => {
            return "nothing was changed; `mlflow-migrate check` lists every difference".to_owned();
        }
        EditError::TableExists { table, .. } => {
            format!("rename table {table}, or drop it if nobody needs it")
        }
        EditError::Occupied { table, object, .. } => {
            format!("rename {object} of table {table}, or drop it if nobody needs it")
        }
    };
    format!("nothing was changed; {remedy}, and run the same command again")
}
