//! Removes the sources while MLflow serves, which does not read them from this revision on.
//!
//! The store of MLflow 3.17 and 3.18 leaves these keys out of what it reads from the tables of tags
//! and metadata, and out of what it writes to them. It does not use the tables of metrics. It
//! compares keys byte by byte, so a key in another spelling has to go before MLflow starts.

use std::sync::Arc;

use async_trait::async_trait;
use sea_query::{Condition, Expr, ExprTrait, Order, Query, QueryStatement};

use super::super::afterwards::Afterwards;
use super::super::beforehand::ROWS_AT_ONCE;
use super::super::value::{KeyPart, key_of};
use super::other_spellings::OtherSpellings;
use super::short_transactions::{begin, end};
use super::sources::Source;
use super::{DataMigration, TraceAnalyticsSources};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::platform::Platform;

/// How often the program tries to delete rows that others keep locked.
const ATTEMPTS: u32 = 5;

#[async_trait]
impl Afterwards for TraceAnalyticsSources {
    fn at_once(&self, platform: &Platform) -> Option<Arc<dyn DataMigration>> {
        // Elsewhere the key of a source has one spelling.
        let at_once = || Arc::new(OtherSpellings) as Arc<dyn DataMigration>;
        platform.is_mysql().then(at_once)
    }

    async fn run(&self, rows: &mut dyn Rows, progress: &Progress) -> Result<u64, Error> {
        let mut removed = 0;
        for source in Source::ALL {
            let removal = Removal { source, progress, earlier: removed };
            removed += match source {
                Source::SpanMetrics => removal.by(rows, ["trace_id", "span_id"]).await?,
                Source::Tags | Source::Metadata | Source::TraceMetrics => {
                    removal.by(rows, ["request_id"]).await?
                }
            };
        }
        Ok(removed)
    }
}

/// The removal of one table's rows.
struct Removal<'a> {
    source: Source,
    progress: &'a Progress,
    /// The number of rows of other tables that are removed already.
    earlier: u64,
}

impl Removal<'_> {
    /// Deletes the rows page by page in the order of some columns, and returns their number.
    async fn by<const N: usize>(
        &self,
        rows: &mut dyn Rows,
        columns: [&'static str; N],
    ) -> Result<u64, Error> {
        let (mut removed, mut attempts) = (0, 1);
        let mut last: Option<[KeyPart; N]> = None;
        loop {
            self.progress.check()?;
            begin(rows).await?;
            let keys = self.page(rows, columns, last.as_ref()).await?;
            let Some(end_of_page) = keys.last() else { break };
            match self.delete(rows, columns, &keys).await {
                Ok(deleted) => {
                    removed += deleted;
                    (last, attempts) = (Some(end_of_page.clone()), 1);
                    self.progress.report(self.earlier + removed, None);
                }
                Err(Error::Locked { .. } | Error::Conflict { .. }) if attempts < ATTEMPTS => {
                    end(rows).await?;
                    attempts += 1;
                }
                Err(error) => {
                    // The first error is the one to report.
                    let _ = end(rows).await;
                    return Err(error);
                }
            }
        }
        end(rows).await?;
        Ok(removed)
    }

    /// Returns the keys of the next rows, in their order; one may come several times.
    async fn page<const N: usize>(
        &self,
        rows: &mut dyn Rows,
        columns: [&'static str; N],
        last: Option<&[KeyPart; N]>,
    ) -> Result<Vec<[KeyPart; N]>, Error> {
        let table = self.source.table();
        let mut select = Query::select();
        select
            .columns(columns)
            .from(table)
            .cond_where(self.source.recognised_rows_in(table, rows.platform()))
            .cond_where(last.map_or_else(Condition::all, |last| after(table, columns, last)))
            .limit(ROWS_AT_ONCE as u64);
        for column in columns {
            select.order_by(column, Order::Asc);
        }
        let found = rows.query(select).await?;
        Ok(found.iter().filter_map(|read| key_of(read)).collect())
    }

    /// Deletes the rows of some keys in a transaction.
    async fn delete<const N: usize>(
        &self,
        rows: &mut dyn Rows,
        columns: [&'static str; N],
        keys: &[[KeyPart; N]],
    ) -> Result<u64, Error> {
        let table = self.source.table();
        let delete = Query::delete()
            .from_table(table)
            .cond_where(self.source.recognised_rows_in(table, rows.platform()))
            .cond_where(have_keys(table, columns, keys))
            .take();
        let deleted = rows.execute(QueryStatement::Delete(delete)).await?;
        match rows.transactions() {
            Some(transactions) => transactions.commit_rows().await.map(|()| deleted),
            None => Ok(deleted),
        }
    }
}

/// Returns the condition that a row comes after a key.
///
/// In this form, a server can use the index of the columns.
fn after<const N: usize>(
    table: &'static str,
    columns: [&'static str; N],
    last: &[KeyPart; N],
) -> Condition {
    let parts = columns.into_iter().zip(last).rev();
    let condition = parts.fold(None, |rest: Option<Expr>, (column, value)| {
        let (column, value) = (Expr::col((table, column)), Expr::val(value.clone()));
        let greater = column.clone().gt(value.clone());
        Some(match rest {
            None => greater,
            Some(rest) => {
                let within = column.clone().eq(value.clone()).and(rest);
                column.gte(value).and(greater.or(within))
            }
        })
    });
    Condition::all().add_option(condition)
}

/// Returns the condition that a row has one of some keys, which are in order.
fn have_keys<const N: usize>(
    table: &'static str,
    columns: [&'static str; N],
    keys: &[[KeyPart; N]],
) -> Condition {
    let column = |name: &'static str| Expr::col((table, name));
    let [first @ .., last_column] = columns.as_slice() else { return Condition::any() };
    let groups = keys.chunk_by(|one, other| one[..first.len()] == other[..first.len()]);
    groups.fold(Condition::any(), |all, group| {
        let values = group.iter().map(|key| Expr::val(key[first.len()].clone()));
        let mut condition = Condition::all().add(column(last_column).is_in(values));
        for (name, value) in first.iter().zip(&group[0]) {
            condition = condition.add(column(name).eq(value.clone()));
        }
        all.add(condition)
    })
}
