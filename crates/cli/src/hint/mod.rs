//! Advises on the next step after an error, in the program's own commands and options.

mod copy;
mod downgrade;
mod location;
mod remedy;

use mlflow_migrate_core::error::{
    ConstraintError, Error, LocationError, Operation, RowProblem, TakenObject, TargetError,
    Unfinished, VerificationError,
};
use mlflow_migrate_core::schema::{Dependent, EditError};

use remedy::in_words;

/// Returns what the program `mlflow-migrate` advises after an error, if it has any advice.
///
/// The text names the program's commands and options. [`Error::queries`] has the queries that find
/// the rows of an error.
#[must_use]
pub fn hint(error: &Error) -> Option<String> {
    let hint = match error {
        Error::Target(error) => of_target(error),
        Error::Location(error) if !matches!(error, LocationError::VersionTable { .. }) => {
            return location::hint(error);
        }
        Error::Drift { is_acceptable, repairs, is_repairable, .. } => {
            of_drift(*is_acceptable, *is_repairable, repairs)
        }
        Error::Edit { source, remedies, .. } => of_edit(source, remedies),
        Error::NamesTaken { objects } => of_taken_names(objects),
        Error::Dependents { dependents, .. } => of_dependents(dependents),
        Error::Refused { findings } => of_refused(findings),
        Error::Downgrade(error) => downgrade::hint(error),
        Error::Copy(error) => copy::hint(error),
        Error::Constraint(ConstraintError::Orphans { delete, .. }) => {
            format!("the database is unchanged; correct these rows, or delete them: `{delete}`")
        }
        Error::Verification(error) => of_verification(error).to_owned(),
        Error::Unfinished { unfinished, .. } => hint_on_unfinished(unfinished),
        // What the source says of the database is true of the tables of this graph.
        Error::OneGraphDone(failed) => {
            return hint(&failed.source)
                .map(|hint| format!("as for {}: {hint}", failed.failed.owner()));
        }
        Error::Interrupted { operation: Operation::Copy, .. } => copy::INTERRUPTED.to_owned(),
        Error::Interrupted { source, .. } => of_interrupted(source),
        other => match other.remedy() {
            Some(remedy) => in_words(remedy),
            None => return of_kind(other).map(ToOwned::to_owned),
        },
    };
    Some(hint)
}

/// Advises where the kind of the error is enough.
fn of_kind(error: &Error) -> Option<&'static str> {
    let hint = match error {
        Error::Inexpressible { .. } => {
            "the database is unchanged; recreate the table without these properties and copy its rows first"
        }
        Error::Constraint(_) => "the database is unchanged; correct or delete these rows",
        Error::BadValue { .. } => {
            "the database is unchanged; correct the value and run the command again"
        }
        Error::NotADatabase { .. } => "check the path",
        Error::Corrupt { .. } => {
            "restore a backup; of an SQLite file, `sqlite3 FILE .recover` may save what can be read"
        }
        Error::Locked { .. } => {
            "stop the MLflow server and other clients, and run the command again"
        }
        Error::LockLost { .. } => {
            "the database is unchanged; run the command again: it waits for the other upgrade"
        }
        Error::Full { .. } => {
            "the database is unchanged; free disk space and run the command again"
        }
        Error::AccessDenied { .. } => "check the user, the password and the database in the URL",
        Error::Unanswered { .. } => {
            "the database is unchanged; see the server's log and its list of sessions, and run the command \
             again; `--answer-timeout` with a longer duration waits longer"
        }
        Error::ConnectionLost { .. } => {
            "the database is unchanged; see the server's log, and run the command again"
        }
        Error::InDoubt { .. } => {
            "run the same command: it checks whether the upgrade was committed"
        }
        Error::Conflict { .. } => {
            "the database is unchanged; stop the MLflow server and other clients, and run the command again"
        }
        Error::Stopped => "the database is unchanged",
        _ => return None,
    };
    Some(hint)
}

fn of_target(error: &TargetError) -> String {
    match error {
        TargetError::UnknownRelease { newest, .. } => {
            format!("the newest known release is {newest}; `--to head` goes there")
        }
        TargetError::UnknownInstallation { .. } => {
            "the database is unchanged; name the release, such as `--to 2.9.2`, or the interpreter with `--for PYTHON`"
                .to_owned()
        }
        TargetError::UnknownDatabaseOrTarget { .. } => {
            "check the path; `mlflow-migrate history` lists every revision and its MLflow release"
                .to_owned()
        }
        TargetError::TargetTooFar { .. } => "`--to head` goes to the newest revision".to_owned(),
        TargetError::TargetBehind { .. } => {
            "the database is unchanged; `mlflow-migrate downgrade URL --to TARGET --dry-run` shows the way \
             back, or restore the backup that was made before the upgrade"
                .to_owned()
        }
        TargetError::TargetAhead { target, .. } => {
            format!("the database is unchanged; run `mlflow-migrate upgrade URL --to {target}`")
        }
        TargetError::SeveralGraphs { .. } => {
            "the database is unchanged; name one: `--graph tracking` or `--graph auth`".to_owned()
        }
        TargetError::NotEmpty { .. } => {
            "the database is unchanged; leave `--assume` out, or give the tracking store its tables here, \
             too: `mlflow-migrate upgrade URL --graph tracking --assume empty`"
                .to_owned()
        }
        TargetError::NoScript { .. } => {
            "leave `--sql` out, or choose the other tables: `--graph tracking`".to_owned()
        }
        TargetError::NeedsProgram { revision } => {
            format!("run `mlflow-migrate upgrade URL --to {revision}`")
        }
        TargetError::NoPart { parts, .. } => match parts {
            1 => "leave `--part` out".to_owned(),
            parts => format!("`--part` takes 1 to {parts}"),
        },
        _ => "`mlflow-migrate history` lists every revision and its MLflow release".to_owned(),
    }
}

