//! Advises on a database whose position is unknown.

use mlflow_migrate_core::error::{LocationError, Restamp};

/// Returns what the program advises on an unknown position.
pub(super) fn hint(error: &LocationError) -> Option<String> {
    let hint = match error {
        LocationError::UnknownRevision { restamp, .. } => {
            return Some(of_unknown(restamp.as_deref()));
        }
        LocationError::Newer { .. } => {
            "its MLflow release needs a newer mlflow-migrate; there is no way back to an older one"
        }
        LocationError::SeveralRevisions { remedy, advice, .. } => {
            return Some(of_several(remedy.as_deref(), advice.as_deref()));
        }
        LocationError::Overwritten { program, advice, restamp, .. } => {
            return Some(of_overwritten(program, advice, restamp.as_deref()));
        }
        LocationError::WrongStamp { restamp, .. } => {
            return Some(format!(
                "the database is unchanged; if that is right, run {}, and the same command again",
                either(restamp)
            ));
        }
        LocationError::VersionMoved { .. } => {
            "the database is unchanged; another session is upgrading it, perhaps `mlflow db upgrade`: wait \
             for its end, and run the command again"
        }
        LocationError::OtherProgram { advice, .. } => {
            return Some(format!(
                "the database is unchanged; give the URL of MLflow's own database; {advice}"
            ));
        }
        LocationError::NotMlflow { .. } => {
            "check the URL; to let MLflow share this database, run `mlflow-migrate upgrade` with \
             `--assume empty`"
        }
        LocationError::OtherGraph { .. } => {
            "the database is unchanged; `current`, `check`, `plan` and `upgrade` work on it; to give the \
             tracking store its tables here, too, run `mlflow-migrate upgrade URL --graph tracking \
             --assume empty`"
        }
        LocationError::HalfCreated { .. } => {
            "the database is unchanged; if MLflow was interrupted when it created them, run \
             `mlflow-migrate upgrade` with `--assume empty`, which keeps what is there and makes \
             the rest; if tables were lost, restore a backup"
        }
        LocationError::Unstamped { states, .. } => {
            return states.first().map(|state| {
                format!(
                    "if that is right, run the same command with `--assume {state}`, or \
                     `mlflow-migrate stamp {state} URL`"
                )
            });
        }
        LocationError::Unrecognised { closest, is_complete, .. } => {
            let accept = if *is_complete {
                format!(", or continue with `--assume {closest} --accept-drift`")
            } else {
                String::new()
            };
            return Some(format!(
                "the database is unchanged; `mlflow-migrate check --assume {closest}` lists every \
                 difference; correct them, and run the same command with `--assume {closest}`{accept}"
            ));
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// Names the statement and the command that write the version of the schema.
fn either(restamp: &Restamp) -> String {
    let Restamp { state, statement } = restamp;
    format!("`{statement}` or `mlflow-migrate stamp {state} URL`")
}

/// Advises on an unknown version.
fn of_unknown(restamp: Option<&Restamp>) -> String {
    let history = "the database is unchanged; find out which program wrote it, `mlflow-migrate history` lists \
                   MLflow's own";
    match restamp {
        Some(restamp) => {
            let either = either(restamp);
            format!("{history}; if no other program does, run {either}, and the same command again")
        }
        None => history.to_owned(),
    }
}

/// Advises on another program's version in the place of MLflow's.
fn of_overwritten(program: &str, advice: &str, restamp: Option<&Restamp>) -> String {
    let restamp = match restamp {
        Some(restamp) => {
            let either = either(restamp);
            format!("if {program} does not need it here, run {either}, and the same command again")
        }
        None => "`mlflow-migrate history` lists the revisions that MLflow writes there".to_owned(),
    };
    format!("the database is unchanged; {restamp}; {advice}")
}

/// Advises on several versions.
fn of_several(remedy: Option<&Restamp>, advice: Option<&str>) -> String {
    let remedy = match remedy {
        Some(restamp) => {
            format!("if that is right, run {}, and the same command again", either(restamp))
        }
        None => "find out who wrote which, and delete all but MLflow's".to_owned(),
    };
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("the database is unchanged; MLflow leaves one row: {remedy}{advice}")
}
