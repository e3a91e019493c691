//! Finds texts that are not UTF-8, in a database whose encoding is SQL_ASCII.
//!
//! The server does not check texts when it stores them, and refuses to send invalid ones.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::RowProblem;
use mlflow_migrate_core::plan::Plan;
use mlflow_migrate_core::schema::{Column, ColumnType, Schema, Table};
use sqlx::{AssertSqlSafe, Row as _};

use crate::database::Postgres;
use crate::render::quote_identifier;
use crate::statements;

/// Matches valid UTF-8, each byte as two hexadecimal digits (Unicode 15, table 3-7).
const VALID: &str = "^([0-7][0-9a-f]\
    |(c[2-9a-f]|d[0-9a-f])[89ab][0-9a-f]\
    |e0[ab][0-9a-f][89ab][0-9a-f]\
    |(e[1-9abcef]([89ab][0-9a-f])|ed[89][0-9a-f])[89ab][0-9a-f]\
    |(f0[9ab][0-9a-f]|f[123][89ab][0-9a-f]|f48[0-9a-f])([89ab][0-9a-f]){2})*$";

/// The number of rows that a message names.
const NAMED: usize = 20;

/// Refuses texts that a data migration of the plan would have to read, but cannot.
pub(crate) async fn check(
    database: &mut Postgres,
    plan: &Plan,
    live: &Schema,
) -> Result<(), Error> {
    let action = "reading the encoding of the database";
    if texts(database, "SHOW server_encoding".to_owned(), action).await? != ["SQL_ASCII"] {
        return Ok(());
    }
    let mut findings = Vec::new();
    for (revision, migration) in plan.migrations() {
        for (table, columns) in migration.reads() {
            let Some(table) = live.table(table) else { continue };
            let is_read = |column: &&Column| {
                columns.contains(&column.name.as_str()) && is_text(&column.column_type)
            };
            for column in table.columns.iter().filter(is_read) {
                findings.extend(invalid_texts(database, revision, table, &column.name).await?);
            }
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(Error::Refused { findings }) }
}

async fn invalid_texts(
    database: &mut Postgres,
    revision: &str,
    table: &Table,
    column: &str,
) -> Result<Option<RowProblem>, Error> {
    let action = format!("checking the texts of {}", table.name);
    let keys: Vec<String> = table.key_columns().iter().map(|key| quote_identifier(key)).collect();
    let key = match keys.as_slice() {
        [] => "ctid::text".to_owned(),
        keys => format!("concat_ws(', ', {})", keys.join(", ")),
    };
    let rows = format!(
        "FROM {} WHERE encode(convert_to({}::text, 'SQL_ASCII'), 'hex') !~ '{VALID}'",
        quote_identifier(&table.name),
        quote_identifier(column)
    );
    // The key may hold invalid bytes too, so the server sends it escaped.
    let shown = format!("encode(convert_to({key}, 'SQL_ASCII'), 'escape')");
    let count = statements::count(database, format!("SELECT count(*) {rows}"), &action).await?;
    let Some(count) = u64::try_from(count).ok().filter(|count| *count > 0) else {
        return Ok(None);
    };
    let first = format!("SELECT {shown} {rows} ORDER BY 1 LIMIT {NAMED}");
    Ok(Some(RowProblem {
        revision: revision.to_owned(),
        problem: format!("{}.{column} holds bytes that are not UTF-8", table.name),
        count,
        rows: texts(database, first, &action).await?,
        query: Some(format!("SELECT {shown} {rows}")),
        is_skippable: false,
    }))
}

async fn texts(database: &mut Postgres, sql: String, action: &str) -> Result<Vec<String>, Error> {
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    let rows = match database.line.long(query.fetch_all(&mut database.connection)).await {
        Ok(rows) => rows,
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    let texts: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    texts.map_err(|source| database.context().error(action, source))
}

fn is_text(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Varchar(_)
            | ColumnType::Text
            | ColumnType::MediumText
            | ColumnType::LongText
            | ColumnType::Json
    )
}
