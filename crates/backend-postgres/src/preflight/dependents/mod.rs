//! Finds objects that depend on a column that a plan changes or drops, or on a table that it drops.
//!
//! PostgreSQL refuses to change a column's type, or to drop the column, under a view, a policy or
//! another dependent in its catalog. Without this check, the refusal would come in the middle of
//! the upgrade. The plan already covers what PostgreSQL drops together with a column.

mod disturbed;
mod queries;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Ending, Plan, TableChange};
use mlflow_migrate_core::schema::{Dependent, Schema};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use self::disturbed::{Fate, changes_rows, disturbed_columns, replaced_keys};
use self::queries::{DEPENDENTS, OF_KEYS, OF_ROW_TYPES, OF_TABLES};
use crate::database::Postgres;
use crate::statements;

const ACTION: &str = "looking for what depends on columns and tables";

/// A dependent, and the changes that the server refuses because of it.
struct Found {
    table: String,
    column: String,
    /// Whether the server refuses to drop the column. False if core finds the dependent.
    keeps_column: bool,
    /// Whether the server refuses to change the column's type.
    keeps_type: bool,
    /// Whether the server refuses to rename the column.
    keeps_name: bool,
    dependent: Dependent,
}

impl Found {
    /// Returns whether the server refuses this change of the column.
    fn keeps(&self, fate: Fate) -> bool {
        match fate {
            Fate::IsDropped => self.keeps_column,
            Fate::GetsAnotherType => self.keeps_type,
            Fate::GetsAnotherName => self.keeps_name,
        }
    }
}

/// Finds what depends on the columns, keys and row types that a plan changes.
pub(crate) async fn check(
    database: &mut Postgres,
    plan: &Plan,
    live: &Schema,
) -> Result<Vec<Error>, Error> {
    let rows = statements::catalog(database, DEPENDENTS, ACTION).await?;
    let read = |row: &PgRow| {
        Ok(Found {
            table: row.try_get(0)?,
            column: row.try_get(1)?,
            keeps_column: row.try_get(2)?,
            keeps_type: row.try_get(3)?,
            keeps_name: row.try_get(4)?,
            dependent: Dependent { object: row.try_get(5)?, remedy: Some(row.try_get(6)?) },
        })
    };
    let found: sqlx::Result<Vec<Found>> = rows.iter().map(read).collect();
    let found = found.map_err(|source| database.context().error(ACTION, source))?;
    let mut problems = Vec::new();
    for change in plan.changes() {
        for disturbed in disturbed_columns(change, live) {
            let is_in_the_way = |found: &&Found| {
                found.table == change.after.name
                    && found.column == disturbed.column
                    && found.keeps(disturbed.fate)
            };
            let dependents: Vec<Dependent> =
                found.iter().filter(is_in_the_way).map(|it| it.dependent.clone()).collect();
            let part = format!("column {}", disturbed.column);
            problems.extend(refusal(change, part, disturbed.fate.words(), dependents));
        }
    }
    problems.extend(check_keys(database, plan).await?);
    problems.extend(check_row_types(database, plan, live).await?);
    problems.extend(check_dropped_tables(database, plan).await?);
    Ok(problems)
}

/// Finds what keeps the server from dropping tables.
async fn check_dropped_tables(database: &mut Postgres, plan: &Plan) -> Result<Vec<Error>, Error> {
    if plan.dropped_tables().next().is_none() {
        return Ok(Vec::new());
    }
    let mut found: Vec<[String; 3]> = rows_of_texts(database, OF_TABLES).await?;
    found.extend(rows_of_texts(database, OF_ROW_TYPES).await?);
    let refused = plan.dropped_tables().filter_map(|table| {
        let of_table = found.iter().filter(|[name, ..]| *name == table.name);
        let dependents = of_table.map(|[_, object, remedy]| dependent(object, remedy));
        let end = Ending { table: table.name.clone(), column: None, renamed_to: None };
        end.refusal(dependents.collect())
    });
    Ok(refused.collect())
}

/// Finds what depends on keys that a plan drops.
async fn check_keys(database: &mut Postgres, plan: &Plan) -> Result<Vec<Error>, Error> {
    let found: Vec<[String; 4]> = rows_of_texts(database, OF_KEYS).await?;
    let mut problems = Vec::new();
    for change in plan.changes() {
        for key in replaced_keys(change) {
            let of_key = found
                .iter()
                .filter(|[table, name, ..]| *table == change.after.name && *name == key);
            let dependents = of_key.map(|[_, _, object, remedy]| dependent(object, remedy));
            let part = format!("key {key}");
            problems.extend(refusal(change, part, "is replaced", dependents.collect()));
        }
    }
    Ok(problems)
}

/// Finds columns that hold whole rows of tables whose rows change.
async fn check_row_types(
    database: &mut Postgres,
    plan: &Plan,
    live: &Schema,
) -> Result<Vec<Error>, Error> {
    let found: Vec<[String; 3]> = rows_of_texts(database, OF_ROW_TYPES).await?;
    let changed = plan.changes().filter(|change| changes_rows(change, live));
    let refused = changed.filter_map(|change| {
        let of_table = found.iter().filter(|[table, ..]| *table == change.after.name);
        let dependents = of_table.map(|[_, object, remedy]| dependent(object, remedy));
        refusal(change, "the row type".to_owned(), "changes", dependents.collect())
    });
    Ok(refused.collect())
}

async fn rows_of_texts<const N: usize>(
    database: &mut Postgres,
    sql: &'static str,
) -> Result<Vec<[String; N]>, Error> {
    let mut found = Vec::new();
    for row in statements::catalog(database, sql, ACTION).await? {
        let mut texts = [const { String::new() }; N];
        for (position, text) in texts.iter_mut().enumerate() {
            *text = row.try_get(position).map_err(|it| database.context().error(ACTION, it))?;
        }
        found.push(texts);
    }
    Ok(found)
}

fn dependent(object: &str, remedy: &str) -> Dependent {
    Dependent { object: object.to_owned(), remedy: Some(remedy.into()) }
}

fn refusal(
    change: &TableChange,
    part: String,
    fate: &str,
    dependents: Vec<Dependent>,
) -> Option<Error> {
    let (table, part, fate) = (change.after.name.clone(), Some(part), fate.to_owned());
    (!dependents.is_empty()).then_some(Error::Dependents { table, part, fate, dependents })
}
