//! Fills the experiment, time and aggregate value of assessments.

use sea_query::{Expr, ExprTrait, JoinType, Order, Query, Value};

use super::super::batch_size::{BatchSize, bytes_of};
use super::super::parts;
use super::super::value::{self, KeyPart};
use super::{ProgressCounter, values};
use crate::error::Error;
use crate::rows::{KeyedUpdate, Row, Rows};

pub(super) const COLUMNS: [&str; 4] =
    ["experiment_id", "trace_timestamp_ms", "aggregate_value", "is_numeric_value"];

const UPDATE: KeyedUpdate =
    KeyedUpdate { table: "assessments", columns: &COLUMNS, key: &["assessment_id"] };

/// Fills the columns, and returns the number of rows written.
pub(super) async fn backfill(
    database: &mut dyn Rows,
    tally: &ProgressCounter<'_>,
) -> Result<u64, Error> {
    let (mut written, mut batch) = (0, BatchSize::new());
    let mut rows = page(database, None, &batch).await?;
    while let Some([last]) = rows.last().and_then(|read| value::key_of(read)) {
        let changed: Vec<Row> = rows.iter().filter_map(changed).collect();
        if !changed.is_empty() {
            written += parts::update(database, &UPDATE, changed).await?;
        }
        tally.add(rows.len())?;
        batch.note(bytes_of(&rows));
        rows = page(database, Some(&last), &batch).await?;
    }
    Ok(written)
}

/// Returns the new values of an assessment, unless the row has them already.
fn changed(read: &Row) -> Option<Row> {
    let (aggregate, is_numeric) = values::aggregate(read.get(1));
    let aggregate = aggregate.map_or(Value::String(None), Value::from);
    let is_numeric = Value::from(i64::from(is_numeric));
    let mut values =
        vec![value::owned(read.get(2)), value::owned(read.get(3)), aggregate, is_numeric];
    if read.get(4..) == Some(&values) {
        return None;
    }
    values.push(value::owned(read.first()));
    Some(values)
}

async fn page(
    database: &mut dyn Rows,
    after: Option<&KeyPart>,
    batch: &BatchSize,
) -> Result<Vec<Row>, Error> {
    let mut select = Query::select();
    select
        .column(("assessments", "assessment_id"))
        .column(("assessments", "value"))
        .column(("trace_info", "experiment_id"))
        .column(("trace_info", "timestamp_ms"))
        .columns(COLUMNS.map(|column| ("assessments", column)))
        .from("assessments")
        .join(
            JoinType::InnerJoin,
            "trace_info",
            Expr::col(("trace_info", "request_id")).equals(("assessments", "trace_id")),
        )
        .order_by(("assessments", "assessment_id"), Order::Asc)
        .limit(batch.rows());
    if let Some(after) = after {
        select.and_where(Expr::col(("assessments", "assessment_id")).gt(after.clone()));
    }
    database.query(select).await
}
