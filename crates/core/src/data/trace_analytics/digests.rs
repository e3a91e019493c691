//! Digests of the values from which columns are computed.
//!
//! A row's digest is the sum of the digests of its sources, so the server can add it up, and so can
//! this program while it reads them. 59 bits are left of each, so that the sum of a trace's ten
//! sources fits into a column.

use std::collections::HashMap;

use sea_query::{Condition, Expr, ExprTrait, Func, Query};

use super::super::beforehand::{DIGEST, FilledTable};
use super::super::bytes;
use super::super::value::{self, KeyPart, key_of};
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

/// Returns the digest of a row's trace, key and value, as an integer that is not negative.
///
/// With the length of the trace's key, no two rows give the same text.
pub(super) fn of_source(table: &'static str, platform: &Platform) -> Expr {
    let column = |name| Expr::col((table, name));
    let length = Func::cust("octet_length").arg(column("request_id")).into();
    let texts = ["key", "request_id", "value"].map(|name| text(column(name), platform));
    let [key, trace, value] = texts;
    of_texts([key, length, trace, value], platform)
}

/// Returns the digest of an assessment's value.
pub(super) fn of_assessment(platform: &Platform) -> Expr {
    let text = |name| text(Expr::col(("assessments", name)), platform);
    of_texts([text("assessment_id"), text("value")], platform)
}

/// Returns a column of which each byte counts, whatever its collation is.
fn text(column: Expr, platform: &Platform) -> Expr {
    match platform.dialect {
        Dialect::Postgres => column,
        Dialect::Mysql | Dialect::Sqlite => bytes(column),
    }
}

fn of_texts<const N: usize>(texts: [Expr; N], platform: &Platform) -> Expr {
    let separator = Expr::cust("'='");
    let joined = Func::cust("concat_ws").args([separator].into_iter().chain(texts));
    match platform.dialect {
        // The manual has no function that makes an integer of a text's digest.
        Dialect::Postgres => Expr::cust_with_expr(
            "(hashtextextended($1 COLLATE \"C\", 0) & 576460752303423487)",
            joined,
        ),
        Dialect::Mysql | Dialect::Sqlite => Expr::cust_with_expr(
            "CAST(CONV(SUBSTRING(SHA2(?, 256), 1, 14), 16, 10) AS SIGNED)",
            joined,
        ),
    }
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
