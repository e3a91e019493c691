//! Fills the costs and models of spans, row by row in the order of their key.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Query, Value};

use super::super::promoted::COST_KEYS;
use super::super::ranges::Range;
use super::super::sources::{self, Source};
use super::super::written::Written;
use super::super::{ProgressCounter, key_after, values};
use super::{COLUMNS, KEY, SpanKey, dimensions_after, key_of};
use crate::data::batch_size::{BatchSize, bytes_of};
use crate::data::python::number;
use crate::data::value;
use crate::error::Error;
use crate::rows::{KeyedUpdate, Row, Rows};

const UPDATE: KeyedUpdate = KeyedUpdate { table: "spans", columns: &COLUMNS, key: &KEY };

type Costs = [Option<f64>; COST_KEYS.len()];

/// Fills the columns of a range of traces.
pub(super) async fn fill(
    database: &mut dyn Rows,
    range: &Range,
    tally: &ProgressCounter<'_>,
    done: &mut Written,
) -> Result<(), Error> {
    let mut batch = BatchSize::new();
    let mut spans = page(database, range, None, &batch).await?;
    while let (Some(first), Some(last)) = (key_of(spans.first()), key_of(spans.last())) {
        let mut costs = read_costs(database, &first, &last).await?;
        sources::file_under_rows(database, ("spans", KEY), &spans, &mut costs, add_costs).await?;
        let mut changed = Vec::new();
        for span in &spans {
            // The preflight has already refused every value that cannot be read.
            let dimensions = values::dimensions(span.get(2)).unwrap_or_default();
            done.cut_of_spans += dimensions.truncated;
            let costs =
                key_of(Some(span)).and_then(|key| costs.get(&key).copied()).unwrap_or_default();
            let null = || Value::String(None);
            let mut values: Row =
                costs.into_iter().map(|cost| cost.map_or_else(null, Value::from)).collect();
            values.extend([dimensions.model, dimensions.provider].map(Value::from));
            if span.get(3..) != Some(&values) {
                values.extend([value::owned(span.first()), value::owned(span.get(1))]);
                changed.push(values);
            }
        }
        if !changed.is_empty() {
            done.written += if done.defers_spans {
                update_deferred(database, changed).await?
            } else {
                database.update(&UPDATE, changed).await?
            };
        }
        tally.add(spans.len())?;
        batch.note(bytes_of(&spans));
        spans = page(database, range, Some(&last), &batch).await?;
    }
    Ok(())
}

async fn page(
    database: &mut dyn Rows,
    range: &Range,
    after: Option<&SpanKey>,
    batch: &BatchSize,
) -> Result<Vec<Row>, Error> {
    let mut select = dimensions_after(range, after, database.platform());
    select.columns(COLUMNS).limit(batch.rows());
    database.query(select).await
}

fn add_costs(costs: &mut Costs, others: Costs) {
    for (cost, other) in costs.iter_mut().zip(others) {
        *cost = other.or(*cost);
    }
}

/// Reads the valid costs of a range of spans, by the keys in the cost rows.
async fn read_costs(
    database: &mut dyn Rows,
    first: &SpanKey,
    last: &SpanKey,
) -> Result<HashMap<SpanKey, Costs>, Error> {
    let platform = database.platform().clone();
    let from_first = key_after("span_metrics", KEY, first, &platform)
        .or(Expr::col(KEY[0]).eq(first[0].clone()).and(Expr::col(KEY[1]).eq(first[1].clone())));
    let select = Query::select()
        .columns(KEY)
        .columns(["key", "value"])
        .from("span_metrics")
        .and_where(Expr::col(KEY[0]).gte(first[0].clone()))
        .and_where(Expr::col(KEY[0]).lte(last[0].clone()))
        .and_where(from_first)
        .and_where(key_after("span_metrics", KEY, last, &platform).not())
        .cond_where(Source::SpanMetrics.rows(&platform))
        .take();
    let mut costs: HashMap<SpanKey, Costs> = HashMap::new();
    for read in database.query(select).await? {
        let key = value::text(read.get(2)).unwrap_or_default();
        let place = COST_KEYS.iter().position(|known| *known == key);
        if let (Some(span), Some(place)) = (key_of(Some(&read)), place)
            && let Some(cost) = costs.entry(span).or_default().get_mut(place)
        {
            *cost = number::finite_float(value::operand(&values::metric(read.get(3), &platform)));
        }
    }
    Ok(costs)
}

/// Updates spans whose values no statement reads before the next change of their table.
async fn update_deferred(database: &mut dyn Rows, changed: Vec<Row>) -> Result<u64, Error> {
    match database.accelerate() {
        Some(accelerated) => accelerated.update_deferred(&UPDATE, changed).await,
        None => database.update(&UPDATE, changed).await,
    }
}
