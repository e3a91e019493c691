//! What would stop a plan later, found before anything is changed.

pub(crate) mod code_of_others;
mod dependents;
mod encoding;
mod index_row_width;
mod name_clashes;
mod outside;
mod privileges;
mod published;
mod row_checks;
mod row_security;
mod standbys;

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::upgrade::preflight::collect;

use crate::connect::Postgres;
use crate::render::column_list;

impl Postgres {
    /// Checks privileges, dependent objects, rows and names.
    ///
    /// Writers are locked out from here on, so that what was checked stays true; readers are not, as
    /// long as no table changes.
    pub(crate) async fn check_plan(&mut self, plan: &Plan) -> Result<Vec<Error>, Error> {
        let mut problems: Vec<Error> = self.missing_standby().await?.into_iter().collect();
        problems.extend(self.unwritable().await?);
        if self.is_upgrade() && !problems.is_empty() {
            return Ok(problems);
        }
        collect(&mut problems, self.check_privileges(plan).await)?;
        collect(&mut problems, self.refuse_calls_of_tables(plan).await)?;
        let live = self.read_schema().await?;
        // The rest reads such texts, too, and would only say that it cannot.
        self.refuse_texts(plan, &live).await?;
        problems.extend(self.check_dependents(plan, &live).await?);
        let hidden = self.check_row_security(&touched_tables(plan, &live)).await?;
        // The rows themselves can be read only where none is hidden.
        let sees_all = hidden.is_none();
        problems.extend(hidden);
        if sees_all {
            problems.extend(self.check_published(plan, &live).await?);
        }
        collect(&mut problems, self.refuse_taken_names(plan).await)?;
        if self.is_upgrade() && problems.is_empty() {
            self.lock_writers_out(&touched_tables(plan, &live)).await?;
            collect(&mut problems, self.check_names(plan, &live).await)?;
        }
        if sees_all {
            problems.extend(self.check_rows(plan, &live).await?);
        }
        Ok(problems)
    }

    async fn lock_writers_out(&mut self, tables: &BTreeSet<String>) -> Result<(), Error> {
        if tables.is_empty() {
            return Ok(());
        }
        let tables: Vec<&String> = tables.iter().collect();
        let sql = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", column_list(&tables));
        self.run_soon(sql, "locking the tables").await
    }
}

/// The live tables that a plan changes, reads or fills.
fn touched_tables(plan: &Plan, live: &Schema) -> BTreeSet<String> {
    let mut touched = BTreeSet::new();
    for step in &plan.steps {
        match step {
            Step::RemoveLeftovers(tables) => touched.extend(tables.iter().cloned()),
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