fn of_drift(is_acceptable: bool, is_repairable: bool, repairs: &[String]) -> String {
    const REPAIR: &str = "correct it with `mlflow-migrate repair URL`";
    if !is_acceptable && is_repairable {
        return format!(
            "the database is unchanged, and `--accept-drift` does not help here; {REPAIR}"
        );
    }
    if !is_acceptable {
        return "the database is unchanged, and `--accept-drift` does not help here; `mlflow-migrate check` \
                lists every difference: correct them, or restore a backup"
            .to_owned();
    }
    let put_right = match (is_repairable, repairs) {
        (true, []) => REPAIR.to_owned(),
        (true, _) => format!("{REPAIR}, or with `{};`", repairs.join("; ")),
        (false, []) => "correct it".to_owned(),
        (false, _) => format!("correct it with `{};`", repairs.join("; ")),
    };
    format!("the database is unchanged; {put_right}, or continue with `--accept-drift`")
}

/// Advises on rows that a data migration refuses.
fn of_refused(findings: &[RowProblem]) -> String {
    let correct =
        "the database is unchanged; correct or delete these rows and run the command again";
    if findings.iter().any(|finding| finding.is_skippable) {
        format!("{correct}, or leave out invalid values with `--skip-invalid`")
    } else {
        correct.to_owned()
    }
}

/// Advises on the user's own objects that depend on a column.
fn of_dependents(dependents: &[Dependent]) -> String {
    let remedies: Vec<&str> = dependents.iter().filter_map(|it| it.remedy.as_deref()).collect();
    if remedies.is_empty() {
        return "the database is unchanged; drop these objects first".to_owned();
    }
    format!(
        "the database is unchanged; drop them, run the command again, and re-create those that are still \
         needed: {};",
        remedies.join("; ")
    )
}

/// Advises on a missing object, or on one in the place of a revision's own.
fn of_edit(source: &EditError, remedies: &[String]) -> String {
    let object = match source {
        EditError::MissingTable { .. } | EditError::MissingObject { .. } => {
            return "the database is unchanged; `mlflow-migrate check` lists every difference"
                .to_owned();
        }
        EditError::TableExists { table, .. } => format!("table {table}"),
        EditError::Occupied { table, object, .. } => format!("{} of table {table}", object.title()),
    };
    let with = match remedies {
        [] => String::new(),
        remedies => format!(" with `{};`", remedies.join("; ")),
    };
    format!(
        "the database is unchanged; rename {object}{with}, or drop it if nobody needs it, and run the \
         same command again"
    )
}

/// Advises on the user's own objects with names that an upgrade needs.
fn of_taken_names(objects: &[TakenObject]) -> String {
    let remedies: Vec<&str> = objects.iter().map(|object| object.remedy.as_str()).collect();
    let again = match objects.iter().any(|object| object.is_dropped) {
        true => ", and create what you drop again under another name",
        false => ", or drop these objects if nobody needs them",
    };
    format!("the database is unchanged; free the names with `{};`{again}", remedies.join("; "))
}

fn of_verification(error: &VerificationError) -> &'static str {
    match error {
        VerificationError::UnverifiedRows { .. } => {
            "the database is unchanged; a trigger or another program has written to these tables: stop \
             the writer, and run the command again"
        }
        _ => {
            "the database is unchanged; please report this with the output of `mlflow-migrate check`"
        }
    }
}

/// Returns what the program advises on an unfinished upgrade.
#[must_use]
pub fn hint_on_unfinished(unfinished: &Unfinished) -> String {
    let to = unfinished.to.as_deref().unwrap_or("base");
    let command = match unfinished.operation {
        Operation::Upgrade => format!("mlflow-migrate upgrade --to {to}"),
        Operation::Downgrade => format!("mlflow-migrate downgrade --to {to}"),
        Operation::Repair => "mlflow-migrate repair".to_owned(),
        Operation::Copy => return copy::UNFINISHED.to_owned(),
    };
    format!(
        "finish it with `{command}`, or roll it back with `mlflow-migrate abort`, unless a step without an inverse has begun; until then MLflow cannot start"
    )
}

/// Advises on an interrupted upgrade that cannot be rolled back.
fn of_interrupted(source: &Error) -> String {
    let next = match source {
        Error::TooLarge { remedy, .. } => &in_words(remedy),
        Error::Location(LocationError::VersionMoved { .. }) => {
            "find out who changed it, restore the former value, and run the command again"
        }
        Error::Stopped => "run the same command to resume it",
        Error::Verification(VerificationError::Unverified { .. }) => {
            "undo the differences from the plan by hand, and run the command again"
        }
        Error::Verification(VerificationError::UnverifiedRows { .. }) => {
            "stop what else writes to these tables, copy the missing rows back from the kept table (or drop that table, if they are not needed), and run the command again; latest_metrics are \
             then recomputed"
        }
        _ => "fix the cause, then run the same command to continue",
    };
    format!("progress is saved in the database: {next}")
}
