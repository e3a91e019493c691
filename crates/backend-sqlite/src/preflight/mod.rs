//! Finds obstacles to a plan before anything is changed.

pub(crate) mod consistency;
mod dependents;
pub(crate) mod integrity;
mod name_clashes;
pub(crate) mod row_checks;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::Plan;
use mlflow_migrate_core::upgrade::preflight::collect;
use rusqlite::Connection;

use crate::change::Asked;
use crate::error::Context;
use crate::inspect;

/// Checks names, dependent objects and rows, without writing.
///
/// Returns the obstacles, and the constraints that were checked.
pub(crate) fn check(
    connection: &Connection,
    plan: &Plan,
    context: Context<'_>,
) -> Result<(Vec<Error>, Asked), Error> {
    let (mut problems, mut asked) = (Vec::new(), Asked::new());
    collect(&mut problems, name_clashes::check(connection, plan, context))?;
    problems.extend(dependents::check(connection, plan, context)?);
    let live = inspect::schema(connection, context)?;
    problems.extend(row_checks::find(connection, plan, &live, &mut asked, context)?);
    Ok((problems, asked))
}
