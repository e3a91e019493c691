//! Reads the schema from the server's catalog.
//!
//! Five queries read all tables at once. They read only the session's schema, and skip the tables
//! of extensions in it.

mod expression;
mod queries;
mod reader;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::schema::{Column, ColumnType, Schema, Table, without_casts_to_text};
use sqlx::Row as _;

use self::queries::{COLUMNS, CONSTRAINTS, INDEXES, TABLES, TRIGGERS};
use self::reader::Reader;
use crate::database::Postgres;
use crate::statements;

const ACTION: &str = "reading the schema";

/// Returns the live schema, without the version table.
pub(crate) async fn schema(database: &mut Postgres) -> Result<Schema, Error> {
    let mut reader = Reader::default();
    let tables = statements::catalog(database, TABLES, ACTION).await?;
    let columns = statements::catalog(database, COLUMNS, ACTION).await?;
    let constraints = statements::catalog(database, CONSTRAINTS, ACTION).await?;
    let indexes = statements::catalog(database, INDEXES, ACTION).await?;
    let triggers = statements::catalog(database, TRIGGERS, ACTION).await?;
    let read = reader
        .read(&tables, Reader::table)
        .and_then(|()| reader.read(&columns, Reader::column))
        .and_then(|()| reader.read(&constraints, Reader::constraint))
        .and_then(|()| reader.read(&indexes, Reader::index))
        .and_then(|()| reader.read(&triggers, Reader::trigger));
    read.map_err(|source| database.context().error(ACTION, source))?;
    reader.tables.values_mut().for_each(leave_casts_out);
    Ok(Schema { tables: reader.tables, collation: None })
}

/// Returns the names of all tables.
pub(crate) async fn table_names(database: &mut Postgres) -> Result<Vec<String>, Error> {
    let tables = statements::catalog(database, TABLES, ACTION).await?;
    let names = tables.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<_>>();
    names.map_err(|source| database.context().error(ACTION, source))
}

/// Removes casts to text, so an expression stays the same when one of its columns becomes a `text`.
fn leave_casts_out(table: &mut Table) {
    use ColumnType::{LongText, MediumText, Text, Varchar};
    let is_text =
        |column: &&Column| matches!(column.column_type, Varchar(_) | Text | MediumText | LongText);
    let texts: Vec<String> =
        table.columns.iter().filter(is_text).map(|column| column.name.clone()).collect();
    let plain = |text: &mut String| {
        *text = without_casts_to_text(text, |name| texts.iter().any(|one| one == name));
    };
    table.checks.iter_mut().for_each(|check| plain(&mut check.expression));
    for index in &mut table.indexes {
        index.columns.iter_mut().for_each(|column| plain(&mut column.name));
        index.predicate.iter_mut().for_each(plain);
    }
    for column in &mut table.columns {
        column.generated.iter_mut().for_each(|generated| plain(&mut generated.expression));
    }
}
