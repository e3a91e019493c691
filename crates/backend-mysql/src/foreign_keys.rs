//! Adds foreign keys without a copy of the table, and checks them afterwards.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ConstraintError;

use crate::connection::Connection;
use crate::error::Context;
use crate::render::UncheckedForeignKeys;
use crate::text_protocol;

/// Adds foreign keys, and drops them again if a row refers to a missing row.
///
/// Only the `doubtful` keys are checked.
pub(crate) async fn add_unchecked(
    connection: &mut Connection,
    foreign_keys: &UncheckedForeignKeys<'_>,
    doubtful: &UncheckedForeignKeys<'_>,
    context: &Context,
) -> Result<(), Error> {
    let table = foreign_keys.table;
    let action = format!("add foreign keys to table {table}");
    run(connection, UncheckedForeignKeys::CHECKS_OFF, &action, context).await?;
    let added = run(connection, foreign_keys.add(), &action, context).await;
    run(connection, UncheckedForeignKeys::CHECKS_ON, &action, context).await?;
    added?;
    for (key, query) in doubtful.orphans() {
        let count = text_protocol::value_of_tables(connection, query)
            .await
            .map_err(|source| context.error(&format!("check table {table}"), source))?;
        let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        if count > 0 {
            run(connection, foreign_keys.drop(), &action, context).await?;
            let constraint =
                format!("foreign key {}", key.name.as_deref().unwrap_or(&key.referred_table));
            let table = table.to_owned();
            let query = None;
            return Err(ConstraintError::Violated { table, constraint, count, query }.into());
        }
    }
    Ok(())
}

async fn run(
    connection: &mut Connection,
    statement: impl Into<String>,
    action: &str,
    context: &Context,
) -> Result<(), Error> {
    let done = text_protocol::run_alone(connection, statement).await;
    done.map_err(|source| context.error(action, source))?;
    Ok(())
}
