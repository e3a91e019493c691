//! Decides which rows are to be computed.

use sea_query::{Expr, Query, Value};

use super::super::count;
use super::digests::FILLED;
use super::stale::{self, Stale};
use crate::error::Error;
use crate::rows::Rows;
use crate::schema::Schema;

/// The rows that are to be computed.
#[derive(Debug)]
pub(super) struct Due {
    /// The keys of the traces; `None` for all.
    pub(super) traces: Option<Vec<Value>>,
    /// The keys of the assessments; `None` for all.
    pub(super) assessments: Option<Vec<Value>>,
    /// Whether spans have anything from which their columns are computed.
    pub(super) spans: bool,
}

impl Due {
    /// Returns what is left to compute after a preparation, or everything.
    pub(super) async fn of(database: &mut dyn Rows, live: &Schema) -> Result<Self, Error> {
        let filled = FILLED.into_iter().filter(|table| table.is_filled(live)).collect();
        let Stale { traces, assessments } = stale::find(database, filled).await?;
        Ok(Self { traces, assessments, spans: have_sources(database, live).await? })
    }

    /// Returns the number of rows that are read.
    pub(super) async fn rows(&self, database: &mut dyn Rows) -> Result<u64, Error> {
        let mut rows = 0;
        for (table, keys) in [("trace_info", &self.traces), ("assessments", &self.assessments)] {
            rows += match keys {
                Some(keys) => keys.len() as u64,
                None => count(database, table).await?,
            };
        }
        if self.spans {
            rows += count(database, "spans").await?;
        }
        Ok(rows)
    }
}

/// Returns whether MLflow may have written costs or models of spans.
///
/// Before c8d9e0f1a2b3 it writes neither.
pub(super) fn may_have_costs(live: &Schema) -> bool {
    live.table("spans").is_some_and(|spans| spans.find_column("dimension_attributes").is_some())
}

/// Returns whether spans may have costs or models.
///
/// The upgrade creates the column and the table of these empty, if they are not there.
async fn have_sources(database: &mut dyn Rows, live: &Schema) -> Result<bool, Error> {
    if may_have_costs(live) {
        return Ok(true);
    }
    if live.table("spans").is_none() {
        return Ok(false);
    }
    let any = Query::select().expr(Expr::val(1)).from("span_metrics").limit(1).take();
    Ok(!database.query(any).await?.is_empty())
}
