//! Finds views, and triggers of other tables, that name a column or a table which the plan drops.
//!
//! SQLite would leave them broken. After a rename, SQLite puts the new name into them
//! automatically.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Ending, Plan};
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{Dependent, mentions};
use rusqlite::Connection;

use crate::ddl::quote_identifier;
use crate::error::Context;

const STATEMENTS: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema \
                          WHERE type IN ('view', 'trigger') AND sql IS NOT NULL";

/// SQLite's code for an invalid statement.
const SQLITE_ERROR: i32 = 1;

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
    let ends = plan.endings().into_iter().filter(|end| end.renamed_to.is_none());
    let ends: Vec<Ending> = ends.collect();
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |source| context.error("looking for what depends on columns and tables", source);
    let statements = read(connection).map_err(failed)?;
    let mut refusals = Vec::new();
    for end in &ends {
        let sources = sources(connection, &statements, end).map_err(failed)?;
        let dependents = statements.iter().filter_map(|one| dependent(one, end, &sources));
        refusals.extend(end.refusal(dependents.collect()));
    }
    Ok(refusals)
}

/// Returns the table and views from which a statement can take a column.
///
/// These are the column's table, views that select the column with `SELECT *`, and views over such
/// views. Of a table that goes as a whole, all views count.
fn sources<'a>(
    connection: &Connection,
    statements: &'a [Statement],
    end: &'a Ending,
) -> rusqlite::Result<Vec<&'a str>> {
    let mut sources = vec![end.table.as_str()];
    let mut rest: Vec<&Statement> = statements.iter().filter(|one| one.kind == "view").collect();
    let mut place = 0;
    while let Some(source) = sources.get(place).copied() {
        place += 1;
        let over = |view: &&Statement| mentions(&view.sql, source, Dialect::Sqlite);
        let (views, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(over);
        rest = others;
        for view in views {
            let takes = match &end.column {
                Some(column) => has_column(connection, &view.name, column)?,
                None => true,
            };
            if takes {
                sources.push(&view.name);
            }
        }
    }
    Ok(sources)
}

/// Returns whether a view has a column of this name. A broken view has none.
fn has_column(connection: &Connection, view: &str, column: &str) -> rusqlite::Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) \
                       WHERE name = ?2 COLLATE NOCASE)";
    match connection.query_row(SQL, [view, column], |row| row.get(0)) {
        Err(rusqlite::Error::SqliteFailure(error, _)) if error.extended_code == SQLITE_ERROR => {
            Ok(false)
        }
        found => found,
    }
}

/// Returns the dependent if a statement names what ends. Core finds the table's own triggers.
fn dependent(statement: &Statement, end: &Ending, sources: &[&str]) -> Option<Dependent> {
    let Statement { kind, name, table, sql } = statement;
    let names = |name: &str| mentions(sql, name, Dialect::Sqlite);
    let is_own = kind == "trigger" && table.eq_ignore_ascii_case(&end.table);
    let names_column = end.column.as_ref().is_none_or(|column| names(column));
    let takes_it = names_column && sources.iter().any(|source| names(source));
    (!is_own && takes_it).then(|| Dependent {
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
