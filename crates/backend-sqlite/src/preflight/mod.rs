//! What would stop a plan later, found before anything is changed.

mod names;
mod violations;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::doctor::collect;
use mlflow_migrate_core::plan::Plan;
use rusqlite::Connection;

use crate::error::Context;
use crate::inspect;

/// Checks names and rows. Reads only.
pub(crate) fn check(
    connection: &Connection,
    plan: &Plan,
    context: Context<'_>,
) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    collect(&mut problems, names::check(connection, plan, context))?;
    let live = inspect::schema(connection, context)?;
    problems.extend(violations::find(connection, plan, &live, context)?);
    Ok(problems)
}
