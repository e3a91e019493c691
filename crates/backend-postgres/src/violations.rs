//! Rows that a constraint to come would refuse.
//!
//! The server would find them only after what comes before in the plan, and tell of the first. Only
//! what can be known beforehand is looked at: columns that are there already, in tables that no data
//! migration writes on the way.

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};
use mlflow_migrate_core::schema::Schema;

use crate::connect::Postgres;
use crate::render::quote_identifier;
use crate::rule::{Rule, Tables};

impl Postgres {
    pub(crate) async fn check_rows(&mut self, plan: &Plan, live: &Schema) -> Result<(), Error> {
        let mut written: BTreeSet<&str> = BTreeSet::new();
        for step in &plan.steps {
            match step {
                Step::RemoveLeftovers(_) => {}
                Step::Migrate { migration, .. } => {
                    written.extend(migration.writes().iter().map(|(table, _)| *table));
                }
                Step::Change(change) if written.contains(change.after.name.as_str()) => {}
                Step::Change(change) => {
                    let found = live.table(&change.after.name);
                    if let (Some(before), Some(found)) = (&change.before, found) {
                        let tables = Tables { before, after: &change.after, found };
                        self.check_table(tables, live, &written).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn check_table(
        &mut self,
        tables: Tables<'_>,
        live: &Schema,
        written: &BTreeSet<&str>,
    ) -> Result<(), Error> {
        let name = &tables.found.name;
        let action = format!("checking the rows of {name}");
        // What every row shows by itself takes one pass over the table.
        let of_rows = tables.rules_of_rows();
        if !of_rows.is_empty() {
            let counts: Vec<&str> = of_rows.iter().map(|rule| rule.count.as_str()).collect();
            let sql = format!("SELECT {} FROM {}", counts.join(", "), quote_identifier(name));
            let counts = self.numbers(sql, &action).await?;
            for (rule, count) in of_rows.iter().zip(counts) {
                refuse(name, rule, count)?;
            }
        }
        let is_unwritten = |table: &str| !written.contains(table);
        for rule in tables.rules_of_keys().into_iter().chain(tables.rules_of_references(|table| {
            live.table(table).filter(|table| is_unwritten(&table.name))
        })) {
            let count = self.number(rule.count.clone(), &action).await?;
            refuse(name, &rule, count)?;
        }
        Ok(())
    }
}

fn refuse(table: &str, rule: &Rule, count: i64) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    Err(Error::Constraint {
        table: table.to_owned(),
        constraint: rule.constraint.clone(),
        count: count.unsigned_abs(),
    })
}
