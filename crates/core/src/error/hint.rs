//! The next thing to do about an error.

use super::Error;

impl Error {
    /// What to do about it, if there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url { hint, .. }
            | Self::Unsupported { hint, .. }
            | Self::Unreachable { hint, .. }
            | Self::Unavailable { hint, .. }
            | Self::ReadOnly { hint, .. } => hint.as_str(),
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
            Self::VersionMoved { .. } => {
                "nothing was changed; somebody else upgrades it, with `mlflow db upgrade` perhaps: let \
                 that come to its end, and run the command again"
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
            Self::Drift { .. } | Self::Edit { .. } => {
                "`mlflow-migrate check` lists every difference; nothing was changed"
            }
            Self::NamesTaken { .. } => {
                "nothing was changed; give these objects other names, or drop them if nobody needs them"
            }
            Self::Inexpressible { .. } => {
                "nothing was changed; drop that, upgrade, and create it again"
            }
            Self::Refused { .. } => {
                "nothing was changed; mend or delete these rows and run the command again"
            }
            Self::Constraint { .. } => "nothing was changed; mend or delete these rows",
            Self::Orphans { delete, .. } => {
                return Some(format!(
                    "nothing was changed; mend these rows, or delete them: `{delete}`"
                ));
            }
            Self::BadValue { .. } => {
                "nothing was changed; mend the value and run the command again"
            }
            Self::ForeignKeys { .. } | Self::Unverified { .. } => {
                "nothing was changed; please report this with the output of `mlflow-migrate check`"
            }
            Self::UnverifiedRows { .. } => {
                "nothing was changed; a trigger or another program has written to these tables: stop \
                 that, and run the command again"
            }
            Self::NotADatabase { .. } => "check the path",
            Self::Corrupt { .. } => "restore a backup, or try `sqlite3 FILE .recover`",
            Self::Locked { .. } => {
                "stop the MLflow server, or whatever else uses it, and try again"
            }
            Self::Full { .. } => "nothing was changed; make room and run the command again",
            Self::AccessDenied { .. } => "check the user, the password and the database in the URL",
            Self::Privileges { hint, .. }
            | Self::ServerLimit { hint, .. }
            | Self::Tls { hint, .. }
            | Self::StrandedReference { hint, .. }
            | Self::Journal { hint, .. } => return Some(hint.clone()),
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

/// What to do about an upgrade that cannot be taken back, and stopped on its way.
fn hint_of_interrupted(source: &Error) -> String {
    let next = match source {
        Error::VersionMoved { .. } => {
            "find out who has written there, put back what was there, and run the command again"
        }
        Error::Stopped => "the same command goes on with it",
        Error::Unverified { .. } => {
            "undo by hand what differs from the plan, and run the command again"
        }
        Error::UnverifiedRows { .. } => {
            "stop what else writes to these tables, put back the rows that a kept table has more (or \
             drop that table, if they are to be gone), and run the command again; latest_metrics are \
             then computed anew"
        }
        _ => "mend the cause, and run the command again",
    };
    format!("what was done is noted in the database: {next}")
}
