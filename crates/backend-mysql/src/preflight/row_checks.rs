//! Counts existing rows that would violate a constraint which the plan adds.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::row_checks::{Rules, Spelling, rules, rules_of};
use mlflow_migrate_core::plan::{Plan, TableChange};
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{ForeignKey, Schema};

use crate::database::Mysql;
use crate::error::server_error;
use crate::features::Features;
use crate::quoting::quote;
use crate::render::{Alteration, Cost};
use crate::{inspect, text_protocol};

/// `ER_CANT_AGGREGATE_2COLLATIONS`: columns cannot be compared until a collation changes.
const INCOMPARABLE_COLLATIONS: u16 = 1267;

/// Returns an error for each constraint that existing rows violate.
pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<Vec<Error>, Error> {
    let live = live(database).await?;
    let mut problems = Vec::new();
    let features = database.features.clone();
    let checks = features.checks_references_of_copies();
    let again = |change: &TableChange, _: &ForeignKey| checks && is_copied(change, &features);
    for rules in rules(plan, &live, spelling(&features), &again) {
        problems.extend(violations(database, &rules).await?);
    }
    Ok(problems)
}

/// Fails with the constraint that rows have just violated, if there is one.
pub(super) async fn of_change(database: &mut Mysql, change: &TableChange) -> Result<(), Error> {
    let live = live(database).await?;
    let features = database.features.clone();
    let checks = features.checks_references_of_copies();
    let again = |change: &TableChange, _: &ForeignKey| checks && is_copied(change, &features);
    let Some(rules) = rules_of(change, &live, spelling(&features), &again) else { return Ok(()) };
    let found = violations(database, &rules).await?;
    found.into_iter().next().map_or(Ok(()), Err)
}

/// Fails with the new constraint of a change that rows violate, if there is one.
pub(crate) async fn of_new_constraints(
    database: &mut Mysql,
    change: &TableChange,
) -> Result<(), Error> {
    let live = live(database).await?;
    let spelling = spelling(&database.features);
    let Some(rules) = rules_of(change, &live, spelling, &|_, _| false) else { return Ok(()) };
    let found = violations(database, &rules).await?;
    found.into_iter().next().map_or(Ok(()), Err)
}

/// Returns whether the server copies a table's rows.
pub(crate) fn is_copied(change: &TableChange, features: &Features) -> bool {
    change.before.as_ref().is_some_and(|before| {
        Alteration::between(before, &change.after, features).cost == Cost::Copy
    })
}

async fn live(database: &mut Mysql) -> Result<Schema, Error> {
    inspect::schema(&mut database.connection, &database.features, &database.context).await
}

/// Returns the spelling of the rules on a server.
pub(crate) fn spelling(features: &Features) -> Spelling {
    Spelling {
        quote,
        integer: "SIGNED",
        dialect: Dialect::Mysql,
        enforces_checks: features.enforces_checks(),
    }
}

/// Returns an error for each rule that rows violate.
pub(crate) async fn violations(database: &mut Mysql, rules: &Rules) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    for count in rules.counts() {
        let counts = numbers(database, count.sql.clone(), &rules.table).await?;
        problems.extend(count.refusals(&counts));
    }
    Ok(problems)
}

/// Returns the numbers in a query's only row; none where columns cannot be compared yet.
async fn numbers(database: &mut Mysql, sql: String, table: &str) -> Result<Vec<i64>, Error> {
    let rows = match text_protocol::rows_of_tables(&mut database.connection, sql).await {
        Ok(rows) => rows,
        Err(source)
            if server_error(&source)
                .is_some_and(|(number, _)| number == INCOMPARABLE_COLLATIONS) =>
        {
            return Ok(Vec::new());
        }
        Err(source) => {
            return Err(database.context.error(&format!("looking at the rows of {table}"), source));
        }
    };
    let number = |value: Option<String>| value.and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok(rows.into_iter().flatten().map(number).collect())
}
