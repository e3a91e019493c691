//! Names the privileges that the user lacks.

use std::collections::{BTreeMap, BTreeSet};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};

use crate::database::Mysql;
use crate::error::{TRIGGER_PRIVILEGE, TRIGGER_REMEDY};
use crate::features::Features;
use crate::privileges::Held;
use crate::quoting::quote;
use crate::{journal, privileges, version_table};

/// The tables for which each privilege is needed.
type Needs = BTreeMap<&'static str, BTreeSet<String>>;

pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<(), Error> {
    let held = privileges::read(&mut database.connection, &database.context).await?;
    let Some(held) = held else { return Ok(()) };
    let needs = needs(plan, &database.features);
    let missing: Needs = needs
        .iter()
        .map(|(privilege, tables)| {
            let lacks = |table: &&String| !held.allows(privilege, table);
            (*privilege, tables.iter().filter(lacks).cloned().collect())
        })
        .filter(|(_, tables): &(_, BTreeSet<String>)| !tables.is_empty())
        .collect();
    if !missing.is_empty() {
        return Err(refusal(database, &held, &needs, &missing));
    }
    let makes_triggers = plan.changes().any(|change| {
        let known = change.before.as_ref().map_or(0, |before| before.triggers.len());
        change.after.triggers.len() > known
    });
    if makes_triggers && held.logs_binary && !held.may_create_logged_triggers() {
        return Err(Error::Privileges {
            name: database.context.name.clone(),
            user: held.user,
            missing: vec![TRIGGER_PRIVILEGE.to_owned()],
            remedy: TRIGGER_REMEDY.into(),
        });
    }
    Ok(())
}

fn needs(plan: &Plan, features: &Features) -> Needs {
    let mut needs = Needs::new();
    let mut need = |privileges: &[&'static str], table: &str| {
        for privilege in privileges {
            needs.entry(*privilege).or_default().insert(table.to_owned());
        }
    };
    need(&["SELECT", "INSERT", "DELETE"], version_table::TABLE);
    if !plan.from.stamped {
        need(&["CREATE"], version_table::TABLE);
    }
    if !plan.steps.is_empty() {
        need(&["CREATE", "SELECT", "INSERT", "UPDATE", "DELETE", "DROP"], journal::TABLE);
    }
    for step in &plan.steps {
        match step {
            Step::RemoveLeftovers(tables) => {
                tables.iter().for_each(|table| need(&["DROP"], table));
            }
            Step::DropTable(dropped) => need(&["DROP"], &dropped.table.name),
            Step::Change(change) => {
                let table = &change.after.name;
                let known = change.before.as_ref().map(|before| &before.foreign_keys);
                need(if known.is_some() { &["ALTER", "SELECT"] } else { &["CREATE"] }, table);
                for key in &change.after.foreign_keys {
                    let is_new = known.is_none_or(|known| !known.contains(key));
                    if is_new && features.references_privilege() {
                        need(&["REFERENCES"], &key.referred_table);
                    }
                }
            }
            Step::Migrate { migration, .. } => {
                for (table, _) in migration.reads() {
                    need(&["SELECT"], table);
                }
                for (table, _) in migration.writes() {
                    need(&["SELECT", "INSERT", "UPDATE", "DELETE"], table);
                }
            }
        }
    }
    // Without TRIGGER, a user can neither create triggers nor see them.
    for table in plan.result.tables.values().filter(|table| !table.triggers.is_empty()) {
        need(&["TRIGGER"], &table.name);
    }
    needs
}

/// Returns the error for missing privileges.
///
/// A privilege that is missing for every table that needs it is missing for the database. The GRANT
/// of the remedy is always for the database: most servers accept none for a table that does not exist
/// yet.
fn refusal(database: &Mysql, held: &Held, needs: &Needs, missing: &Needs) -> Error {
    let whole = format!("{}.*", quote(&held.database));
    let mut told = Vec::new();
    for (privilege, tables) in missing {
        if needs.get(privilege) == Some(tables) {
            told.push(format!("{privilege} on {whole}"));
        } else {
            let of_table =
                |table| format!("{privilege} on {}.{}", quote(&held.database), quote(table));
            told.extend(tables.iter().map(|table| of_table(table)));
        }
    }
    let privileges: Vec<&str> = missing.keys().copied().collect();
    Error::Privileges {
        name: database.context.name.clone(),
        user: held.user.clone(),
        missing: told,
        remedy: format!(
            "the database is unchanged; let an administrator run: GRANT {} ON {whole} TO {}",
            privileges.join(", "),
            held.user
        )
        .into(),
    }
}
