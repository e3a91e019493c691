//! Views, and triggers of other tables, that name a column which goes: SQLite would leave them broken.
//! A new name it puts into them by itself.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{ColumnEnd, Plan};
use mlflow_migrate_core::platform::Dialect;
use mlflow_migrate_core::schema::{Dependent, mentions};
use rusqlite::Connection;

use crate::ddl::quote_identifier;
use crate::error::Context;

const STATEMENTS: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema \
                          WHERE type IN ('view', 'trigger') AND sql IS NOT NULL";

struct Statement {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

pub(super) fn check(
    connection: &Connection,
    plan: &Plan,
    context: Context<'_>,
) -> Result<Vec<Error>, Error> {
    let ends = plan.column_ends().into_iter().filter(|end| end.renamed_to.is_none());
    let ends: Vec<ColumnEnd> = ends.collect();
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    let statements = read(connection)
        .map_err(|source| context.error("looking for what depends on a column", source))?;
    let refusal = |end: &ColumnEnd| {
        end.refusal(statements.iter().filter_map(|statement| dependent(statement, end)).collect())
    };
    Ok(ends.iter().filter_map(refusal).collect())
}

/// What a statement makes, if it names a column. The table's own triggers are core's to find.
fn dependent(statement: &Statement, end: &ColumnEnd) -> Option<Dependent> {
    let Statement { kind, name, table, sql } = statement;
    let names = |name: &str| mentions(sql, name, Dialect::Sqlite);
    let is_own = kind == "trigger" && table.eq_ignore_ascii_case(&end.table);
    (!is_own && names(&end.table) && names(&end.column)).then(|| Dependent {
        object: format!("{kind} {name}"),
        remedy: Some(format!("DROP {} {}", kind.to_uppercase(), quote_identifier(name))),
    })
}

fn read(connection: &Connection) -> rusqlite::Result<Vec<Statement>> {
    let mut statements = connection.prepare(STATEMENTS)?;
    let read = statements.query_map([], |row| {
        Ok(Statement { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    read.collect()
}
