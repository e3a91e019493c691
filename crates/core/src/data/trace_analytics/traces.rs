//! Fills the names, sessions, token counts and costs of traces.

use std::collections::HashMap;

use sea_query::{Condition, Expr, ExprTrait, Order, Query, SelectStatement, Value};

use super::super::batch_size::{BatchSize, bytes_of};
use super::super::beforehand::ROWS_AT_ONCE;
use super::super::parts;
use super::super::value::{self, KeyPart, key_of};
use super::digests::{self, TRACES};
use super::promoted::{
    COST_KEYS, COST_METADATA, NAME_LENGTH, SESSION_LENGTH, SESSION_METADATA, TOKEN_KEYS,
    TOKEN_USAGE_METADATA,
};
use super::ranges::Range;
use super::sources::{self, Source};
use super::written::Written;
use super::{ProgressCounter, short_transactions, values};
use crate::data::python::text;
use crate::error::Error;
use crate::rows::{KeyedUpdate, Row, Rows};
use crate::schema::platform::Platform;

pub(super) use super::columns::OF_TRACES as COLUMNS;

const UPDATE: KeyedUpdate =
    KeyedUpdate { table: "trace_info", columns: &COLUMNS, key: &["request_id"] };

/// Which sources are read: those of the traces from one key to another, or of some traces.
#[derive(Clone, Copy)]
enum Of<'a> {
    Page(&'a KeyPart, &'a KeyPart),
    These(&'a [Value]),
}

/// Whether the server computes the digest of each source that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digests {
    With,
    Without,
}

impl Of<'_> {
    fn condition(self, table: &'static str) -> Condition {
        let trace = || Expr::col((table, "request_id"));
        match self {
            Self::Page(first, last) => {
                Condition::all().add(trace().gte(first.clone())).add(trace().lte(last.clone()))
            }
            Self::These(traces) => Condition::all().add(trace().is_in(traces.iter().cloned())),
        }
    }
}

/// The values of a trace's tags, metadata and metrics.
#[derive(Default)]
struct Sources {
    /// The sum of the digests of all of them.
    digest: i64,
    name: Option<String>,
    session: Option<String>,
    token_usage: Option<String>,
    cost: Option<String>,
    metrics: [Option<Value>; TOKEN_KEYS.len()],
}

type SourcesOfTraces = HashMap<[KeyPart; 1], Sources>;

impl Sources {
    /// Adds a row of a source: the trace, the key, the value, and perhaps their digest.
    fn read(&mut self, source: Source, read: &Row, platform: &Platform) {
        let key = value::text(read.get(1)).unwrap_or_default();
        let digest = i64::try_from(value::count(read.get(3))).unwrap_or_default();
        self.digest = self.digest.saturating_add(digest);
        if let (Source::TraceMetrics, Some(place)) =
            (source, TOKEN_KEYS.iter().position(|known| *known == key))
        {
            if let Some(metric) = self.metrics.get_mut(place) {
                *metric = Some(values::metric(read.get(2), platform));
            }
            return;
        }
        let target = match (source, key) {
            (Source::Tags, _) => &mut self.name,
            (Source::Metadata, SESSION_METADATA) => &mut self.session,
            (Source::Metadata, TOKEN_USAGE_METADATA) => &mut self.token_usage,
            (Source::Metadata, COST_METADATA) => &mut self.cost,
            _ => return,
        };
        *target = value::text(read.get(2)).map(ToOwned::to_owned);
    }

