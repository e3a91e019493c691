//! Alembic's version table.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::history::version_table::{Fault, MOST_CHARACTERS, MOST_ROWS};
use sqlx::{AssertSqlSafe, Row as _};

use crate::change::ownership;
use crate::database::Postgres;
use crate::error::from_server;
use crate::preflight::code_of_others;
use crate::render::quote_identifier;
use crate::statements;

/// `undefined_column`
const UNDEFINED_COLUMN: &str = "42703";

/// Returns the revisions in the version table; `None` if the table does not exist.
pub(crate) async fn read(database: &mut Postgres) -> Result<Option<Vec<String>>, Error> {
    let table = database.version_table();
    let action = &format!("reading {table}");
    if !has_version_table(database).await? {
        return Ok(None);
    }
    let sql = format!(
        "SELECT left(version_num::text, {MOST_CHARACTERS}) FROM {table} \
         ORDER BY version_num LIMIT {MOST_ROWS} + 1"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut database.connection);
    let rows = match database.line.rows(rows).await {
        Ok(rows) => rows,
        Err(source) if from_server(&source).is_some_and(|it| it.code() == UNDEFINED_COLUMN) => {
            return Err(Fault::NoColumn.of(table, database.name.clone()));
        }
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    if rows.len() > MOST_ROWS {
        return Err(Fault::TooMany.of(table, database.name.clone()));
    }
    let versions: Result<Vec<Option<String>>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let versions = versions.map_err(|source| database.context().error(action, source))?;
    let versions: Option<Vec<String>> = versions.into_iter().collect();
    versions.map(Some).ok_or_else(|| Fault::Null.of(table, database.name.clone()))
}

/// Replaces the content of the version table.
///
/// # Errors
/// If that would call code of another role, or the server refuses it.
pub(crate) async fn write(database: &mut Postgres, revision: Option<&str>) -> Result<(), Error> {
    let version_table = database.version_table();
    let action = &format!("writing {version_table}");
    code_of_others::refuse_calls_of_version_table(database).await?;
    if !has_version_table(database).await? {
        statements::define(database, version_table.create(), action).await?;
        ownership::give_to_owner(database, version_table.name(), action).await?;
    }
    let table = quote_identifier(version_table.name());
    let rows =
        statements::number(database, format!("SELECT count(*) FROM {table}"), action).await?;
    // The table may have more columns, whose values stay.
    let write = match (revision, rows) {
        (Some(_), 1) => format!("UPDATE {table} SET version_num = $1"),
        _ => {
            statements::run_soon(database, format!("DELETE FROM {table}"), action).await?;
            format!("INSERT INTO {table} (version_num) VALUES ($1)")
        }
    };
    let Some(revision) = revision else { return Ok(()) };
    let written =
        sqlx::query(AssertSqlSafe(write)).bind(revision).execute(&mut database.connection);
    match database.line.brief(written).await {
        Ok(_) => Ok(()),
        Err(source) => Err(statements::failed(database, action, source).await),
    }
}

async fn has_version_table(database: &mut Postgres) -> Result<bool, Error> {
    let table = database.version_table();
    let action = &format!("looking for {table}");
    let sql = format!(
        "SELECT c.relkind IN ('r', 'p') FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relname = '{table}' \
         AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(database.schema.clone());
    let found = match database.line.rows(query.fetch(&mut database.connection)).await {
        Ok(rows) => rows,
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    let Some(row) = found.first() else { return Ok(false) };
    match row.try_get(0) {
        Ok(true) => Ok(true),
        Ok(false) => Err(Fault::View.of(table, database.name.clone())),
        Err(source) => Err(database.context().error(action, source)),
    }
}
