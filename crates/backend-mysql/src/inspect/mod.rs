//! Reads the schema of a live database.
//!
//! One query reads all objects of a kind, for the whole database. On MySQL 5.6 and 5.7 each query
//! opens every table, so a query for each table would take minutes on a large database. The result
//! uses the model's terms. In them, a database that MLflow has made looks the same on every server.

mod attributes;
mod catalogue;
mod check;
mod column;
mod expression;
mod foreign_key;
mod index;
mod trigger;

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::schema::{Schema, Table};

use crate::connection::Connection;
use crate::error::Context;
use crate::features::Features;
use crate::{journal, swap_tables, version_table};

pub(crate) use attributes::attributes;

use catalogue::{Catalogue, Record};

/// Reads every table with its keys, indexes, CHECKs and triggers.
pub(crate) async fn schema(
    connection: &mut Connection,
    features: &Features,
    context: &Context,
) -> Result<Schema, Error> {
    let catalogue = Catalogue::read(connection, features)
        .await
        .map_err(|source| context.error("reading the schema", source))?;
    Ok(assemble(&catalogue, features))
}

/// Returns the names of all tables.
pub(crate) async fn table_names(
    connection: &mut Connection,
    context: &Context,
) -> Result<Vec<String>, Error> {
    catalogue::table_names(connection)
        .await
        .map_err(|source| context.error("reading the schema", source))
}

fn assemble(catalogue: &Catalogue, features: &Features) -> Schema {
    let mut schema = tables(catalogue);
    let columns = by_table(&catalogue.columns);
    let indexes = by_table(&catalogue.indexes);
    let foreign_keys = by_table(&catalogue.foreign_keys);
    let rules = by_table(&catalogue.rules);
    let checks = by_table(&catalogue.checks);
    let triggers = by_table(&catalogue.triggers);
    for table in schema.tables.values_mut() {
        let name = table.name.clone();
        let all_checks = check::read(of(&checks, &name), features);
        table.columns = of(&columns, &name)
            .iter()
            .map(|record| {
                let is_json = column::is_text_of_json(record, &all_checks, features);
                column::read(record, table.collation.as_deref(), is_json, features)
            })
            .collect();
        table.checks = all_checks;
        table.checks.retain(|check| !check::is_of_json(check, &table.columns));
        table.foreign_keys = foreign_key::read(of(&foreign_keys, &name), of(&rules, &name));
        index::read_into(table, of(&indexes, &name));
        table.triggers = of(&triggers, &name).iter().map(|record| trigger::read(record)).collect();
    }
    schema
}

/// Groups records by table, in their order.
fn by_table(records: &[Record]) -> BTreeMap<&str, Vec<&Record>> {
    let mut tables: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records {
        tables.entry(record.text(0)).or_default().push(record);
    }
    tables
}

fn of<'a>(records: &'a BTreeMap<&str, Vec<&'a Record>>, table: &str) -> &'a [&'a Record] {
    records.get(table).map_or(&[], Vec::as_slice)
}

/// Returns the tables, without columns or keys.
///
/// The version table, the journal and the tables of a swap belong to no revision.
fn tables(catalogue: &Catalogue) -> Schema {
    let mut schema = Schema { collation: catalogue.collation.clone(), ..Schema::default() };
    for record in &catalogue.tables {
        let name = record.text(0);
        if name != version_table::TABLE && name != journal::TABLE && !swap_tables::includes(name) {
            schema.insert(Table {
                collation: record.optional(1).map(ToOwned::to_owned),
                ..Table::new(name)
            });
        }
    }
    schema
}

#[cfg(test)]
mod tests;
