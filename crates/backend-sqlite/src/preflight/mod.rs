//! What would stop a plan later, found before anything is changed.

mod dependents;
mod names;
mod violations;

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::Plan;
use mlflow_migrate_core::upgrade::preflight::collect;
use rusqlite::Connection;

use crate::error::Context;
use crate::inspect;

/// The tables and the constraints of which it is known whether their rows fit. Nobody else writes in the
/// same transaction, and what a data migration writes is not asked for.
pub(crate) type Asked = BTreeSet<(String, String)>;

/// Checks names and rows. Reads only.
pub(crate) fn check(
    connection: &Connection,
    plan: &Plan,
    context: Context<'_>,
) -> Result<(Vec<Error>, Asked), Error> {
    let (mut problems, mut asked) = (Vec::new(), Asked::new());
    collect(&mut problems, names::check(connection, plan, context))?;
    problems.extend(dependents::check(connection, plan, context)?);
    let live = inspect::schema(connection, context)?;
    problems.extend(violations::find(connection, plan, &live, &mut asked, context)?);
    Ok((problems, asked))
}
