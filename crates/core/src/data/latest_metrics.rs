//! Implements 89d4b8295536: computes the newest entry of every pair of run and metric.
//!
//! `latest_metrics` holds one row for each `(run_uuid, key)`: the entry with the greatest `(step,
//! timestamp, value)`. A NaN is stored as value 0 with `is_nan` true, and compared by its stored
//! value, as MLflow's server does when it logs. Where a NaN and a number agree in all three
//! columns, the number wins. So the result is one row per pair, whatever the order of the rows.
//! MLflow's own query returns two rows in this case, and fails.
//!
//! SQLite stores values of any type in these columns. MLflow copies them unchanged, and converts
//! the value with Python's `float()`.
//!
//! The statement works on all supported databases. MySQL 5.7 has neither common table expressions
//! nor window functions, so the statement narrows the entries down column by column.

use async_trait::async_trait;
use sea_query::{
    Alias, Condition, Expr, ExprTrait, Func, JoinType, Query, QueryStatement, SelectStatement,
    Value,
};

use super::{Again, CopiedReference, DataMigration, DataOptions, Reversal, sql_text, value};
use crate::data::python::number;
use crate::error::{Error, RowProblem};
use crate::event::Progress;
use crate::rows::{KeyedUpdate, Row, Rows};
use crate::schema::Schema;
use crate::schema::platform::Platform;

const NAMED_ROWS: usize = 1000;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct LatestMetrics;

/// The columns of `latest_metrics`, in the order in which the statements here select them.
pub(crate) const COLUMNS: [&str; 6] = ["run_uuid", "key", "step", "timestamp", "value", "is_nan"];

/// Selects one row for each pair of run and metric, with all of its columns.
#[must_use]
pub fn newest_entries() -> SelectStatement {
    let newest = greatest_of_all(&["step", "timestamp", "value"]);
    let mut entries = entries_among(&["run_uuid", "key", "step", "timestamp", "value"], newest);
    // PostgreSQL has no MIN of booleans.
    let is_nan = Expr::case(Expr::col(("metrics", "is_nan")), 1).finally(0);
    entries.expr_as(Expr::from(Func::min(is_nan)).eq(1), "is_nan");
    entries
}

