//! 89d4b8295536: the newest entry of every (run, metric).
//!
//! `latest_metrics` holds one row for each `(run_uuid, key)`: the entry with the greatest
//! `(step, timestamp, value)`. A NaN is stored as value 0 with `is_nan` true, and is compared by
//! its stored value, as MLflow's server does when it logs. Where a NaN and a number agree in all
//! three, the number wins, so that the result is one row a pair, whatever the order of the rows;
//! MLflow's own query returns two rows there, and fails.
//!
//! The statement is written for the least of the databases: MySQL 5.7 has neither common table
//! expressions nor window functions, so it narrows the entries down by one column after the other.

use async_trait::async_trait;
use sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Query, QueryStatement, SelectStatement};

use super::{CopiedReference, DataMigration, DataOptions};
use crate::backend::Backend;
use crate::error::Error;
use crate::event::Progress;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct LatestMetrics;

/// The columns of `latest_metrics` in the order in which the statements here give them.
pub const COLUMNS: [&str; 6] = ["run_uuid", "key", "step", "timestamp", "value", "is_nan"];

/// One row for each (run, metric), with the columns of [`COLUMNS`].
#[must_use]
pub fn newest_entries() -> SelectStatement {
    let mut newest = greatest(&["run_uuid", "key"], "step", None);
    newest = greatest(&["run_uuid", "key", "step"], "timestamp", Some(newest));
    newest = greatest(&["run_uuid", "key", "step", "timestamp"], "value", Some(newest));
    let mut entries = entries_among(&["run_uuid", "key", "step", "timestamp", "value"], newest);
    // PostgreSQL has no MIN of booleans.
    let is_nan = Expr::case(Expr::col(("metrics", "is_nan")), 1).finally(0);
    entries.expr_as(Expr::from(Func::min(is_nan)).eq(1), "is_nan");
    entries
}

/// Among the entries that agree with `narrowed`, the greatest value of `column` for each `group`.
fn greatest(
    group: &[&'static str],
    column: &'static str,
    narrowed: Option<SelectStatement>,
) -> SelectStatement {
    let mut select = match narrowed {
        Some(narrowed) => entries_among(group, narrowed),
        None => grouped(group),
    };
    select.expr_as(Func::max(Expr::col(("metrics", column))), column);
    select
}

fn grouped(group: &[&'static str]) -> SelectStatement {
    let mut select = Query::select();
    select.from("metrics");
    for column in group {
        select.column(("metrics", *column)).group_by_col(("metrics", *column));
    }
    select
}

fn entries_among(group: &[&'static str], narrowed: SelectStatement) -> SelectStatement {
    let mut agree = sea_query::Condition::all();
    for column in group {
        agree = agree.add(Expr::col(("metrics", *column)).equals(("newest", *column)));
    }
    let mut select = grouped(group);
    select.join_subquery(JoinType::InnerJoin, narrowed, Alias::new("newest"), agree);
    select
}

#[async_trait]
impl DataMigration for LatestMetrics {
    fn title(&self) -> &'static str {
        "compute the newest entry of every (run, metric)"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("metrics", &COLUMNS)]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("latest_metrics", &COLUMNS)]
    }

    fn references(&self) -> &'static [CopiedReference] {
        &[CopiedReference {
            from: ("metrics", "run_uuid"),
            into: "latest_metrics",
            referred: ("runs", "run_uuid"),
        }]
    }

    /// MySQL commits range by range, and first removes what a run of MLflow's has left.
    fn is_atomic(&self) -> bool {
        false
    }

    async fn run(
        &self,
        backend: &mut dyn Backend,
        _: &DataOptions,
        progress: &Progress,
    ) -> Result<u64, Error> {
        if let Some(rows) = backend.fill_latest_metrics(progress).await? {
            return Ok(rows);
        }
        // A run of MLflow that failed here leaves the table behind, with any part of its rows.
        let leftovers = Query::delete().from_table("latest_metrics").take();
        backend.execute(QueryStatement::Delete(leftovers)).await?;
        let mut insert = Query::insert();
        insert.into_table("latest_metrics").columns(COLUMNS);
        insert.select_from(newest_entries()).map_err(|source| Error::Database {
            action: "building the statement for latest_metrics".to_owned(),
            source: Box::new(source),
        })?;
        backend.execute(QueryStatement::Insert(insert)).await
    }
}

#[cfg(test)]
mod tests {
    use sea_query::{MysqlQueryBuilder, PostgresQueryBuilder, SqliteQueryBuilder};

    use super::newest_entries;

    #[test]
    fn the_statement_is_the_same_everywhere_but_for_quotes() {
        let mysql = newest_entries().to_string(MysqlQueryBuilder);
        insta::assert_snapshot!(mysql);
        let plain = mysql.replace('`', "\"");
        assert_eq!(newest_entries().to_string(SqliteQueryBuilder), plain);
        assert_eq!(newest_entries().to_string(PostgresQueryBuilder), plain);
    }
}