    /// Adds values that were filed under another spelling of the key.
    ///
    /// The database accepts no two rows with equal keys, so no value occurs twice.
    fn add(&mut self, other: Self) {
        let Self { digest, name, session, token_usage, cost, metrics } = other;
        self.digest = self.digest.saturating_add(digest);
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
    let mut traces = page(database, range, None, batch.rows()).await?;
    while let Some((first, last)) = ends(&traces) {
        let (sources, bytes) =
            read_sources(database, &traces, Of::Page(&first, &last), Digests::Without).await?;
        batch.note(bytes + bytes_of(&traces));
        let changed = changed(&traces, sources, done);
        if !changed.is_empty() {
            done.written += database.update(&UPDATE, changed).await?;
        }
        tally.add(traces.len())?;
        traces = page(database, range, Some(&last), batch.rows()).await?;
    }
    Ok(())
}

/// Fills the columns of some traces, and commits them.
pub(super) async fn fill_these(
    database: &mut dyn Rows,
    keys: &[Value],
    tally: &ProgressCounter<'_>,
    done: &mut Written,
) -> Result<(), Error> {
    for keys in keys.chunks(ROWS_AT_ONCE) {
        let of = Of::These(keys);
        let select = columns().cond_where(of.condition("trace_info")).take();
        let traces = database.query(select).await?;
        let (sources, _) = read_sources(database, &traces, of, Digests::Without).await?;
        let changed = changed(&traces, sources, done);
        if !changed.is_empty() {
            done.written += parts::update(database, &UPDATE, changed).await?;
        }
        tally.add(traces.len())?;
    }
    Ok(())
}

/// Fills the columns of all traces in short transactions, and notes the digests of their sources.
pub(super) async fn fill_beforehand(
    database: &mut dyn Rows,
    tally: &ProgressCounter<'_>,
) -> Result<u64, Error> {
    let everything = Range::everything();
    let (mut filled, mut last) = (0, None);
    loop {
        short_transactions::begin(database).await?;
        let traces = page(database, &everything, last.as_ref(), ROWS_AT_ONCE as u64).await?;
        let Some((first, end)) = ends(&traces) else { break };
        let done = fill_page_beforehand(database, &traces, Of::Page(&first, &end)).await;
        filled += short_transactions::commit(database, done).await?;
        tally.add(traces.len())?;
        last = Some(end);
    }
    short_transactions::end(database).await?;
    Ok(filled)
}

async fn fill_page_beforehand(
    database: &mut dyn Rows,
    traces: &[Row],
    of: Of<'_>,
) -> Result<u64, Error> {
    let noted = digests::noted_in(database, &TRACES, of.condition(TRACES.digests)).await?;
    let (sources, _) = read_sources(database, traces, of, Digests::With).await?;
    let digest = |trace: &Row| {
        key_of(trace).and_then(|id| sources.get(&id)).map_or(0, |sources| sources.digest)
    };
    let is_stale = |trace: &&Row| {
        let noted = key_of(trace).and_then(|id| noted.get(&id).copied());
        noted != Some(digest(trace))
    };
    let stale: Vec<Row> = traces.iter().filter(is_stale).cloned().collect();
    let notes: Vec<Row> =
        stale.iter().map(|trace| vec![value::owned(trace.first()), digest(trace).into()]).collect();
    let (count, changed) = (stale.len() as u64, changed(&stale, sources, &mut Written::default()));
    if !changed.is_empty() {
        database.update(&UPDATE, changed).await?;
    }
    if !notes.is_empty() {
        digests::note(database, &TRACES, notes).await?;
    }
    Ok(count)
}

/// Returns the first and the last key of a page; `None` if it is empty.
fn ends(traces: &[Row]) -> Option<(KeyPart, KeyPart)> {
    match (key_of(traces.first()?), key_of(traces.last()?)) {
        (Some([first]), Some([last])) => Some((first, last)),
        _ => None,
    }
}

/// Returns the new values of the traces whose columns hold others.
fn changed(traces: &[Row], mut sources: SourcesOfTraces, done: &mut Written) -> Vec<Row> {
    let mut changed = Vec::new();
    for trace in traces {
        let sources = key_of(trace).and_then(|id| sources.remove(&id)).unwrap_or_default();
        done.cut_of_traces += u64::from(is_longer(sources.name.as_deref(), NAME_LENGTH));
        done.cut_of_traces += u64::from(is_longer(sources.session.as_deref(), SESSION_LENGTH));
        let mut values = computed(&sources);
        if trace.get(1..) != Some(&values) {
            values.push(value::owned(trace.first()));
            changed.push(values);
        }
    }
    changed
}

fn is_longer(value: Option<&str>, length: usize) -> bool {
    value.is_some_and(|value| value.len() > length && text::code_points(value) > length)
}

async fn page(
    database: &mut dyn Rows,
    range: &Range,
    after: Option<&KeyPart>,
    rows: u64,
) -> Result<Vec<Row>, Error> {
    let mut select = columns();
    select.cond_where(range.holds("trace_info")).order_by("request_id", Order::Asc).limit(rows);
    if let Some(after) = after {
        select.and_where(Expr::col("request_id").gt(after.clone()));
    }
    database.query(select).await
}

fn columns() -> SelectStatement {
    Query::select().column("request_id").columns(COLUMNS).from("trace_info").take()
}

/// Selects the rows of a source that belong to some traces.
fn keyed_rows(
    database: &dyn Rows,
    source: Source,
    of: Of<'_>,
    digests: Digests,
) -> SelectStatement {
    let (table, platform) = (source.table(), database.platform());
    let mut select = Query::select();
    select.columns(["request_id", "key", "value"]).from(table);
    if digests == Digests::With {
        select.expr(digests::of_source(table, platform));
    }
    select.cond_where(of.condition(table)).cond_where(source.rows(platform)).take()
}

/// Reads the sources of traces by trace id, with their size in bytes.
async fn read_sources(
    database: &mut dyn Rows,
    traces: &[Row],
    of: Of<'_>,
    digests: Digests,
) -> Result<(SourcesOfTraces, usize), Error> {
    let (mut found, mut bytes) = (SourcesOfTraces::new(), 0);
    let platform = database.platform().clone();
    for source in [Source::Tags, Source::Metadata, Source::TraceMetrics] {
        let rows = database.query(keyed_rows(database, source, of, digests)).await?;
        bytes += bytes_of(&rows);
        for read in rows {
            if let Some(id) = key_of(&read) {
                found.entry(id).or_default().read(source, &read, &platform);
            }
        }
    }
    let place = ("trace_info", ["request_id"]);
    sources::file_under_rows(database, place, traces, &mut found, Sources::add).await?;
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
