//! Recognises other programs whose databases resemble MLflow's, or share a database with it.

use mlflow_migrate_core::history::catalogue::OtherProgram;
use mlflow_migrate_core::schema::Schema;

pub(crate) fn all() -> Vec<OtherProgram> {
    vec![
        OtherProgram {
            name: "MLflow's auth app",
            has_revision: is_of_the_auth_app,
            marks: |_| None,
            advice: "the auth app keeps its version in alembic_version_auth in newer releases of MLflow, \
                     and needs a database of its own in older ones",
        },
        OtherProgram {
            name: "Optuna",
            has_revision: is_of_optuna,
            marks: |_| None,
            advice: "Optuna keeps its version in alembic_version, too: give it a database of its own",
        },
        OtherProgram {
            name: "FastTrackML",
            has_revision: |_| false,
            marks: marks_of_fasttrackml,
            advice: "to leave FastTrackML for MLflow, stop FastTrackML, make a backup, and run \
                     `DROP TABLE schema_version`; a check then lists what FastTrackML has changed in \
                     MLflow's tables",
        },
    ]
}

/// Returns whether a revision is the auth app's.
///
/// `a1b2c3d4e5f6` is also a revision of the tracking database, so this id alone does not identify
/// the database.
fn is_of_the_auth_app(revision: &str) -> bool {
    const REVISIONS: [&str; 7] = [
        "8606fa83a998",
        "0965eb92f5f0",
        "a1b2c3d4e5f6",
        "2ed73881770d",
        "c3d4e5f6a7b8",
        "e5f6a7b8c9d0",
        "f1a2b3c4d5e6",
    ];
    REVISIONS.contains(&revision)
}

/// Returns whether a revision is Optuna's: a version and a letter, as in `v3.0.0.d`.
fn is_of_optuna(revision: &str) -> bool {
    let Some((version, letter)) = revision.strip_prefix('v').and_then(|id| id.rsplit_once('.'))
    else {
        return false;
    };
    let numbers: Vec<&str> = version.split('.').collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    numbers.len() == 3
        && numbers.iter().all(is_number)
        && matches!(letter.as_bytes(), [letter] if letter.is_ascii_lowercase())
}

/// Returns the evidence that FastTrackML has changed MLflow's tables, if any.
///
/// FastTrackML adds columns to MLflow's tables. `schema_version` alone is no evidence: Flyway and
/// others have a table of that name, with more columns.
fn marks_of_fasttrackml(schema: &Schema) -> Option<String> {
    const COLUMNS: [(&str, &str); 8] = [
        ("experiments", "namespace_id"),
        ("runs", "row_num"),
        ("metrics", "iter"),
        ("metrics", "context_id"),
        ("latest_metrics", "last_iter"),
        ("latest_metrics", "context_id"),
        ("params", "value_str"),
        ("apps", "namespace_id"),
    ];
    let version = schema.table("schema_version")?;
    if !version.columns.iter().map(|column| column.name.as_str()).eq(["version"]) {
        return None;
    }
    let has_column = |(table, column): &&(&str, &str)| {
        schema.table(table).is_some_and(|table| table.find_column(column).is_some())
    };
    let (table, column) = COLUMNS.iter().find(has_column)?;
    Some(format!("it has a table schema_version, and {table} has a column {column}"))
}
