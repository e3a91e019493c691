//! Fills traces and assessments while MLflow still writes.

use std::sync::atomic::AtomicU64;

use async_trait::async_trait;

use super::super::beforehand::{Beforehand, FilledTable};
use super::super::count;
use super::digests::{FILLED, TRACES};
use super::short_transactions::{begin, end};
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
