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
    let objects: Vec<Object<'_>> = found.iter().filter_map(|row| Object::of(row)).collect();
    Ok(ends.iter().filter_map(|end| end.refusal(dependents(&objects, end))).collect())
}

/// A view, or a trigger of a table.
struct Object<'a> {
    kind: &'a str,
    name: &'a str,
    table: Option<&'a str>,
    statement: &'a str,
}

impl<'a> Object<'a> {
    fn of(row: &'a [Option<String>]) -> Option<Self> {
        let [Some(kind), Some(name), table, Some(statement)] = row else { return None };
        Some(Self { kind, name, table: table.as_deref(), statement })
    }

    fn mentions(&self, name: &str) -> bool {
        mentions(self.statement, name, Dialect::Mysql)
    }

    fn is_of(&self, table: &str) -> bool {
        self.table == Some(table)
    }

    /// Returns whether the statement names what ends. Core finds the table's own triggers.
    fn reads(&self, end: &Ending) -> bool {
        let names_column = end.column.as_ref().is_none_or(|column| self.mentions(column));
        !self.is_of(&end.table) && self.mentions(&end.table) && names_column
    }

    /// Returns whether the statement names a view that reads what ends.
    ///
    /// The triggers of a dropped table go with it.
    fn reads_through(&self, view: &str, end: &Ending) -> bool {
        let goes = end.column.is_none() && self.is_of(&end.table);
        !goes && self.mentions(view)
    }

    fn dependent(&self) -> Dependent {
        Dependent {
            object: format!("{} {}", self.kind, self.name),
            remedy: Some(format!("DROP {} {}", self.kind.to_uppercase(), quote(self.name))),
        }
    }
}

/// Returns what reads a column or table, and what reads it through a view.
fn dependents(objects: &[Object<'_>], end: &Ending) -> Vec<Dependent> {
    let (mut found, mut rest): (Vec<_>, Vec<_>) =
        objects.iter().partition(|object| object.reads(end));
    let mut looked_at = 0;
    while let Some(view) = found.get(looked_at) {
        looked_at += 1;
        if view.kind == "view" {
            let name = view.name;
            found.extend(rest.extract_if(.., |object| object.reads_through(name, end)));
        }
    }
    found.into_iter().map(Object::dependent).collect()
}
