//! Finds what would stop an upgrade before the first change, since each change commits.

mod dependents;
mod engines;
mod key_lengths;
mod name_clashes;
mod outside;
mod packets;
mod privileges;
pub(crate) mod row_checks;
mod transactions;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, TableChange};
use mlflow_migrate_core::upgrade::preflight::collect;

use crate::database::Mysql;
use crate::render::refuse_raw_texts;

pub(crate) use outside::references as references_from_outside;
pub(crate) use packets::check_text;
pub(crate) use transactions::check_noted;

/// Returns everything that would fail later. Only reads.
pub(crate) async fn check(database: &mut Mysql, plan: &Plan) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    for change in plan.changes() {
        problems.extend(refuse_raw_texts(change).err());
    }
    collect(&mut problems, privileges::check(database, plan).await)?;
    collect(&mut problems, packets::check(&mut database.connection, &database.context).await)?;
    collect(&mut problems, transactions::check(database, plan).await)?;
    collect(&mut problems, name_clashes::check(database, plan).await)?;
    problems.extend(dependents::check(database, plan).await?);
    collect(&mut problems, engines::check(database, plan).await)?;
    collect(&mut problems, key_lengths::check(database, plan).await)?;
    problems.extend(row_checks::check(database, plan).await?);
    Ok(problems)
}

/// Fails with the constraint that rows have just violated, if there is one.
pub(crate) async fn rows(database: &mut Mysql, change: &TableChange) -> Result<(), Error> {
    row_checks::of_change(database, change).await
}
