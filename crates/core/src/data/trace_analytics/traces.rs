//! Fills the names, sessions, token counts and costs of traces.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, Value};

use super::super::batch_size::{BatchSize, bytes_of};
use super::super::value::{self, KeyPart, key_of};
use super::promoted::{
    COST_KEYS, COST_METADATA, NAME_LENGTH, SESSION_LENGTH, SESSION_METADATA, TOKEN_KEYS,
    TOKEN_USAGE_METADATA,
};
use super::ranges::Range;
use super::sources::{self, Source};
use super::written::Written;
use super::{ProgressCounter, values};
use crate::data::python::text;
use crate::error::Error;
use crate::rows::{KeyedUpdate, Row, Rows};

pub(super) const COLUMNS: [&str; 11] = [
    "trace_name",
    "session_id",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
    "input_cost",
    "output_cost",
    "total_cost",
];

const UPDATE: KeyedUpdate =
    KeyedUpdate { table: "trace_info", columns: &COLUMNS, key: &["request_id"] };

/// The values of a trace's tags, metadata and metrics.
#[derive(Default)]
struct Sources {
    name: Option<String>,
    session: Option<String>,
    token_usage: Option<String>,
    cost: Option<String>,
    metrics: [Option<Value>; TOKEN_KEYS.len()],
}

type SourcesOfTraces = HashMap<[KeyPart; 1], Sources>;

impl Sources {
    /// Adds values that were filed under another spelling of the key.
    ///
    /// The database accepts no two rows with equal keys, so no value occurs twice.
    fn add(&mut self, other: Self) {
        let Self { name, session, token_usage, cost, metrics } = other;
        self.name = name.or(self.name.take());
        self.session = session.or(self.session.take());
        self.token_usage = token_usage.or(self.token_usage.take());
        self.cost = cost.or(self.cost.take());
        for (metric, other) in self.metrics.iter_mut().zip(metrics) {
            *metric = other.or(metric.take());
        }
    }
}

/// Fills the columns of a range of traces.
pub(super) async fn fill(
    database: &mut dyn Rows,
    range: &Range,
    tally: &ProgressCounter<'_>,
    done: &mut Written,
) -> Result<(), Error> {
    let mut batch = BatchSize::new();
    let mut traces = page(database, range, None, &batch).await?;
    while let (Some([first]), Some([last])) =
        (traces.first().and_then(|read| key_of(read)), traces.last().and_then(|read| key_of(read)))
    {
        let (mut sources, bytes) = read_sources(database, &first, &last).await?;
        let place = ("trace_info", ["request_id"]);
        sources::file_under_rows(database, place, &traces, &mut sources, Sources::add).await?;
        batch.note(bytes + bytes_of(&traces));
        let mut changed = Vec::new();
        for trace in &traces {
            let sources = key_of(trace).and_then(|id| sources.remove(&id)).unwrap_or_default();
            done.cut_of_traces += u64::from(is_longer(sources.name.as_deref(), NAME_LENGTH));
            done.cut_of_traces += u64::from(is_longer(sources.session.as_deref(), SESSION_LENGTH));
            let mut values = computed(&sources);
            if trace.get(1..) != Some(&values) {
                values.push(value::owned(trace.first()));
                changed.push(values);
            }
        }
        if !changed.is_empty() {
            done.written += database.update(&UPDATE, changed).await?;
        }
        tally.add(traces.len())?;
        traces = page(database, range, Some(&last), &batch).await?;
    }
    Ok(())
}

fn is_longer(value: Option<&str>, length: usize) -> bool {
    value.is_some_and(|value| value.len() > length && text::code_points(value) > length)
}

async fn page(
    database: &mut dyn Rows,
    range: &Range,
    after: Option<&KeyPart>,
    batch: &BatchSize,
) -> Result<Vec<Row>, Error> {
    let mut select = Query::select();
    select
        .column("request_id")
        .columns(COLUMNS)
        .from("trace_info")
        .cond_where(range.holds("trace_info"))
        .order_by("request_id", Order::Asc)
        .limit(batch.rows());
    if let Some(after) = after {
        select.and_where(Expr::col("request_id").gt(after.clone()));
    }
    database.query(select).await
}

/// Selects the rows of a source that belong to a range of traces.
fn keyed_rows(
    database: &dyn Rows,
    source: Source,
    (first, last): (&KeyPart, &KeyPart),
) -> SelectStatement {
    Query::select()
        .columns(["request_id", "key", "value"])
        .from(source.table())
        .and_where(Expr::col("request_id").gte(first.clone()))
        .and_where(Expr::col("request_id").lte(last.clone()))
        .cond_where(source.rows(database.platform()))
        .take()
}

/// Reads the sources of a range of traces by trace id, with their size in bytes.
async fn read_sources(
    database: &mut dyn Rows,
    first: &KeyPart,
    last: &KeyPart,
) -> Result<(SourcesOfTraces, usize), Error> {
    let (mut found, mut bytes) = (SourcesOfTraces::new(), 0);
    let range = (first, last);
    for source in [Source::Tags, Source::Metadata] {
        let rows = database.query(keyed_rows(database, source, range)).await?;
        bytes += bytes_of(&rows);
        for read in rows {
            let Some(id) = key_of(&read) else { continue };
            let sources = found.entry(id).or_default();
            let target = match (source, value::text(read.get(1))) {
                (Source::Tags, _) => &mut sources.name,
                (_, Some(SESSION_METADATA)) => &mut sources.session,
                (_, Some(TOKEN_USAGE_METADATA)) => &mut sources.token_usage,
                (_, Some(COST_METADATA)) => &mut sources.cost,
                _ => continue,
            };
            *target = value::text(read.get(2)).map(ToOwned::to_owned);
        }
    }
    let metrics = keyed_rows(database, Source::TraceMetrics, range);
    let platform = database.platform().clone();
    for read in database.query(metrics).await? {
        let key = value::text(read.get(1)).unwrap_or_default();
        let place = TOKEN_KEYS.iter().position(|known| *known == key);
        if let (Some(id), Some(place)) = (key_of(&read), place) {
            let metrics = &mut found.entry(id).or_default().metrics;
            if let Some(metric) = metrics.get_mut(place) {
                *metric = Some(values::metric(read.get(2), &platform));
            }
        }
    }
    Ok((found, bytes))
}

/// Returns the values of [`COLUMNS`].
fn computed(sources: &Sources) -> Row {
    let usage = values::object(sources.token_usage.as_deref());
    let metrics = sources.metrics.each_ref().map(Option::as_ref);
    let counts = values::token_counts(&usage, metrics);
    let costs = values::costs(&values::object(sources.cost.as_deref()));
    let bounded = |value: &Option<String>, length| {
        Value::from(value.as_deref().map(|value| text::truncate(value, length).to_owned()))
    };
    let null = || Value::String(None);
    let mut row =
        vec![bounded(&sources.name, NAME_LENGTH), bounded(&sources.session, SESSION_LENGTH)];
    row.extend(counts.map(|count| count.map_or_else(null, Value::from)));
    row.extend(costs.map(|cost| cost.map_or_else(null, Value::from)));
    row
}

/// Returns whether a trace has a total cost in its own metadata.
pub(super) fn has_total_cost(metadata: Option<&str>) -> bool {
    let [.., total] = values::costs(&values::object(metadata));
    total.is_some()
}

const _: () = assert!(COLUMNS.len() == 2 + TOKEN_KEYS.len() + COST_KEYS.len());
