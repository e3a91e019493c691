//! Advises on downgrades that are refused.

use mlflow_migrate_core::error::DowngradeError;

/// Returns what the program advises.
pub(super) fn hint(error: &DowngradeError) -> String {
    const RESTORE: &str = "restore a backup that was made before the upgrade";
    match error {
        DowngradeError::Irreversible { nearest: Some(nearest), .. } => format!(
            "the database is unchanged; the nearest target is `--to {nearest}`, or {RESTORE}"
        ),
        DowngradeError::Losses { .. } => format!(
            "nothing of this is dropped; copy what you still need, then run the same command with \
             `--discard`, or {RESTORE}"
        ),
        _ => format!("the database is unchanged; no older revision can be reached: {RESTORE}"),
    }
}
