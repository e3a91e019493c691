//! Advises after a copy that did not succeed.

use mlflow_migrate_core::error::{CopyError, CopyFinding, CopyRemedy};

pub(super) const UNFINISHED: &str = "run the same `mlflow-migrate copy` again, which starts over, or remove its tables with \
     `mlflow-migrate abort`; until then MLflow cannot start on it";

pub(super) const INTERRUPTED: &str = "the source is unchanged, and the destination holds an unfinished copy: fix the cause, then run the \
     same command, which starts over, or remove its tables with `mlflow-migrate abort`";

const NOT_EMPTY: &str =
    "both databases are unchanged; name an empty database, or a file that does not exist yet";

const NOT_COMPARABLE: &str =
    "both databases are unchanged; compare a copy before it is upgraded, or upgrade both";

const UNEQUAL: &str = "the source is unchanged; a trigger or another program has changed the rows of the destination: stop \
     it, and run the same command again";

/// Advises on an obstacle to a copy.
pub(super) fn hint(error: &CopyError) -> String {
    match error {
        CopyError::Uncopied { findings } => of_findings(findings),
        CopyError::NotEmpty { .. } => NOT_EMPTY.to_owned(),
        CopyError::NotComparable { .. } => NOT_COMPARABLE.to_owned(),
        _ => UNEQUAL.to_owned(),
    }
}

/// Advises on rows that cannot be copied.
fn of_findings(findings: &[CopyFinding]) -> String {
    let mut advice = vec!["both databases are unchanged"];
    let has = |remedy| findings.iter().any(|finding| finding.remedy == Some(remedy));
    if has(CopyRemedy::RenumberExperiments) {
        advice.push("`--renumber-experiments` gives experiments ids that fit");
    }
    if has(CopyRemedy::UnicodeCharset) {
        advice.push(
            "make the destination anew with CHARACTER SET utf8mb4, which holds every character",
        );
    }
    if has(CopyRemedy::ExactCollation) {
        advice.push(
            "a destination whose collation ends with _bin keeps keys that differ only in case or accents",
        );
    }
    advice.push(match findings.iter().all(|finding| finding.is_skippable) {
        true => {
            "correct these rows at the source, or leave them out with `--skip-invalid`, with the rows that \
             reference them"
        }
        false => "correct these rows at the source",
    });
    advice.join("; ")
}
