//! Foreign keys of other databases on the server to tables of this one.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::OutsideReference;
use mlflow_migrate_core::schema::ForeignKey;

use crate::connection::Connection;
use crate::error::Context;
use crate::quoting::quote;
use crate::text_protocol;

/// The server shows the keys of tables for which the user has a privilege.
const OUTSIDE: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, \
     REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
     WHERE REFERENCED_TABLE_SCHEMA = DATABASE() AND TABLE_SCHEMA <> DATABASE() \
     ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

/// Reads these foreign keys, each with the statement that drops it.
pub(crate) async fn references(
    connection: &mut Connection,
    context: &Context,
) -> Result<Vec<OutsideReference>, Error> {
    let rows = text_protocol::rows(connection, OUTSIDE).await;
    let action = "looking for foreign keys of other databases";
    let rows = rows.map_err(|source| context.error(action, source))?;
    let mut references: Vec<OutsideReference> = Vec::new();
    for row in rows {
        let value = |at: usize| text_protocol::cell(&row, at);
        let (table, name) = (format!("{}.{}", value(0), value(1)), value(2));
        let is_same =
            |one: &OutsideReference| one.table == table && one.key.name.as_deref() == Some(name);
        if !references.last().is_some_and(is_same) {
            references.push(OutsideReference {
                key: ForeignKey::new(&[], value(4), &[]).named(name),
                drop: format!(
                    "ALTER TABLE {}.{} DROP FOREIGN KEY {}",
                    quote(value(0)),
                    quote(value(1)),
                    quote(name)
                ),
                table,
            });
        }
        if let Some(reference) = references.last_mut() {
            reference.key.columns.push(value(3).to_owned());
            reference.key.referred_columns.push(value(5).to_owned());
        }
    }
    Ok(references)
}
