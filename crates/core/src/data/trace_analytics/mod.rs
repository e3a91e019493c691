//! Implements 75868b020152: moves what trace analytics needs into columns.
//!
//! Names, sessions, token counts and costs of traces were kept as tags, metadata, metrics and JSON.
//! So were costs and models of spans, and the numeric values of assessments. [`TraceAnalytics`]
//! computes them as MLflow does in Python, in batches in the order of each table's key.
//! [`TraceAnalyticsSources`] then removes the sources. The removal is a step of its own, so that
//! the first step can be repeated until it is done. Rows that MLflow would fail on are found before
//! anything is changed.

mod afterwards;
mod assessments;
mod beforehand;
mod columns;
mod digests;
mod dimensions;
mod due;
mod each_range;
mod fill;
mod gateway;
mod noted;
mod other_spellings;
mod overflow;
mod preflight;
pub mod promoted;
mod ranges;
mod short_transactions;
mod sources;
mod spans;
mod stale;
mod totals;
mod traces;
mod values;
mod written;

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sea_query::{Condition, Expr, ExprTrait, Func};

use super::afterwards::Afterwards;
use super::beforehand::Beforehand;
use super::value::KeyPart;
use super::{DataMigration, DataOptions, Reversal, equals_exactly};
use crate::error::{Error, RowProblem};
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;
use crate::schema::platform::{Dialect, Platform};
use due::Due;
use sources::Source;

const REVISION: &str = "75868b020152";

const GATEWAY_METADATA: &str = "mlflow.gateway.endpointId";

/// Fills the columns.
#[derive(Clone, Copy, Debug)]
pub struct TraceAnalytics;

/// Removes the sources of the columns.
#[derive(Clone, Copy, Debug)]
pub struct TraceAnalyticsSources;

/// Counts the rows done, over all three tables.
struct ProgressCounter<'a> {
    progress: &'a Progress,
    done: AtomicU64,
    total: u64,
}

impl ProgressCounter<'_> {
    /// Adds rows that are done, and fails if the user has stopped the upgrade.
    fn add(&self, rows: usize) -> Result<(), Error> {
        let rows = rows as u64;
        let done = self.done.fetch_add(rows, Ordering::Relaxed) + rows;
        // Rows that the server refused at once are written, and counted, again.
        self.progress.report(std::cmp::Ord::min(done, self.total), Some(self.total));
        self.progress.check()
    }
}

/// Returns the condition that a key is one of several, byte for byte.
fn is_one_of(table: &'static str, keys: &[&str], platform: &Platform) -> Condition {
    keys.iter().fold(Condition::any(), |condition, key| {
        condition.add(equals_exactly(Expr::col((table, "key")), *key, platform))
    })
}

