//! Fills the experiment, time and aggregate value of assessments.

use sea_query::{Condition, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, Value};

use super::super::batch_size::{BatchSize, bytes_of};
use super::super::beforehand::ROWS_AT_ONCE;
use super::super::parts;
use super::super::value::{self, KeyPart};
use super::digests::{self, ASSESSMENTS};
use super::{ProgressCounter, short_transactions, values};
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
    let mut rows = page(database, columns(), None, batch.rows()).await?;
    while let Some([last]) = rows.last().and_then(|read| value::key_of(read)) {
        written += write(database, &rows).await?;
        tally.add(rows.len())?;
        batch.note(bytes_of(&rows));
        rows = page(database, columns(), Some(&last), batch.rows()).await?;
    }
    Ok(written)
}

/// Fills the columns of some assessments, and returns the number of rows written.
pub(super) async fn fill_these(
    database: &mut dyn Rows,
    keys: &[Value],
    tally: &ProgressCounter<'_>,
) -> Result<u64, Error> {
    let mut written = 0;
    for keys in keys.chunks(ROWS_AT_ONCE) {
        let key = Expr::col(("assessments", "assessment_id"));
        let select = columns().and_where(key.is_in(keys.iter().cloned())).take();
        let rows = database.query(select).await?;
        written += write(database, &rows).await?;
        tally.add(rows.len())?;
    }
    Ok(written)
}

/// Fills the columns in short transactions, and notes the digests of the values.
pub(super) async fn fill_beforehand(
    database: &mut dyn Rows,
    tally: &ProgressCounter<'_>,
) -> Result<u64, Error> {
    let (mut filled, mut last) = (0, None);
    loop {
        short_transactions::begin(database).await?;
        let select = columns().expr(digests::of_assessment(database.platform())).take();
        let rows = page(database, select, last.as_ref(), ROWS_AT_ONCE as u64).await?;
        let Some([end]) = rows.last().and_then(|read| value::key_of(read)) else { break };
        let done = fill_page_beforehand(database, &rows).await;
        filled += short_transactions::commit(database, done).await?;
        tally.add(rows.len())?;
        last = Some(end);
    }
    short_transactions::end(database).await?;
    Ok(filled)
}

async fn fill_page_beforehand(database: &mut dyn Rows, rows: &[Row]) -> Result<u64, Error> {
    let keys = rows.iter().map(|read| value::owned(read.first()));
    let of = Condition::all().add(Expr::col(ASSESSMENTS.key).is_in(keys));
    let noted = digests::noted_in(database, &ASSESSMENTS, of).await?;
    let digest = |read: &Row| i64::try_from(value::count(read.last())).unwrap_or_default();
    let is_stale = |read: &&Row| {
        let noted = value::key_of(read).and_then(|key| noted.get(&key).copied());
        noted != Some(digest(read)) || changed(read).is_some()
    };
    let stale: Vec<&Row> = rows.iter().filter(is_stale).collect();
    let changed: Vec<Row> = stale.iter().filter_map(|read| changed(read)).collect();
    let notes: Vec<Row> =
        stale.iter().map(|read| vec![value::owned(read.first()), digest(read).into()]).collect();
    if !changed.is_empty() {
        database.update(&UPDATE, changed).await?;
    }
    if !notes.is_empty() {
        digests::note(database, &ASSESSMENTS, notes).await?;
    }
    Ok(stale.len() as u64)
}

async fn write(database: &mut dyn Rows, rows: &[Row]) -> Result<u64, Error> {
    let changed: Vec<Row> = rows.iter().filter_map(changed).collect();
    match changed.is_empty() {
        true => Ok(0),
        false => parts::update(database, &UPDATE, changed).await,
    }
}

/// Returns the new values of an assessment, unless the row has them already.
fn changed(read: &Row) -> Option<Row> {
    let (aggregate, is_numeric) = values::aggregate(read.get(1));
    let aggregate = aggregate.map_or(Value::String(None), Value::from);
    let is_numeric = Value::from(i64::from(is_numeric));
    let mut values =
        vec![value::owned(read.get(2)), value::owned(read.get(3)), aggregate, is_numeric];
    if read.get(4..4 + COLUMNS.len()) == Some(&values) {
        return None;
    }
    values.push(value::owned(read.first()));
    Some(values)
}

async fn page(
    database: &mut dyn Rows,
    mut select: SelectStatement,
    after: Option<&KeyPart>,
    rows: u64,
) -> Result<Vec<Row>, Error> {
    select.order_by(("assessments", "assessment_id"), Order::Asc).limit(rows);
    if let Some(after) = after {
        select.and_where(Expr::col(("assessments", "assessment_id")).gt(after.clone()));
    }
    database.query(select).await
}

/// Selects assessments, their traces' experiments and times, and what the columns hold.
fn columns() -> SelectStatement {
    Query::select()
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
        .take()
}
