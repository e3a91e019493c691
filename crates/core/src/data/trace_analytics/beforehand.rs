//! Fills traces and assessments while MLflow still writes.

use std::sync::atomic::AtomicU64;

use async_trait::async_trait;

use super::super::beforehand::{Beforehand, FilledTable};
use super::super::count;
use super::digests::{FILLED, TRACES};
use super::{ProgressCounter, TraceAnalytics, assessments, traces};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;

#[async_trait]
impl Beforehand for TraceAnalytics {
    fn tables(&self) -> &'static [FilledTable] {
        &FILLED
    }

    async fn fill(
        &self,
        table: &FilledTable,
        rows: &mut dyn Rows,
        progress: &Progress,
    ) -> Result<u64, Error> {
        begin(rows).await?;
        let total = count(rows, table.table).await?;
        end(rows).await?;
        let tally = ProgressCounter { progress, done: AtomicU64::new(0), total };
        match *table == TRACES {
            true => traces::fill_beforehand(rows, &tally).await,
            false => assessments::fill_beforehand(rows, &tally).await,
        }
    }
}

/// Begins a transaction.
pub(super) async fn begin(database: &mut dyn Rows) -> Result<(), Error> {
    match database.transactions() {
        Some(transactions) => transactions.begin_rows().await,
        None => Ok(()),
    }
}

/// Ends a transaction that has only read.
pub(super) async fn end(database: &mut dyn Rows) -> Result<(), Error> {
    match database.transactions() {
        Some(transactions) => transactions.rollback_rows().await,
        None => Ok(()),
    }
}

/// Commits what was written, and returns the number of rows.
///
/// Rows that others keep locked are left to the upgrade, with those of the same transaction.
pub(super) async fn commit(
    database: &mut dyn Rows,
    written: Result<u64, Error>,
) -> Result<u64, Error> {
    let Some(transactions) = database.transactions() else { return written };
    match written {
        Ok(rows) => transactions.commit_rows().await.map(|()| rows),
        Err(Error::Locked { .. } | Error::Conflict { .. }) => {
            transactions.rollback_rows().await.map(|()| 0)
        }
        Err(error) => {
            // The first error is the one to report.
            let _ = transactions.rollback_rows().await;
            Err(error)
        }
    }
}
