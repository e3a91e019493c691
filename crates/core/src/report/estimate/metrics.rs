//! Counts what decides how long 89d4b8295536 takes.

use sea_query::{Asterisk, Expr, Func, Query, SelectStatement};
use serde::Serialize;

use crate::backend::Backend;
use crate::data::{count, value};
use crate::error::Error;
use crate::schema::Schema;

/// The size of `metrics`, in the numbers that MLflow's own documentation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// The number of rows in `metrics`.
    pub entries: u64,
    /// The number of pairs of run and metric key.
    pub pairs: u64,
    /// The number of runs that have metrics.
    pub runs: u64,
    /// The average number of entries per pair.
    pub entries_per_pair: f64,
}

/// Counts the entries of `metrics`, and the pairs of run and metric.
///
/// # Errors
/// If the table cannot be read.
pub(super) async fn count_metrics(
    backend: &mut dyn Backend,
    live: &Schema,
) -> Result<Option<Metrics>, Error> {
    if live.table("metrics").is_none() {
        return Ok(None);
    }
    let entries = count(backend, "metrics").await?;
    let counted = backend.query(count_pairs()).await?;
    let number = |column: usize| counted.first().map_or(0, |found| value::count(found.get(column)));
    let (pairs, runs) = (number(0), number(1));
    let entries_per_pair = if pairs == 0 { 0.0 } else { entries as f64 / pairs as f64 };
    Ok(Some(Metrics { entries, pairs, runs, entries_per_pair }))
}

fn count_pairs() -> SelectStatement {
    let pairs = Query::select().distinct().columns(["run_uuid", "key"]).from("metrics").take();
    Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .expr(Func::count_distinct(Expr::col("run_uuid")))
        .from_subquery(pairs, "pairs")
        .take()
}

#[cfg(test)]
mod tests {
    use sea_query::MysqlQueryBuilder;

    use super::count_pairs;

    #[test]
    fn the_pairs_are_counted_without_window_functions() {
        insta::assert_snapshot!(
            count_pairs().to_string(MysqlQueryBuilder),
            @"SELECT COUNT(*), COUNT(DISTINCT `run_uuid`) FROM (SELECT DISTINCT `run_uuid`, `key` FROM `metrics`) AS `pairs`"
        );
    }
}
