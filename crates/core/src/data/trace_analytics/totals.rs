//! Compares the sum of digests with that of notes, which neither joins nor groups the sources.
//!
//! A digest covers the key of its trace. So equal sums mean that the sources of every trace with a
//! note are those from which its columns were computed.

use sea_query::{Condition, Expr, ExprTrait, Func, Query, SelectStatement, Value};

use super::super::beforehand::DIGEST;
use super::super::value;
use super::digests::{TRACES, of_source};
use super::noted::{are_empty, noted};
use super::ranges::Range;
use super::sources::Source;
use crate::error::Error;
use crate::rows::{Row, Rows};
use crate::schema::platform::Platform;

/// The most traces that may be new, or have lost their values, since the notes were made.
///
/// A list of their keys leaves the sources of the new ones out of the sum.
const MOST: u64 = 1000;

/// Returns the keys of a range's traces that are new, or have lost their values, since the notes
/// were made.
///
/// `None` if they are too many, or if the sources of another trace have changed.
pub(super) async fn traces(
    database: &mut dyn Rows,
    range: &Range,
) -> Result<Option<Vec<Value>>, Error> {
    let rows = database.query(new_or_empty(range).limit(MOST + 1).take()).await?;
    if rows.len() as u64 > MOST {
        return Ok(None);
    }
    let key = |read: &Row| value::owned(read.first());
    let is_new = |read: &&Row| value::count(read.get(1)) == 0;
    let new: Vec<Value> = rows.iter().filter(is_new).map(key).collect();
    let found = database.query(any_if_equal(range, &new, database.platform())).await?;
    Ok((!found.is_empty()).then(|| rows.iter().map(key).collect()))
}

/// Selects the keys of traces without a note, or without values, and their notes.
fn new_or_empty(range: &Range) -> SelectStatement {
    let note = || Expr::col((TRACES.digests, DIGEST));
    let had_sources = note().ne(0);
    noted(&TRACES)
        .column((TRACES.digests, DIGEST))
        .cond_where(range.holds(TRACES.table))
        .cond_where(Condition::any().add(note().is_null()).add(are_empty().add(had_sources)))
        .take()
}

/// Selects a row if the digests add up to the notes, without the sources of new traces.
///
/// A note of a trace that is gone does not count.
fn any_if_equal(range: &Range, new: &[Value], platform: &Platform) -> SelectStatement {
    let of = |source| Expr::from(sum_of_digests(range, source, new, platform));
    let digests = of(Source::Tags).add(of(Source::Metadata)).add(of(Source::TraceMetrics));
    let notes = sum(Expr::col((TRACES.digests, DIGEST)));
    noted(&TRACES)
        .clear_selects()
        .expr(Expr::val(1))
        .cond_where(range.holds(TRACES.table))
        .and_having(notes.eq(digests))
        .take()
}

fn sum_of_digests(
    range: &Range,
    source: Source,
    new: &[Value],
    platform: &Platform,
) -> SelectStatement {
    let table = source.table();
    let mut select = Query::select();
    select
        .expr(sum(of_source(table, platform)))
        .from(table)
        .cond_where(source.rows(platform))
        .cond_where(range.holds(table));
    if !new.is_empty() {
        select.and_where(Expr::col((table, TRACES.key)).is_not_in(new.iter().cloned()));
    }
    select
}

/// Adds up; 0 without a row.
fn sum(digest: Expr) -> Expr {
    Func::coalesce([Func::sum(digest).into(), Expr::cust("0")]).into()
}
