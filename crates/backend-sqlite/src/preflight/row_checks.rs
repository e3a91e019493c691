//! Finds rows that a constraint of the plan would refuse.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::Plan;
use mlflow_migrate_core::plan::row_checks::{Rules, Spelling, rules};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::schema::platform::Dialect;
use rusqlite::Connection;

use crate::change::Asked;
use crate::ddl::quote_identifier;
use crate::error::Context;

/// SQLite's spelling of the rules.
pub(crate) const SPELLING: Spelling = Spelling {
    quote: quote_identifier,
    integer: "bigint",
    dialect: Dialect::Sqlite,
    enforces_checks: true,
};

/// Counts rows that violate a constraint of the plan, and records which constraints were checked.
pub(super) fn find(
    connection: &Connection,
    plan: &Plan,
    live: &Schema,
    asked: &mut Asked,
    context: Context<'_>,
) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    for rules in rules(plan, live, SPELLING, &|_, _| false) {
        asked.extend(
            rules.of_rows.iter().map(|rule| (rules.table.clone(), rule.constraint.clone())),
        );
        problems.extend(violations(connection, &rules, context)?);
    }
    Ok(problems)
}

/// Returns an error for each rule that rows violate.
pub(crate) fn violations(
    connection: &Connection,
    rules: &Rules,
    context: Context<'_>,
) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    for count in rules.counts() {
        let found = numbers(connection, &count.sql).map_err(|source| {
            context.error(&format!("checking the rows of {}", rules.table), source)
        })?;
        problems.extend(count.refusals(&found));
    }
    Ok(problems)
}

/// Returns the numbers in the only row of a query.
fn numbers(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    statement.query_row([], |row| (0..columns).map(|at| row.get(at)).collect())
}
