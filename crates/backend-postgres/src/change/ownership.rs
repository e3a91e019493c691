//! The role that owns new tables.

use mlflow_migrate_core::Error;
use sqlx::Row as _;

use crate::database::Postgres;
use crate::render::quote_identifier;
use crate::statements;

/// Gives a new table, its sequences and its triggers' functions to the existing tables' owner.
///
/// MLflow may connect as this owner, and have no privilege on tables of another role.
pub(crate) async fn give_to_owner(
    database: &mut Postgres,
    table: &str,
    action: &str,
) -> Result<(), Error> {
    const OWNER: &str = "SELECT pg_get_userbyid(c.relowner)::text FROM pg_class c \
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 \
        AND c.relname IN ('experiments', $2) AND c.relkind IN ('r', 'p') \
        ORDER BY c.relname DESC LIMIT 1";
    const FUNCTIONS: &str = "SELECT p.oid::regprocedure::text FROM pg_trigger t \
        JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid \
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.oid = p.pronamespace \
        WHERE n.nspname = $1 AND c.relname = $2 AND NOT t.tgisinternal \
        AND pg_get_userbyid(p.proowner) = current_user";
    let version_table = database.version_table().name();
    let query = sqlx::query(OWNER).bind(database.schema.clone()).bind(version_table);
    let owner = match database.line.rows(query.fetch(&mut database.connection)).await {
        Ok(rows) => rows.first().map(|row| row.try_get::<String, _>(0)).transpose(),
        Err(source) => Err(source),
    };
    let owner = match owner {
        Ok(owner) => owner,
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    let Some(owner) = owner.filter(|owner| *owner != database.user) else { return Ok(()) };
    let owner = quote_identifier(&owner);
    let query = sqlx::query(FUNCTIONS).bind(database.schema.clone()).bind(table);
    let functions = match database.line.rows(query.fetch(&mut database.connection)).await {
        Ok(rows) => rows.iter().map(|row| row.try_get::<String, _>(0)).collect(),
        Err(source) => Err(source),
    };
    let functions: Vec<String> = match functions {
        Ok(functions) => functions,
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    for function in functions {
        statements::define(database, format!("ALTER FUNCTION {function} OWNER TO {owner}"), action)
            .await?;
    }
    let table = quote_identifier(table);
    statements::define(database, format!("ALTER TABLE {table} OWNER TO {owner}"), action).await
}
