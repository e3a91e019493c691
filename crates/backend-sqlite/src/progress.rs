//! Counts rows while one long statement runs.
//!
//! SQLite does not report a statement's progress. It calls a function without arguments for every
//! row of a scan, unless the function is declared deterministic. So such a function can count the
//! rows.

use std::sync::atomic::{AtomicU64, Ordering};

use mlflow_migrate_core::event::Progress;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

/// The condition to add to a scan, which is always true.
pub(crate) const EACH_ROW: &str = "mlflow_migrate_row()";

const FUNCTION: &str = "mlflow_migrate_row";
const ROWS_A_REPORT: u64 = 16_384;

/// Defines the function behind [`EACH_ROW`], which counts from 0 and reports to `progress`.
pub(crate) fn count_rows(
    connection: &Connection,
    progress: &Progress,
    total: Option<u64>,
) -> rusqlite::Result<()> {
    let progress = progress.clone();
    let counter = AtomicU64::new(0);
    connection.create_scalar_function(FUNCTION, 0, FunctionFlags::SQLITE_UTF8, move |_| {
        let done = counter.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(ROWS_A_REPORT) {
            progress.report(done, total);
        }
        Ok(1_i64)
    })
}
