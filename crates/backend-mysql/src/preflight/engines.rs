//! Refuses tables outside InnoDB, the only engine with foreign keys and transactions.

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use mlflow_migrate_core::plan::Plan;

use crate::database::Mysql;
use crate::quoting::quote;
use crate::{text_protocol, version_table};

/// A server whose default engine was once another one has tables of that engine.
const OTHERS: &str = "SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES \
                      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' \
                      AND ENGINE <> 'InnoDB' ORDER BY TABLE_NAME";

pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<(), Error> {
    let found = text_protocol::rows(&mut database.connection, OTHERS).await;
    let found = found.map_err(|source| database.context.error("reading the engines", source))?;
    let used = used_tables(plan);
    let (mut tables, mut remedies) = (Vec::new(), Vec::new());
    for row in &found {
        let [Some(table), Some(engine)] = row.as_slice() else { continue };
        if used.contains(table.as_str()) {
            tables.push(format!("{table} ({engine})"));
            remedies.push(format!("ALTER TABLE {} ENGINE=InnoDB", quote(table)));
        }
    }
    if tables.is_empty() {
        return Ok(());
    }
    Err(Error::ServerLimit {
        name: database.context.name.clone(),
        problem: format!("these tables are not InnoDB's: {}", tables.join(", ")),
        remedy: Remedy::Words(remedies.join("; ")),
    })
}

/// Returns the tables that a plan changes, references or writes.
fn used_tables(plan: &Plan) -> BTreeSet<&str> {
    let mut used = BTreeSet::from([version_table::TABLE]);
    for change in plan.changes() {
        used.insert(&change.after.name);
        used.extend(change.after.foreign_keys.iter().map(|key| key.referred_table.as_str()));
    }
    for (_, migration) in plan.migrations() {
        used.extend(migration.writes().iter().map(|(table, _)| *table));
    }
    used
}
