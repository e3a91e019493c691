//! Renders a change for a script, which may not edit `sqlite_schema`.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{ChangePlan, TableChange};
use mlflow_migrate_core::script::ended;

use super::method::{Way, choose};
use super::objects::{add_column, index_changes, new_triggers};
use super::rebuild::{Rebuild, keep_sequence};
use super::renames::{after_renames, rename_column, renames};
use crate::ddl::quote_identifier;
use crate::render;

/// Returns a summary of a change and its statements, each with its end.
///
/// # Errors
/// If the change cannot be made to this table, or not by a script.
pub(crate) fn scripted(change: &TableChange) -> Result<ChangePlan, Error> {
    let name = quote_identifier(&change.after.name);
    let renames = renames(change);
    let (mut parts, mut statements) = (Vec::new(), Vec::new());
    if !renames.is_empty() {
        refuse_triggers(change)?;
        // SQLite then puts the new name into views.
        statements.push("PRAGMA legacy_alter_table = OFF".to_owned());
        statements.extend(renames.iter().map(|(from, to)| rename_column(&name, from, to)));
        statements.push("PRAGMA legacy_alter_table = ON".to_owned());
        parts.extend(renames.iter().map(|(from, to)| format!("rename column {from} to {to}")));
    }
    let change = &after_renames(change)?;
    let way = match choose(change)? {
        Way::InPlace(in_place) if in_place.replaces_text => Way::Rebuild,
        way => way,
    };
    let after = &change.after;
    match &way {
        Way::Create => {
            parts.push("create".to_owned());
            statements.push(render::create_table(after));
        }
        Way::InPlace(in_place) => {
            for column in &in_place.added {
                parts.push(format!("add column {}", column.name));
                statements.push(add_column(&name, column, after));
            }
        }
        Way::Rebuild => {
            parts.push("rebuild".to_owned());
            let Rebuild { create, copy, drop, rename } = Rebuild::of(change, None);
            statements.extend([create, copy.sql()]);
            statements.extend(keep_sequence(after));
            statements.extend([drop, rename]);
        }
    }
    let rebuilds = way == Way::Rebuild;
    let (dropped, created) = index_changes(change.before.as_ref(), after, rebuilds);
    let scans = rebuilds || (way != Way::Create && !created.is_empty());
    for index in dropped {
        parts.push(format!("drop index {}", index.name));
        statements.push(format!("DROP INDEX {}", quote_identifier(&index.name)));
    }
    let index_builds = if way == Way::Create { 0 } else { created.len() };
    for index in created {
        if !rebuilds && way != Way::Create {
            parts.push(format!("create index {}", index.name));
        }
        statements.push(render::create_index(index, &after.name));
    }
    statements.extend(new_triggers(change, rebuilds));
    let statements: Vec<String> = statements.iter().map(|one| ended(one)).collect();
    let summary = parts.join("; ");
    // The shell that runs the script holds the file's lock from its first statement on.
    let locks = Vec::new();
    Ok(ChangePlan {
        summary,
        definitions: statements.len(),
        statements,
        rebuilds,
        scans,
        index_builds,
        logs_rows: false,
        locks,
    })
}

/// Refuses triggers, whose text SQLite changes with the column.
fn refuse_triggers(change: &TableChange) -> Result<(), Error> {
    let triggers = change.before.iter().flat_map(|before| &before.triggers);
    let obstacles: Vec<String> = triggers
        .map(|trigger| format!("a trigger {}, and a column gets another name", trigger.name))
        .collect();
    match obstacles.is_empty() {
        true => Ok(()),
        false => Err(Error::Inexpressible { table: change.after.name.clone(), obstacles }),
    }
}
