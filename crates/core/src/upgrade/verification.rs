//! Checks the rows before an upgrade is stamped.
//!
//! Rows can be missing although the schema is as planned: a user's trigger may have deleted some,
//! or another session wrote during the upgrade. So the rows of every copied table are counted
//! again. If this upgrade has computed `latest_metrics`, it must have one row for each pair of run
//! and metric. These counts must stay cheap compared with the work done to the rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::Backend;
use crate::data::{DataMigration, count, value};
use crate::error::{Error, Violation};
use crate::plan::Plan;
use crate::schema::{ForeignKey, Schema};
use sea_query::Alias;
use sea_query::Asterisk;
use sea_query::Condition;
use sea_query::Expr;
use sea_query::ExprTrait;
use sea_query::Func;
use sea_query::JoinType;
use sea_query::Query;
use sea_query::SelectStatement;

/// The table that 89d4b8295536 fills.
pub(crate) const LATEST: &str = "latest_metrics";

/// The row counts of the tables that were copied or filled.
pub(crate) type Copied = BTreeMap<String, u64>;

/// Returns how the rows differ from what a plan's steps must have left.
pub(crate) async fn violations(
    backend: &mut dyn Backend,
    plan: &Plan,
    copied: &Copied,
) -> Result<Vec<Violation>, Error> {
    let mut violations = copies(backend, plan, copied).await?;
    if of_latest_metrics(plan).is_some() {
        violations.extend(latest_metrics(backend).await?);
    }
    Ok(violations)
}

/// Compares the row counts of the copied tables with the number of rows copied.
///
/// Where each step commits automatically, other sessions may have added rows since. For a table
/// that an earlier run copied, the retained old table gives the expected count. A table that a data
/// migration has written to is left out.
async fn copies(
    backend: &mut dyn Backend,
    plan: &Plan,
    copied: &Copied,
) -> Result<Vec<Violation>, Error> {
    let may_grow = !backend.platform().transactional_ddl;
    let kept = match backend.resumable() {
        Some(resumable) => resumable.retained_tables().await?,
        None => BTreeMap::new(),
    };
    let mut expected = copied.clone();
    for (table, kept) in &kept {
        if !is_written(plan, table) && !expected.contains_key(table) {
            expected.insert(table.clone(), count(backend, kept).await?);
        }
    }
    let mut violations = Vec::new();
    for (table, expected) in expected {
        let found = count(backend, &table).await?;
        if found == expected || may_grow && found > expected {
            continue;
        }
        let direction = if found < expected { "less" } else { "more" };
        let problem = match kept.get(&table) {
            Some(kept) => format!("{direction} than {kept}, which holds the table as it was"),
            None => format!("{direction} than were written"),
        };
        violations.push(Violation { table, problem, count: found.abs_diff(expected) });
    }
    Ok(violations)
}

fn is_written(plan: &Plan, table: &str) -> bool {
    plan.migrations().any(|(_, migration)| writes(&**migration, table))
}

/// Returns whether a data migration writes to a table.
pub(crate) fn writes(migration: &dyn DataMigration, table: &str) -> bool {
    migration.writes().iter().any(|(written, _)| *written == table)
}

/// Finds orphaned rows of the foreign keys that existing tables gained.
///
/// A server with foreign key checks off adds such a key unchecked. An upgrade that was then
/// interrupted has not checked the key either.
pub(crate) async fn orphans(
    backend: &mut dyn Backend,
    before: &Schema,
    after: &Schema,
) -> Result<Vec<Violation>, Error> {
    let mut violations = Vec::new();
    for table in after.tables.values() {
        let Some(before) = before.table(&table.name) else { continue };
        for key in table.foreign_keys.iter().filter(|key| !before.foreign_keys.contains(key)) {
            violations.extend(orphans_of(backend, &table.name, key).await?);
        }
    }
    Ok(violations)
}

/// Returns the data migration of a plan that computes `latest_metrics`.
pub(crate) fn of_latest_metrics(plan: &Plan) -> Option<&Arc<dyn DataMigration>> {
    let mut migrations = plan.migrations().map(|(_, migration)| migration);
    migrations.find(|migration| writes(&***migration, LATEST))
}

/// Compares the row count of `latest_metrics` with the number of pairs of run and metric.
pub(crate) async fn latest_metrics(backend: &mut dyn Backend) -> Result<Option<Violation>, Error> {
    let found = count(backend, LATEST).await?;
    let Some(accelerated) = backend.accelerate() else { return Ok(None) };
    let Some(pairs) = accelerated.count_pairs(found).await? else { return Ok(None) };
    let direction = if found < pairs { "less" } else { "more" };
    Ok((found != pairs).then(|| Violation {
        table: LATEST.to_owned(),
        problem: format!("{direction} than there are pairs of run and metric in metrics"),
        count: found.abs_diff(pairs),
    }))
}

/// Counts the rows of a table that violate a foreign key.
pub(crate) async fn orphans_of(
    backend: &mut dyn Backend,
    table: &str,
    key: &ForeignKey,
) -> Result<Option<Violation>, Error> {
    let problem = format!("whose row of {} does not exist", key.referred_table);
    violation(backend, table, problem, without_parent(table, key)).await
}

/// Selects the number of orphaned rows. A key with a NULL part references nothing, which is valid.
fn without_parent(table: &str, key: &ForeignKey) -> SelectStatement {
    let (child, parent) = (Alias::new("child"), Alias::new("parent"));
    let mut agree = Condition::all();
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(Asterisk))).from_as(Alias::new(table), child.clone());
    for (column, referred) in key.columns.iter().zip(&key.referred_columns) {
        let column = (child.clone(), Alias::new(column));
        agree = agree.add(Expr::col(column.clone()).equals((parent.clone(), Alias::new(referred))));
        select.and_where(Expr::col(column).is_not_null());
    }
    let found = key.referred_columns.first().map(|one| (parent.clone(), Alias::new(one)));
    select.join_as(JoinType::LeftJoin, Alias::new(&key.referred_table), parent, agree);
    select.and_where_option(found.map(|column| Expr::col(column).is_null()));
    select
}

/// Counts the rows of a query, and returns a violation if the count is not 0.
pub(crate) async fn violation(
    backend: &mut dyn Backend,
    table: &str,
    problem: String,
    select: SelectStatement,
) -> Result<Option<Violation>, Error> {
    let found = backend.query(select).await?;
    let count = value::count(found.first().and_then(|read| read.first()));
    Ok((count > 0).then(|| Violation { table: table.to_owned(), problem, count }))
}
