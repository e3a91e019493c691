//! Finds rows that a constraint of the plan would refuse.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::row_checks::{Rules, Spelling, rules};
use mlflow_migrate_core::plan::{Plan, TableChange};
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{ColumnType, ForeignKey, Schema};

use crate::database::Postgres;
use crate::render::quote_identifier;
use crate::statements;

/// PostgreSQL's spelling of the rules.
pub(crate) const SPELLING: Spelling = Spelling {
    quote: quote_identifier,
    integer: "bigint",
    dialect: Dialect::Postgres,
    enforces_checks: true,
};

/// Returns whether the server recreates a foreign key, and so checks every row again.
///
/// This happens if one of the key's columns gets a type that compares differently. All text types
/// compare alike.
pub(crate) fn is_checked_again(change: &TableChange, key: &ForeignKey) -> bool {
    use ColumnType::{LongText, MediumText, Text, Varchar};
    let is_text = |it: &ColumnType| matches!(it, Varchar(_) | Text | MediumText | LongText);
    let Some(before) = &change.before else { return false };
    key.columns.iter().any(|name| {
        let (old, new) = (before.find_column(name), change.after.find_column(name));
        old.zip(new).is_some_and(|(old, new)| {
            let (old, new) = (&old.column_type, &new.column_type);
            old != new && !(is_text(old) && is_text(new))
        })
    })
}

/// Counts rows that violate a constraint of the plan.
pub(crate) async fn check(
    database: &mut Postgres,
    plan: &Plan,
    live: &Schema,
) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    for rules in rules(plan, live, SPELLING, &is_checked_again) {
        problems.extend(violations(database, &rules).await?);
    }
    Ok(problems)
}

/// Returns an error for each rule that rows violate.
pub(crate) async fn violations(
    database: &mut Postgres,
    rules: &Rules,
) -> Result<Vec<Error>, Error> {
    let action = format!("checking the rows of {}", rules.table);
    let mut problems = Vec::new();
    for count in rules.counts() {
        let counts = statements::counts(database, count.sql.clone(), &action).await?;
        problems.extend(count.refusals(&counts));
    }
    Ok(problems)
}
