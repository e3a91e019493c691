//! Finds the tables whose rows row-level security hides from the user.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use sqlx::Row as _;

use super::rollback::rollback;
use crate::database::Postgres;
use crate::render::{quote_identifier, quote_literal};

/// A table with rows that the user may not see.
pub(crate) struct Hidden {
    pub(crate) table: String,
    /// Whether the user has the owner's rights. An owner is subject to policies only with FORCE.
    is_owned: bool,
}

/// Rolls back, and returns the error for a statement that row-level security has made fail.
pub(crate) async fn after(database: &mut Postgres, action: &str, source: sqlx::Error) -> Error {
    let hidden = match rollback(database).await {
        Ok(()) => tables(database).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    if hidden.is_empty() {
        database.context().error(action, source)
    } else {
        error(database, &hidden)
    }
}

/// Returns the tables with hidden rows.
pub(crate) async fn tables(database: &mut Postgres) -> sqlx::Result<Vec<Hidden>> {
    let sql = format!(
        "SELECT c.relname::text, pg_has_role(c.relowner, 'USAGE') FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relkind IN ('r', 'p') AND row_security_active(c.oid) ORDER BY 1",
        quote_literal(&database.schema)
    );
    let rows = super::look(database, &sql).await?;
    let read = |row: &sqlx::postgres::PgRow| {
        Ok(Hidden { table: row.try_get(0)?, is_owned: row.try_get(1)? })
    };
    rows.iter().map(read).collect()
}

/// Builds the error that names the tables, and explains how the user can see their rows.
pub(crate) fn error(database: &Postgres, hidden: &[Hidden]) -> Error {
    let schema = quote_identifier(&database.schema);
    let alter = |verb: &str| {
        let owned = hidden.iter().filter(|it| it.is_owned);
        let statement = |it: &Hidden| {
            let table = quote_identifier(&it.table);
            format!("ALTER TABLE {schema}.{table} {verb} ROW LEVEL SECURITY")
        };
        owned.map(statement).collect::<Vec<_>>().join("; ")
    };
    let bypass = format!(
        "a superuser can let {user} see all rows: `ALTER ROLE {role} BYPASSRLS;`, and afterwards \
         `ALTER ROLE {role} NOBYPASSRLS;`",
        user = database.user,
        role = quote_identifier(&database.user)
    );
    let remedy = if hidden.iter().all(|it| it.is_owned) {
        format!(
            "the database is unchanged; run `{};`, upgrade, and run `{};`; or {bypass}",
            alter("NO FORCE"),
            alter("FORCE")
        )
    } else {
        format!("the database is unchanged; upgrade as the owner of these tables, or {bypass}")
    };
    let missing = hidden.iter().map(|it| {
        let forced = if it.is_owned { "forced " } else { "" };
        format!("the right to see all rows of {} ({forced}row-level security)", it.table)
    });
    Error::Privileges {
        name: database.name.clone(),
        user: database.user.clone(),
        missing: missing.collect(),
        remedy: Remedy::Words(remedy),
    }
}
