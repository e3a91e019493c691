//! Finds obstacles to a plan before anything is changed.

pub(crate) mod code_of_others;
mod dependents;
mod encoding;
mod index_row_width;
mod name_clashes;
pub(crate) mod outside;
mod privileges;
mod published;
pub(crate) mod read_only;
pub(crate) mod row_checks;
mod row_security;
mod standbys;

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::upgrade::preflight::collect;

use crate::database::Postgres;
use crate::{inspect, lock};

/// Checks privileges, dependent objects, rows and names.
///
/// From here on, an upgrade locks writers out, so that the results stay true. Readers are locked
/// out only when a table changes.
pub(crate) async fn check(database: &mut Postgres, plan: &Plan) -> Result<Vec<Error>, Error> {
    let mut problems: Vec<Error> = standbys::missing(database).await?.into_iter().collect();
    problems.extend(read_only::unwritable(database).await?);
    if database.is_upgrade() && !problems.is_empty() {
        return Ok(problems);
    }
    collect(&mut problems, privileges::check(database, plan).await)?;
    collect(&mut problems, code_of_others::refuse_calls_of_tables(database, plan).await)?;
    let live = inspect::schema(database).await?;
    // The later checks read these texts too, and would only report that reading failed.
    encoding::check(database, plan, &live).await?;
    problems.extend(dependents::check(database, plan, &live).await?);
    let hidden = row_security::check(database, &touched_tables(plan, &live)).await?;
    // The rows can be checked only if no row is hidden.
    let sees_all = hidden.is_none();
    problems.extend(hidden);
    if sees_all {
        problems.extend(published::check(database, plan, &live).await?);
    }
    collect(&mut problems, name_clashes::check(database, plan).await)?;
    if database.is_upgrade() && problems.is_empty() {
        lock::lock_writers_out(database, &touched_tables(plan, &live)).await?;
        collect(&mut problems, index_row_width::check(database, plan, &live).await)?;
    }
    if sees_all {
        problems.extend(row_checks::check(database, plan, &live).await?);
    }
    Ok(problems)
}

/// Returns the live tables that a plan changes, reads or fills.
fn touched_tables(plan: &Plan, live: &Schema) -> BTreeSet<String> {
    let mut touched = BTreeSet::new();
    for step in &plan.steps {
        match step {
            Step::RemoveLeftovers(tables) => touched.extend(tables.iter().cloned()),
            Step::DropTable(dropped) => {
                touched.insert(dropped.table.name.clone());
            }
            Step::Change(change) => {
                touched.insert(change.after.name.clone());
            }
            Step::Migrate { migration, .. } => {
                let tables = migration.reads().iter().chain(migration.writes());
                touched.extend(tables.map(|(table, _)| (*table).to_owned()));
            }
        }
    }
    let is_plain =
        |name: &String| live.table(name).is_some_and(|table| table.inexpressible.is_empty());
    touched.retain(is_plain);
    touched
}
