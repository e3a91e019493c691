//! How far the server is with a long statement of another session.
//!
//! The server counts for the build of an index, and for a copy as CLUSTER makes it. There is no such
//! view of an `ALTER TABLE` that rewrites a table.

use mlflow_migrate_core::event::{Amount, Unit};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

/// Returns a query about the statement of a process: its phase, and rows and blocks, done and in all.
pub(crate) fn query(process: i64) -> String {
    format!(
        "SELECT phase, tuples_done, tuples_total, blocks_done, blocks_total \
             FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {process} \
         UNION ALL SELECT phase, heap_tuples_scanned, 0, heap_blks_scanned, heap_blks_total \
             FROM pg_catalog.pg_stat_progress_cluster WHERE pid = {process}"
    )
}

/// Returns the phase in the server's words.
pub(crate) fn phase(row: &PgRow) -> Option<String> {
    row.try_get(0).ok()
}

/// Returns how much of the phase is done. A phase counts rows or blocks, or nothing.
pub(crate) fn amount(row: &PgRow) -> Option<Amount> {
    let number = |at: usize| row.try_get::<i64, _>(at).ok().and_then(|it| u64::try_from(it).ok());
    for (at, unit) in [(1, Unit::Rows), (3, Unit::Blocks)] {
        let (done, total) = (number(at)?, number(at + 1)?);
        if done > 0 {
            let total = Some(total).filter(|total| *total > 0);
            return Some(Amount { done, total, is_estimate: false, unit });
        }
    }
    None
}
