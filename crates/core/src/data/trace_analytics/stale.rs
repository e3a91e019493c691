//! Finds the rows whose columns may not be those of their sources.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, UnionType, Value};

use super::super::beforehand::{DIGEST, FilledTable};
use super::super::value;
use super::digests::{ASSESSMENTS, TRACES, of_assessment, of_source};
use super::each_range::{Question, ask_each};
use super::noted::{are_empty, differs_from_note, noted};
use super::ranges::Range;
use super::sources::Source;
use super::totals;
use crate::error::Error;
use crate::rows::Rows;
use crate::schema::platform::Platform;

/// The most rows that are computed one by one. If more have changed, all are computed.
const MOST: u64 = 20_000;

/// The keys of the rows whose columns may not be those of their sources.
///
/// `None` stands for all rows of a table: those that were never filled, or too many to be computed
/// one by one.
#[derive(Debug, Default)]
pub(super) struct Stale {
    pub(super) traces: Option<Vec<Value>>,
    pub(super) assessments: Option<Vec<Value>>,
}

/// Finds the rows of tables that were filled.
///
/// InnoDB would write the sources of all traces into one temporary table. So it is asked range by
/// range, which all connections share.
pub(super) async fn find(
    database: &mut dyn Rows,
    filled: Vec<FilledTable>,
) -> Result<Stale, Error> {
    let asked: Vec<Asked> = [TRACES, ASSESSMENTS]
        .into_iter()
        .filter(|table| filled.contains(table))
        .map(|table| Asked { table, found: AtomicU64::new(0) })
        .collect();
    if asked.is_empty() {
        return Ok(Stale::default());
    }
    let first = Range::first(database).await?;
    let found = ask_each(database, first, &StaleRows { asked }).await?;
    let keys_of = |table: FilledTable| {
        let of_table = found.iter().filter(|(of, _)| *of == table.table);
        let keys: Vec<Value> = of_table.map(|(_, key)| key.clone()).collect();
        (filled.contains(&table) && keys.len() as u64 <= MOST).then_some(keys)
    };
    Ok(Stale { traces: keys_of(TRACES), assessments: keys_of(ASSESSMENTS) })
}

/// Returns the first column of the rows of a query: one more than the most, if they are too many.
async fn keys(database: &mut dyn Rows, mut select: SelectStatement) -> Result<Vec<Value>, Error> {
    let rows = database.query(select.limit(MOST + 1).take()).await?;
    Ok(rows.iter().map(|read| value::owned(read.first())).collect())
}

/// A table whose rows are looked for, until they are too many.
struct Asked {
    table: FilledTable,
    found: AtomicU64,
}

impl Asked {
    async fn ask(&self, database: &mut dyn Rows, range: &Range) -> Result<Vec<Value>, Error> {
        if self.found.load(Ordering::Relaxed) > MOST {
            return Ok(Vec::new());
        }
        let keys = match self.table == TRACES {
            true => traces(database, range).await?,
            false => {
                let select = stale_assessments(range, database.platform());
                keys(database, select).await?
            }
        };
        self.found.fetch_add(keys.len() as u64, Ordering::Relaxed);
        Ok(keys)
    }
}

async fn traces(database: &mut dyn Rows, range: &Range) -> Result<Vec<Value>, Error> {
    match totals::traces(database, range).await? {
        Some(keys) => Ok(keys),
        None => {
            let select = stale_traces(range, database.platform());
            keys(database, select).await
        }
    }
}

/// Asks each table for the rows of a range of traces.
struct StaleRows {
    asked: Vec<Asked>,
}

#[async_trait]
impl Question for StaleRows {
    /// A key, and the table that has it.
    type Found = (&'static str, Value);

    async fn ask(&self, database: &mut dyn Rows, range: &Range) -> Result<Vec<Self::Found>, Error> {
        let mut found = Vec::new();
        for asked in &self.asked {
            let keys = asked.ask(database, range).await?;
            found.extend(keys.into_iter().map(|key| (asked.table.table, key)));
        }
        Ok(found)
    }
}

fn stale_traces(range: &Range, platform: &Platform) -> SelectStatement {
    const NOW: &str = "now";
    let trace = || Expr::col(("trace_info", "request_id"));
    let digest_now = || Expr::col((NOW, DIGEST));
    let differs =
        differs_from_note(&TRACES, Func::coalesce([digest_now(), Expr::cust("0")]).into());
    let is_stale = differs.add(are_empty().add(digest_now().is_not_null()));
    noted(&TRACES)
        .join_subquery(
            JoinType::LeftJoin,
            digests_of_traces(range, platform),
            NOW,
            trace().equals((NOW, "request_id")),
        )
        .cond_where(range.holds("trace_info"))
        .cond_where(is_stale)
        .take()
}

/// Selects the sum of the digests of each trace that has sources.
fn digests_of_traces(range: &Range, platform: &Platform) -> SelectStatement {
    const EACH: &str = "source";
    let of = |source: Source| {
        let table = source.table();
        Query::select()
            .column((table, "request_id"))
            .expr_as(of_source(table, platform), Alias::new(DIGEST))
            .from(table)
            .cond_where(source.rows(platform))
            .cond_where(range.holds(table))
            .take()
    };
    let each = of(Source::Tags)
        .union(UnionType::All, of(Source::Metadata))
        .union(UnionType::All, of(Source::TraceMetrics))
        .take();
    Query::select()
        .column((EACH, "request_id"))
        .expr_as(Func::sum(Expr::col((EACH, DIGEST))), Alias::new(DIGEST))
        .from_subquery(each, EACH)
        .group_by_col((EACH, "request_id"))
        .take()
}

fn stale_assessments(range: &Range, platform: &Platform) -> SelectStatement {
    let differs = |column, of_trace| {
        let (own, trace) =
            (Expr::col(("assessments", column)), Expr::col(("trace_info", of_trace)));
        own.clone().is_null().or(own.ne(trace))
    };
    let is_stale = differs_from_note(&ASSESSMENTS, of_assessment(platform))
        .add(differs("experiment_id", "experiment_id"))
        .add(differs("trace_timestamp_ms", "timestamp_ms"));
    noted(&ASSESSMENTS)
        .join(
            JoinType::InnerJoin,
            "trace_info",
            Expr::col(("trace_info", "request_id")).equals(("assessments", "trace_id")),
        )
        .cond_where(range.holds(ASSESSMENTS.table))
        .cond_where(is_stale)
        .take()
}
