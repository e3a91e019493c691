//! Fills the costs and models of spans.
//!
//! Spans are by far the most rows, but share few models and providers. So a query returns the
//! distinct `dimension_attributes` of a range of traces, and their meaning is computed here. One or
//! two statements then write it to all spans, together with the costs from `span_metrics`. No span
//! leaves the database. A range that is not so simple is filled row by row ([`row_by_row`]), which
//! always works.

pub(super) mod costs;
mod row_by_row;
mod set_based;

use sea_query::{Condition, Expr, ExprTrait, Order, Query, SelectStatement};

use super::ranges::Range;
use super::written::Written;
use super::{ProgressCounter, key_after};
use crate::data::BATCH;
use crate::data::value::{self, KeyPart};
use crate::error::Error;
use crate::rows::{Row, Rows};
use crate::schema::platform::Platform;
use set_based::simple;

pub(super) const KEY: [&str; 2] = ["trace_id", "span_id"];

pub(super) const COLUMNS: [&str; 5] =
    ["input_cost", "output_cost", "total_cost", "model_name", "model_provider"];

pub(super) type SpanKey = [KeyPart; 2];
/// Fills the columns of a range of traces.
///
/// If a long range cannot be filled by statements, its parts may be.
pub(super) async fn fill(
    database: &mut dyn Rows,
    range: &Range,
    tally: &ProgressCounter<'_>,
    done: &mut Written,
) -> Result<(), Error> {
    if let Some(found) = simple(database, range).await? {
        return found.write(database, range, tally, done).await;
    }
    if range.is_part() {
        return row_by_row::fill(database, range, tally, done).await;
    }
    let mut next = Some(Range::first_part(database).await?);
    while let Some(part) = next {
        match simple(database, &part).await? {
            Some(found) => found.write(database, &part, tally, done).await?,
            None => row_by_row::fill(database, &part, tally, done).await?,
        }
        next = part.next(database).await?;
    }
    Ok(())
}

/// Returns the condition that a span has the key of another row.
///
/// The foreign key between them holds by the same comparison, so every such row has its span.
pub(super) fn has_key_of(other: &'static str) -> Condition {
    let is_same = |column| Expr::col(("spans", column)).equals((other, column));
    KEY.into_iter().fold(Condition::all(), |same, column| same.add(is_same(column)))
}

pub(super) fn key_of(span: Option<&Row>) -> Option<SpanKey> {
    value::key_of(span?)
}

/// Selects the keys and dimension attributes of a range's spans after a given key.
///
/// The spans are in the order of their key.
pub(super) fn dimensions_after(
    range: &Range,
    after: Option<&SpanKey>,
    platform: &Platform,
) -> SelectStatement {
    let mut select = Query::select();
    select
        .columns(KEY)
        .column("dimension_attributes")
        .from("spans")
        .cond_where(range.holds("spans"))
        .order_by(KEY[0], Order::Asc)
        .order_by(KEY[1], Order::Asc)
        .limit(BATCH);
    if let Some(after) = after {
        select.and_where(key_after("spans", KEY, after, platform));
    }
    select
}