/// Returns the condition that a key comes after `last`, in the order of `columns`.
///
/// MySQL uses no index for a comparison of rows, but does for this longer form.
fn key_after(
    table: &'static str,
    columns: [&'static str; 2],
    last: &[KeyPart; 2],
    platform: &Platform,
) -> Expr {
    let [first, second] = columns.map(|column| Expr::col((table, column)));
    let [first_value, second_value] = last.clone().map(Expr::val);
    if platform.is_mysql() {
        let within = first.clone().eq(first_value.clone()).and(second.gt(second_value));
        first.clone().gte(first_value.clone()).and(first.gt(first_value).or(within))
    } else {
        Expr::tuple([first, second]).gt(Expr::tuple([first_value, second_value]))
    }
}

#[async_trait]
impl DataMigration for TraceAnalytics {
    fn title(&self) -> &'static str {
        "fill the trace analytics columns"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("trace_info", &["request_id", "experiment_id", "timestamp_ms"]),
            ("trace_tags", &["request_id", "key", "value"]),
            ("trace_request_metadata", &["request_id", "key", "value"]),
            ("trace_metrics", &["request_id", "key", "value"]),
            ("spans", &["trace_id", "span_id", "dimension_attributes"]),
            ("span_metrics", &["trace_id", "span_id", "key", "value"]),
            ("assessments", &["assessment_id", "trace_id", "value"]),
        ]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("trace_info", &traces::COLUMNS),
            ("spans", &spans::COLUMNS),
            ("assessments", &assessments::COLUMNS),
        ]
    }

    fn reversal(&self) -> Reversal {
        let of = |table| (table, Condition::all());
        Reversal::Irreversible {
            why: "it shortens values, and deletes the rows from which they were computed",
            rows: vec![of("trace_info"), of("spans"), of("assessments")],
        }
    }

    /// Returns whether there may be traces.
    ///
    /// A table that a later revision creates is empty. But `trace_info` may be older than `spans`,
    /// and its tags and metadata count without `spans`.
    fn is_needed(&self, live: &Schema) -> bool {
        live.table("trace_info").is_some()
    }

    /// Returns the column of spans' models, where spans can have neither models nor costs.
    ///
    /// Then no statement reads spans.
    fn does_without(&self, live: &Schema) -> &'static [(&'static str, &'static str)] {
        match due::may_have_costs(live) || live.table("span_metrics").is_some() {
            true => &[],
            false => &[("spans", "dimension_attributes")],
        }
    }

    /// Returns whether spans have their models and no `dimension_attributes`.
    ///
    /// Then a run of MLflow has filled the columns, and stopped after it had removed the sources.
    /// Computing the columns again would empty them.
    fn is_done(&self, found: &Schema) -> bool {
        found.table("spans").is_some_and(|spans| {
            spans.find_column("dimension_attributes").is_none()
                && spans.find_column("model_name").is_some()
        })
    }

    /// Returns the spans that name a model. All traces and assessments get values.
    ///
    /// Spans with costs name their model too. A missing value is NULL, or JSON's `null`.
    fn likely_rows(&self, table: &str, sample: &'static str, platform: &Platform) -> Condition {
        if table != "spans" {
            return Condition::all();
        }
        let named = Expr::col((sample, "dimension_attributes"));
        let text = match platform.dialect {
            Dialect::Mysql => "char",
            Dialect::Postgres | Dialect::Sqlite => "text",
        };
        let is_named = Expr::from(Func::cast_as(named.clone(), text)).ne("null");
        Condition::all().add(named.is_not_null()).add(is_named)
    }

    fn deferred_tables(&self) -> &'static [&'static str] {
        &["spans"]
    }

    /// Returns false: MySQL commits range by range.
    fn is_atomic(&self) -> bool {
        false
    }

    async fn preflight(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        live: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        preflight::findings(database, live).await
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        live: &Schema,
        progress: &Progress,
    ) -> Result<u64, Error> {
        let due = Due::of(database, live).await?;
        let total = due.rows(database).await?;
        let tally = ProgressCounter { progress, done: AtomicU64::new(0), total };
        let done = fill::fill(database, &due, &tally).await?;
        done.tell(progress);
        let assessments = match &due.assessments {
            Some(keys) => assessments::fill_these(database, keys, &tally).await?,
            None => assessments::backfill(database, &tally).await?,
        };
        Ok(done.written + assessments)
    }

    fn beforehand(&self) -> Option<&dyn Beforehand> {
        Some(self)
    }
}

#[async_trait]
impl DataMigration for TraceAnalyticsSources {
    fn title(&self) -> &'static str {
        "remove what the trace analytics columns were computed from"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("trace_tags", &["key"]),
            ("trace_request_metadata", &["key"]),
            ("trace_metrics", &["key"]),
            ("span_metrics", &["key"]),
        ]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("trace_tags", &[]),
            ("trace_request_metadata", &[]),
            ("trace_metrics", &[]),
            ("span_metrics", &[]),
        ]
    }

    /// The other migration of the same revision declares which rows were changed.
    fn reversal(&self) -> Reversal {
        Reversal::nothing()
    }

    fn likely_rows(&self, table: &str, sample: &'static str, platform: &Platform) -> Condition {
        let source = Source::ALL.into_iter().find(|source| source.table() == table);
        source.map_or_else(Condition::all, |source| source.rows_in(sample, platform))
    }

    fn truncates(&self) -> &'static [&'static str] {
        &["trace_tags", "trace_request_metadata", "trace_metrics", "span_metrics"]
    }

    fn is_needed(&self, live: &Schema) -> bool {
        TraceAnalytics.is_needed(live)
    }

    fn is_done(&self, found: &Schema) -> bool {
        TraceAnalytics.is_done(found)
    }

    /// Returns false: MySQL truncates tables, which commits.
    fn is_atomic(&self) -> bool {
        false
    }

    fn notes_what_it_commits(&self) -> bool {
        true
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        _: &Progress,
    ) -> Result<u64, Error> {
        sources::remove(database).await
    }

    fn afterwards(&self) -> Option<&dyn Afterwards> {
        Some(self)
    }
}
