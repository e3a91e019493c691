//! Counts the rows that decide how long an upgrade takes.

use std::collections::BTreeMap;

use sea_query::{Asterisk, Expr, Func, Query, SelectStatement};
use serde::Serialize;

use crate::backend::Backend;
use crate::data::{count, value};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::plan::{Plan, Step};
use crate::report::session::{begin_reading, end_reading};
use crate::schema::Schema;
use crate::upgrade::inspection::inspect_and_plan;
use crate::upgrade::options::UpgradeOptions;
use crate::upgrade::verification::of_latest_metrics;

/// The amount of work of an upgrade.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The revision before; `None` is the base schema, or an empty database.
    pub from: Option<String>,
    /// The target revision.
    pub to: Option<String>,
    /// The size of `metrics`, from which 89d4b8295536 computes; `None` without such a table.
    pub metrics: Option<Metrics>,
    /// Whether the computation of `latest_metrics` is pending.
    pub latest_metrics_due: bool,
    /// The tables that are rewritten, by name.
    pub rebuilt: Vec<RebuiltTable>,
    /// The pending data migrations, in order.
    pub data_migrations: Vec<DataMigrationSize>,
}

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

/// A table of which every row is rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RebuiltTable {
    /// The name of the table.
    pub table: String,
    /// The number of rows.
    pub rows: u64,
    /// The size in bytes with indexes, where the database reports it.
    pub bytes: Option<u64>,
    /// The number of rewrites.
    pub rebuilds: usize,
}

/// A data migration, and the size of the tables that it reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataMigrationSize {
    /// The revision of the data migration.
    pub revision: String,
    /// A short description of the data migration.
    pub title: String,
    /// The number of rows in those read tables that already exist.
    pub rows: u64,
}

/// Measures the work of an upgrade, and changes nothing.
///
/// # Errors
/// If the database is not MLflow's, or cannot be upgraded to the target.
pub async fn estimate(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
) -> Result<Estimate, Error> {
    begin_reading(backend).await?;
    let result = estimate_in_session(backend, catalogue, request).await;
    end_reading(backend, result).await
}

async fn estimate_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
) -> Result<Estimate, Error> {
    let (plan, live) = inspect_and_plan(backend, catalogue, request).await?;
    Ok(Estimate {
        from: plan.from.revision.clone(),
        to: plan.to.clone(),
        metrics: count_metrics(backend, &live).await?,
        latest_metrics_due: of_latest_metrics(&plan).is_some(),
        rebuilt: measure_rebuilt(backend, &plan, &live).await?,
        data_migrations: measure_data_migrations(backend, &plan, &live).await?,
    })
}

async fn count_metrics(backend: &mut dyn Backend, live: &Schema) -> Result<Option<Metrics>, Error> {
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

async fn measure_rebuilt(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
) -> Result<Vec<RebuiltTable>, Error> {
    let mut rebuilds: BTreeMap<&str, usize> = BTreeMap::new();
    for change in plan.changes() {
        let table = change.before.as_ref().map_or(&*change.after.name, |before| &*before.name);
        if live.table(table).is_some() && backend.describe_change(change)?.rebuilds {
            *rebuilds.entry(table).or_default() += 1;
        }
    }
    let mut rebuilt = Vec::new();
    for (table, rebuilds) in rebuilds {
        let size = backend.table_size(table).await?;
        let table = table.to_owned();
        rebuilt.push(RebuiltTable { table, rows: size.rows, bytes: size.bytes, rebuilds });
    }
    Ok(rebuilt)
}

async fn measure_data_migrations(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
) -> Result<Vec<DataMigrationSize>, Error> {
    let mut measured = Vec::new();
    for step in &plan.steps {
        let Step::Migrate { revision, migration } = step else { continue };
        let mut rows = 0;
        for (table, _) in migration.reads() {
            if live.table(table).is_some() {
                rows += backend.table_size(table).await?.rows;
            }
        }
        let (revision, title) = (revision.clone(), migration.title().to_owned());
        measured.push(DataMigrationSize { revision, title, rows });
    }
    Ok(measured)
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
