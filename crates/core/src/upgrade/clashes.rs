//! Handles objects of the user that have the place of a revision's own.

use crate::backend::Backend;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::plan::{TableChange, free_name, plan};
use crate::schema::platform::Platform;
use crate::schema::{EditError, Object, Schema, Table, quote};
use crate::upgrade::corrections::in_one_line;

/// Returns the objects that prevent the upgrade to the newest revision, each with the revision that
/// needs its place.
///
/// Whatever else prevents the upgrade ends the search.
pub(crate) fn find(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    location: &Location,
) -> Result<Vec<(String, EditError)>, Error> {
    let head = catalogue.graph.head()?;
    let mut live = live.clone();
    let mut found = Vec::new();
    while let Err(Error::Edit { revision, source, .. }) =
        plan(catalogue, platform, &live, location, Some(head))
    {
        if !remove(&mut live, &source) {
            break;
        }
        found.push((revision, source));
    }
    Ok(found)
}

/// Returns the statements that give such an object another name; may be empty.
pub(crate) fn remedies(backend: &dyn Backend, live: &Schema, error: &EditError) -> Vec<String> {
    match error {
        EditError::TableExists { table, .. } => {
            let dialect = backend.platform().dialect;
            let free = free_name(table, |name| live.table(name).is_some());
            let [table, free] = [table, &free].map(|name| quote(name, dialect));
            vec![format!("ALTER TABLE {table} RENAME TO {free}")]
        }
        EditError::Occupied { table, object, .. } => {
            let Some(before) = live.table(table) else { return Vec::new() };
            let Some(after) = renamed(before, object) else { return Vec::new() };
            let (before, revisions) = (Some(before.clone()), Vec::new());
            let method = backend.describe_change(&TableChange { before, after, revisions });
            let statements = method.map_or_else(|_| Vec::new(), |method| method.statements);
            statements.iter().map(|statement| in_one_line(statement)).collect()
        }
        EditError::MissingTable { .. } | EditError::MissingObject { .. } => Vec::new(),
    }
}

/// Returns a table in which an object has another name.
fn renamed(table: &Table, object: &Object) -> Option<Table> {
    let mut after = table.clone();
    match object {
        Object::Column(name) => {
            let free = free_name(name, |name| table.find_column(name).is_some());
            let column = after.columns.iter_mut().find(|column| column.name == *name)?;
            column.renamed_from = Some(std::mem::replace(&mut column.name, free));
        }
        Object::Index(index) => {
            let is_known = |name: &str| table.indexes.iter().any(|index| index.name == name);
            let free = free_name(&index.name, is_known);
            after.indexes.iter_mut().find(|one| one.name == index.name)?.name = free;
        }
        _ => return None,
    }
    Some(after)
}

/// Removes such an object from a schema, and returns whether the schema had it.
pub(crate) fn remove(live: &mut Schema, error: &EditError) -> bool {
    match error {
        EditError::TableExists { table, .. } => live.tables.remove(table).is_some(),
        EditError::Occupied { table, object, .. } => {
            let Some(table) = live.tables.get_mut(table) else { return false };
            let count = |table: &Table| table.columns.len() + table.indexes.len();
            let before = count(table);
            match &**object {
                Object::Column(name) => table.columns.retain(|column| column.name != *name),
                Object::Index(index) => table.indexes.retain(|one| one.name != index.name),
                _ => {}
            }
            count(table) < before
        }
        EditError::MissingTable { .. } | EditError::MissingObject { .. } => false,
    }
}
