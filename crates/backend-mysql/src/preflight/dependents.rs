//! Views, and triggers of other tables, that name a column or table which is dropped or renamed.
//!
//! The server would leave them broken.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Ending, Plan};
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{Dependent, mentions};

use crate::database::Mysql;
use crate::quoting::quote;
use crate::text_protocol;

const STATEMENTS: &str = "SELECT 'view', TABLE_NAME, NULL, VIEW_DEFINITION \
        FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() \
    UNION ALL SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_STATEMENT \
        FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()";

pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<Vec<Error>, Error> {
    let ends = plan.endings();
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    let found = text_protocol::rows(&mut database.connection, STATEMENTS).await;
    let action = "looking for what depends on columns and tables";
    let found = found.map_err(|source| database.context.error(action, source))?;
    let refusal =
        |end: &Ending| end.refusal(found.iter().filter_map(|row| dependent(row, end)).collect());
    Ok(ends.iter().filter_map(refusal).collect())
}

/// Returns the object of a row, if its statement names what ends.
///
/// Core finds the table's own triggers.
fn dependent(row: &[Option<String>], end: &Ending) -> Option<Dependent> {
    let [Some(kind), Some(name), table, Some(statement)] = row else { return None };
    let names = |name: &str| mentions(statement, name, Dialect::Mysql);
    let is_own = table.as_ref() == Some(&end.table);
    let names_column = end.column.as_ref().is_none_or(|column| names(column));
    (!is_own && names(&end.table) && names_column).then(|| Dependent {
        object: format!("{kind} {name}"),
        remedy: Some(format!("DROP {} {}", kind.to_uppercase(), quote(name))),
    })
}