/// Selects the greatest value of each column in turn, among the rows selected so far.
///
/// Each pair of run and metric is a group of its own.
fn greatest_of_all(columns: &[&'static str]) -> SelectStatement {
    let mut group = vec!["run_uuid", "key"];
    let mut newest = None;
    for column in columns {
        newest = Some(greatest(&group, column, newest));
        group.push(column);
    }
    newest.unwrap_or_else(|| grouped(&group))
}

/// Returns whether a column of SQLite holds a value that is not a number.
fn is_no_number(column: Expr) -> Expr {
    Expr::from(Func::cust("typeof").arg(column)).is_in(["text", "blob"])
}

/// Selects one entry whose value is not a number, if there is any.
fn any_odd_value() -> SelectStatement {
    let mut any = Query::select().expr(Expr::val(1)).from("metrics").take();
    any.and_where(is_no_number(Expr::col("value"))).limit(1).take()
}

/// Selects the newest entries whose value is not a number.
///
/// The schema may not have a column for steps yet.
fn odd_values(live: &Schema) -> SelectStatement {
    let is_there = |column: &&str| {
        live.table("metrics").is_some_and(|metrics| metrics.find_column(column).is_some())
    };
    let columns: Vec<&str> = ["step", "timestamp", "value"].into_iter().filter(is_there).collect();
    Query::select()
        .columns(["run_uuid", "key", "value"])
        .from_subquery(greatest_of_all(&columns), "newest")
        .and_where(is_no_number(Expr::col("value")))
        .take()
}

/// Returns the float that MLflow stores.
///
/// `None` for a NaN: SQLite stores NaN as NULL, which the column does not accept.
fn float(value: Option<&Value>) -> Option<f64> {
    value.and_then(|value| number::float(value::operand(value))).filter(|float| !float.is_nan())
}

/// Converts copied values that are not numbers.
async fn convert(database: &mut dyn Rows) -> Result<(), Error> {
    const UPDATE: KeyedUpdate =
        KeyedUpdate { table: "latest_metrics", columns: &["value"], key: &["run_uuid", "key"] };
    let select = Query::select()
        .columns(["run_uuid", "key", "value"])
        .from("latest_metrics")
        .and_where(is_no_number(Expr::col("value")))
        .take();
    let converted = |read: &Row| {
        // The preflight has refused everything else.
        let float = float(read.get(2))?;
        Some(vec![float.into(), value::owned(read.first()), value::owned(read.get(1))])
    };
    let rows: Vec<Row> =
        database.query_exceptions(select).await?.iter().filter_map(converted).collect();
    if !rows.is_empty() {
        database.update(&UPDATE, rows).await?;
    }
    Ok(())
}

/// Selects the greatest `column` of each `group`, among the entries that agree with `narrowed`.
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

    fn reversal(&self) -> Reversal {
        let all = Condition::all();
        Reversal::Remove(vec![Again { table: "latest_metrics", column: None, condition: all }])
    }

    fn main_query(&self, table: &str) -> Option<SelectStatement> {
        let mut newest = Query::select();
        newest.from(Alias::new(table)).columns(["run_uuid", "key"]);
        for column in ["step", "timestamp", "value"] {
            newest.expr(Func::max(Expr::col(column)));
        }
        Some(newest.group_by_columns(["run_uuid", "key"]).take())
    }

    fn references(&self) -> &'static [CopiedReference] {
        &[CopiedReference {
            from: ("metrics", "run_uuid"),
            into: "latest_metrics",
            referred: ("runs", "run_uuid"),
        }]
    }

    /// Returns false: MySQL commits range by range, and first deletes an MLflow run's leftovers.
    fn is_atomic(&self) -> bool {
        false
    }

    fn refused_by_scripts(&self, platform: &Platform) -> Vec<(&'static str, SelectStatement)> {
        let refused = ("metrics.value holds what is not a number", any_odd_value());
        if platform.is_sqlite() { vec![refused] } else { Vec::new() }
    }

    async fn preflight(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        live: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        if !database.platform().is_sqlite() || live.table("metrics").is_none() {
            return Ok(Vec::new());
        }
        if database.query(any_odd_value()).await?.is_empty() {
            return Ok(Vec::new());
        }
        let select = odd_values(live);
        let mut rows = database.query(select.clone()).await?;
        rows.retain(|read| float(read.get(2)).is_none());
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let name = |read: &Row| {
            let [run, key, value] = [0, 1, 2].map(|at| value::display(read.get(at)));
            format!("metric {key} of run {run}: {value}")
        };
        Ok(vec![RowProblem {
            revision: "89d4b8295536".to_owned(),
            problem: "the newest metrics.value of a metric is not a number".to_owned(),
            count: rows.len() as u64,
            rows: rows.iter().take(NAMED_ROWS).map(name).collect(),
            query: Some(sql_text(&select, database.platform())),
            is_skippable: false,
        }])
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        progress: &Progress,
    ) -> Result<u64, Error> {
        let rows = fill(database, progress).await?;
        if database.platform().is_sqlite() {
            convert(database).await?;
        }
        Ok(rows)
    }
}

async fn fill(database: &mut dyn Rows, progress: &Progress) -> Result<u64, Error> {
    if let Some(accelerated) = database.accelerate()
        && let Some(rows) = accelerated.fill_latest_metrics(progress).await?
    {
        return Ok(rows);
    }
    // A failed run of MLflow leaves the table behind, with any part of its rows.
    let leftovers = Query::delete().from_table("latest_metrics").take();
    database.execute(QueryStatement::Delete(leftovers)).await?;
    let mut insert = Query::insert();
    insert.into_table("latest_metrics").columns(COLUMNS);
    insert.select_from(newest_entries()).map_err(|source| Error::Database {
        action: "building the statement for latest_metrics".to_owned(),
        source: Box::new(source),
    })?;
    database.execute(QueryStatement::Insert(insert)).await
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
