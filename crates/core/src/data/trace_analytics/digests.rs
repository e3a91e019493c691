//! Digests of the values from which columns are computed.
//!
//! A row's digest is the sum of the digests of its sources, so the server can add it up, and so can
//! this program while it reads them. 59 bits are left of each, so that the sum of a trace's ten
//! sources fits into a column.

use std::collections::HashMap;

use sea_query::{
    Alias, Condition, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, UnionType, Value,
};

use super::super::beforehand::{DIGEST, FilledTable};
use super::super::bytes;
use super::super::value::{self, KeyPart, key_of};
use super::columns;
use super::sources::Source;
use crate::error::Error;
use crate::rows::{Row, Rows};
use crate::schema::platform::{Dialect, Platform};

/// The traces.
pub(super) const TRACES: FilledTable = FilledTable {
    table: "trace_info",
    key: "request_id",
    digests: "alembic_mlflow_migrate_filled_traces",
};

/// The assessments.
pub(super) const ASSESSMENTS: FilledTable = FilledTable {
    table: "assessments",
    key: "assessment_id",
    digests: "alembic_mlflow_migrate_filled_assessments",
};

/// The spans, none of which has a value before MLflow writes costs.
///
/// No digest is ever noted of them.
pub(super) const SPANS: FilledTable =
    FilledTable { table: "spans", key: "span_id", digests: "alembic_mlflow_migrate_filled_spans" };

/// All tables.
pub(super) const FILLED: [FilledTable; 3] = [TRACES, ASSESSMENTS, SPANS];

/// The most rows that are computed one by one. If more have changed, all are computed.
const MOST: u64 = 20_000;

/// Returns the digest of a row's key and value, as an integer that is not negative.
pub(super) fn of_source(table: &'static str, platform: &Platform) -> Expr {
    of_texts([Expr::col((table, "key")), Expr::col((table, "value"))], platform)
}

/// Returns the digest of an assessment's value.
pub(super) fn of_assessment(platform: &Platform) -> Expr {
    let column = |name| Expr::col(("assessments", name));
    of_texts([column("assessment_id"), column("value")], platform)
}

/// Returns the digest of texts byte for byte, whatever the collations of their columns are.
fn of_texts(texts: [Expr; 2], platform: &Platform) -> Expr {
    match platform.dialect {
        // The manual has no function that makes an integer of a text's digest.
        Dialect::Postgres => Expr::cust_with_exprs(
            "(hashtextextended(concat_ws('=', $1, $2) COLLATE \"C\", 0) & 576460752303423487)",
            texts,
        ),
        Dialect::Mysql | Dialect::Sqlite => Expr::cust_with_exprs(
            "CAST(CONV(SUBSTRING(SHA2(CONCAT_WS('=', ?, ?), 256), 1, 14), 16, 10) AS SIGNED)",
            texts.map(bytes),
        ),
    }
}

/// Returns the keys of the rows whose columns may not be those of their sources.
///
/// `None` if they are too many to be computed one by one.
pub(super) async fn stale(
    database: &mut dyn Rows,
    table: &FilledTable,
) -> Result<Option<Vec<Value>>, Error> {
    let mut select = match *table == TRACES {
        true => stale_traces(database.platform()),
        false => stale_assessments(database.platform()),
    };
    let rows = database.query(select.limit(MOST + 1).take()).await?;
    let keys: Vec<Value> = rows.iter().map(|read| value::owned(read.first())).collect();
    Ok((keys.len() as u64 <= MOST).then_some(keys))
}

fn stale_traces(platform: &Platform) -> SelectStatement {
    const NOW: &str = "now";
    let trace = || Expr::col(("trace_info", "request_id"));
    let digest_now = || Expr::col((NOW, DIGEST));
    let mut is_stale =
        differs_from_note(&TRACES, Func::coalesce([digest_now(), Expr::cust("0")]).into());
    // A trace with sources and without any value may have been written anew.
    let is_empty = columns::OF_TRACES.iter().fold(Condition::all(), |all, column| {
        all.add(Expr::col(("trace_info", *column)).is_null())
    });
    is_stale = is_stale.add(is_empty.add(digest_now().is_not_null()));
    noted(&TRACES)
        .join_subquery(
            JoinType::LeftJoin,
            digests_of_traces(platform),
            NOW,
            trace().equals((NOW, "request_id")),
        )
        .cond_where(is_stale)
        .take()
}

/// Selects the sum of the digests of each trace that has sources.
fn digests_of_traces(platform: &Platform) -> SelectStatement {
    const EACH: &str = "source";
    let of = |source: Source| {
        let table = source.table();
        Query::select()
            .column((table, "request_id"))
            .expr_as(of_source(table, platform), Alias::new(DIGEST))
            .from(table)
            .cond_where(source.rows(platform))
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

fn stale_assessments(platform: &Platform) -> SelectStatement {
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
        .cond_where(is_stale)
        .take()
}

/// Selects the keys of a table's rows, joined to their notes.
fn noted(table: &FilledTable) -> SelectStatement {
    Query::select()
        .column((table.table, table.key))
        .from(table.table)
        .join(
            JoinType::LeftJoin,
            table.digests,
            Expr::col((table.table, table.key)).equals((table.digests, table.key)),
        )
        .take()
}

/// Returns the condition that a row has no note, or that of another digest.
fn differs_from_note(table: &FilledTable, digest: Expr) -> Condition {
    let note = || Expr::col((table.digests, DIGEST));
    Condition::any().add(note().is_null()).add(note().ne(digest))
}

/// Replaces the notes of rows by new ones: each holds the key, and the digest.
pub(super) async fn note(
    database: &mut dyn Rows,
    table: &FilledTable,
    notes: Vec<Row>,
) -> Result<(), Error> {
    let keys = notes.iter().map(|note| Expr::val(value::owned(note.first())));
    let old = Query::delete()
        .from_table(table.digests)
        .and_where(Expr::col(table.key).is_in(keys))
        .take();
    database.execute(sea_query::QueryStatement::Delete(old)).await?;
    let columns: &'static [&'static str] = match *table == TRACES {
        true => &["request_id", DIGEST],
        false => &["assessment_id", DIGEST],
    };
    database.insert(table.digests, columns, notes).await.map(|_| ())
}

/// Returns the noted digests of some rows, by key.
pub(super) async fn noted_in(
    database: &mut dyn Rows,
    table: &FilledTable,
    of: Condition,
) -> Result<HashMap<[KeyPart; 1], i64>, Error> {
    let select =
        Query::select().columns([table.key, DIGEST]).from(table.digests).cond_where(of).take();
    let rows = database.query(select).await?;
    let digest = |read: &Row| i64::try_from(value::count(read.get(1))).unwrap_or_default();
    Ok(rows.iter().filter_map(|read| Some((key_of(read)?, digest(read)))).collect())
}
