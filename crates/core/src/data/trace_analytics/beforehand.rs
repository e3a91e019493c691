//! Fills traces and assessments while MLflow still writes, and gives spans their columns.

use std::sync::atomic::AtomicU64;

use async_trait::async_trait;

use super::super::beforehand::{Beforehand, FilledTable};
use super::super::count;
use super::digests::{ASSESSMENTS, FILLED, SPANS};
use super::due::may_have_costs;
use super::short_transactions::{begin, end};
use super::{ProgressCounter, TraceAnalytics, assessments, traces};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;

#[async_trait]
impl Beforehand for TraceAnalytics {
    fn tables(&self) -> &'static [FilledTable] {
        &FILLED
    }

    /// Returns a reason for spans that may have costs, since the upgrade fills them at once.
    fn obstacle(&self, table: &FilledTable, live: &Schema) -> Option<&'static str> {
        let may_have_costs = *table == SPANS && may_have_costs(live);
        may_have_costs.then_some("the upgrade fills its new columns")
    }

    async fn fill(
        &self,
        table: &FilledTable,
        rows: &mut dyn Rows,
        progress: &Progress,
    ) -> Result<u64, Error> {
        if *table == SPANS {
            return Ok(0);
        }
        begin(rows).await?;
        let total = count(rows, table.table).await?;
        end(rows).await?;
        let tally = ProgressCounter { progress, done: AtomicU64::new(0), total };
        match *table == ASSESSMENTS {
            true => assessments::fill_beforehand(rows, &tally).await,
            false => traces::fill_beforehand(rows, &tally).await,
        }
    }
}
