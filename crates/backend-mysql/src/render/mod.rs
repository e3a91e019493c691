//! Renders the schema model as MySQL's and MariaDB's DDL.

mod alter;
mod clause;
mod column;
mod constraint;
mod cost;
mod foreign_key;
mod new_table;
mod script;
mod statement;
mod unchecked;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{RawText, Table};

use crate::features::Features;
use crate::quoting::quote;

pub(crate) use alter::Alteration;
pub(crate) use clause::{Clause, ColumnAttributes};
pub(crate) use constraint::{anonymous_check, index as index_clause};
pub(crate) use cost::Cost;
pub(crate) use new_table::NewTable;
pub(crate) use script::{require, scripted};
pub(crate) use unchecked::UncheckedForeignKeys;

use foreign_key::AddedForeignKeys;

/// Renders `CREATE TABLE` without a character set.
///
/// A new table gets the database's character set, and a column has its own where it differs.
pub(crate) fn create_table(table: &Table, features: &Features) -> String {
    create(table, Lifetime::Permanent, features)
}

/// Renders `CREATE TEMPORARY TABLE`, for a table of this session only.
pub(crate) fn create_temporary_table(table: &Table, features: &Features) -> String {
    create(table, Lifetime::Session, features)
}

/// How long a new table exists.
#[derive(Clone, Copy)]
enum Lifetime {
    /// Until a statement drops it.
    Permanent,
    /// As long as the session.
    Session,
}

fn create(table: &Table, lifetime: Lifetime, features: &Features) -> String {
    let added = AddedForeignKeys::new(table.foreign_keys.iter(), &[], &table.name, features);
    let mut parts: Vec<String> = table.columns.iter().map(column::named).collect();
    parts.extend(table.primary_key.iter().map(constraint::primary_key));
    parts.extend(table.uniques.iter().map(constraint::unique));
    let indexes = table.indexes.iter().filter(|index| !added.bring(index, table));
    parts.extend(indexes.map(constraint::index));
    parts.extend(added.keys.iter().map(|(key, named)| constraint::foreign_key(key, *named)));
    if features.enforces_checks() {
        parts.extend(table.checks.iter().map(constraint::check));
    }
    let name = quote(&table.name);
    let create = match lifetime {
        Lifetime::Permanent => "CREATE TABLE",
        Lifetime::Session => "CREATE TEMPORARY TABLE",
    };
    format!("{create} {name} (\n  {}\n) ENGINE=InnoDB", parts.join(",\n  "))
}

/// Refuses a text that could end its clause, among the texts that a change states.
///
/// # Errors
/// If the change states such a text.
pub(crate) fn refuse_raw_texts(change: &TableChange) -> Result<(), Error> {
    let mut said = change.after.clone();
    // The statement does not repeat what stays as it is.
    if let Some(before) = &change.before {
        said.collation = None;
        said.columns.retain(|column| !before.columns.contains(column));
        said.checks.retain(|check| !before.checks.contains(check));
    }
    let mut texts = said.raw_texts();
    texts.retain(|(_, text)| !text.is_well_formed());
    if texts.is_empty() {
        return Ok(());
    }
    let obstacle = |(object, text): (String, RawText<'_>)| format!("{object} {}", text.text());
    let obstacles = texts.into_iter().map(obstacle).collect();
    Err(Error::Inexpressible { table: change.after.name.clone(), obstacles })
}

#[cfg(test)]
mod tests;
