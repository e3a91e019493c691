//! Reads the rows from which the columns are computed, and removes them afterwards.
//!
//! The same condition selects the rows to read and to remove, so no unread row is removed. MLflow
//! finds the rows by their column's collation. It takes the name of a trace from any tag found in
//! this way, but looks the other keys up in Python. So for a key in another spelling, MLflow loses
//! the value, or fails. Here such a row is no source, and stays.

use std::collections::HashMap;

use sea_query::{Condition, Expr, ExprTrait, Query};

use super::super::parts;
use super::super::value::{KeyPart, key_of};
use super::is_one_of;
use super::promoted::{
    COST_KEYS, COST_METADATA, SESSION_METADATA, TOKEN_KEYS, TOKEN_USAGE_METADATA, TRACE_NAME_TAG,
};
use crate::error::Error;
use crate::rows::{Row, Rows};
use crate::schema::platform::Platform;

/// A table of keys and values from which columns are computed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Tags,
    Metadata,
    TraceMetrics,
    SpanMetrics,
}

impl Source {
    pub(super) const ALL: [Self; 4] =
        [Self::Tags, Self::Metadata, Self::TraceMetrics, Self::SpanMetrics];

    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Tags => "trace_tags",
            Self::Metadata => "trace_request_metadata",
            Self::TraceMetrics => "trace_metrics",
            Self::SpanMetrics => "span_metrics",
        }
    }

    /// Returns the condition for the rows that are read and removed.
    pub(super) fn rows(self, platform: &Platform) -> Condition {
        self.rows_in(self.table(), platform)
    }

    /// Returns the same condition for rows that another table holds.
    pub(super) fn rows_in(self, table: &'static str, platform: &Platform) -> Condition {
        const METADATA: [&str; 3] = [SESSION_METADATA, TOKEN_USAGE_METADATA, COST_METADATA];
        match self {
            Self::Tags => Expr::col((table, "key")).eq(TRACE_NAME_TAG).into(),
            Self::Metadata => is_one_of(table, &METADATA, platform),
            Self::TraceMetrics => is_one_of(table, &TOKEN_KEYS, platform),
            Self::SpanMetrics => is_one_of(table, &COST_KEYS, platform),
        }
    }

    /// Returns the condition for those of the rows that MLflow recognises, byte for byte.
    pub(super) fn recognised_rows_in(self, table: &'static str, platform: &Platform) -> Condition {
        match self {
            Self::Tags => is_one_of(table, &[TRACE_NAME_TAG], platform),
            Self::Metadata | Self::TraceMetrics | Self::SpanMetrics => {
                self.rows_in(table, platform)
            }
        }
    }
}

/// Files what was read under the keys of the rows that it belongs to.
///
/// The database may take two spellings for the same key, and accepts either in a foreign key. In
/// this case, the spelling of the referenced row counts.
pub(super) async fn file_under_rows<const N: usize, S: Default>(
    database: &mut dyn Rows,
    (table, columns): (&'static str, [&'static str; N]),
    rows: &[Row],
    sources: &mut HashMap<[KeyPart; N], S>,
    merge: impl Fn(&mut S, S),
) -> Result<(), Error> {
    if sources.is_empty() {
        return Ok(());
    }
    let mut others = std::mem::take(sources);
    for key in rows.iter().filter_map(|read| key_of(read)) {
        if let Some(found) = others.remove(&key) {
            sources.insert(key, found);
        }
    }
    for (spelling, found) in others {
        let mut select = Query::select();
        select.columns(columns).from(table);
        for (column, value) in columns.iter().zip(spelling) {
            select.and_where(Expr::col(*column).eq(value));
        }
        // The row may be missing where foreign keys are not enforced.
        if let Some(key) =
            database.query(select.take()).await?.first().and_then(|read| key_of(read))
        {
            merge(sources.entry(key).or_default(), found);
        }
    }
    Ok(())
}

/// Deletes the rows, and returns their number.
pub(super) async fn remove(database: &mut dyn Rows) -> Result<u64, Error> {
    let mut removed = 0;
    for source in Source::ALL {
        let (table, condition) = (source.table(), source.rows(database.platform()));
        removed += match empty(database, table, &condition).await? {
            Some(rows) => rows,
            None => {
                let delete = Query::delete().from_table(table).cond_where(condition).take();
                parts::delete(database, &delete).await?
            }
        };
    }
    Ok(removed)
}

/// Truncates a table that has only these rows, and returns their number.
///
/// Truncating avoids removing each row from every index. `None` if the table has other rows or
/// none, or cannot be truncated.
async fn empty(
    database: &mut dyn Rows,
    table: &'static str,
    condition: &Condition,
) -> Result<Option<u64>, Error> {
    let any = Query::select().expr(Expr::val(1)).from(table).limit(1).take();
    let others = any.clone().cond_where(condition.clone().not()).take();
    // Truncating locks out other sessions, which a table without such rows does not need.
    if database.query(any).await?.is_empty() || !database.query(others.clone()).await?.is_empty() {
        return Ok(None);
    }
    match database.accelerate() {
        Some(accelerated) => accelerated.truncate_if_only(table, others).await,
        None => Ok(None),
    }
}
