//! Experiment, time and aggregate value of assessments.

use sea_query::{Expr, ExprTrait, JoinType, Order, Query, Value};

use super::super::{BATCH, row};
use super::{Tally, values};
use crate::backend::{Backend, KeyedUpdate, Row};
use crate::error::Error;

pub(super) const COLUMNS: [&str; 4] =
    ["experiment_id", "trace_timestamp_ms", "aggregate_value", "is_numeric_value"];

const UPDATE: KeyedUpdate =
    KeyedUpdate { table: "assessments", columns: &COLUMNS, key: &["assessment_id"] };

/// Fills the columns, and tells how many rows it wrote.
pub(super) async fn backfill(
    backend: &mut dyn Backend,
    tally: &mut Tally<'_>,
) -> Result<u64, Error> {
    let mut written = 0;
    let mut rows = page(backend, None).await?;
    while let Some(last) = rows.last().and_then(|read| row::text(read.first())) {
        let last = last.to_owned();
        let updates = rows.iter().map(|read| {
            let (aggregate, is_numeric) = values::aggregate(read.get(1));
            vec![
                row::owned(read.get(2)),
                row::owned(read.get(3)),
                Value::from(aggregate),
                Value::from(is_numeric),
                row::owned(read.first()),
            ]
        });
        written += backend.update(&UPDATE, updates.collect()).await?;
        tally.add(rows.len());
        rows = page(backend, Some(&last)).await?;
    }
    Ok(written)
}

async fn page(backend: &mut dyn Backend, after: Option<&str>) -> Result<Vec<Row>, Error> {
    let mut select = Query::select();
    select
        .column(("assessments", "assessment_id"))
        .column(("assessments", "value"))
        .column(("trace_info", "experiment_id"))
        .column(("trace_info", "timestamp_ms"))
        .from("assessments")
        .join(
            JoinType::InnerJoin,
            "trace_info",
            Expr::col(("trace_info", "request_id")).equals(("assessments", "trace_id")),
        )
        .order_by(("assessments", "assessment_id"), Order::Asc)
        .limit(BATCH);
    if let Some(after) = after {
        select.and_where(Expr::col(("assessments", "assessment_id")).gt(after));
    }
    backend.query(select).await
}
