//! Drops a table together with the functions of its triggers.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::DroppedTable;
use sqlx::Row as _;

use super::drop_tables;
use crate::database::Postgres;
use crate::statements;

/// Selects the functions that nothing but the named triggers of one table needs.
///
/// A function of another role, or of an extension, cannot be dropped, and stays.
const FUNCTIONS: &str = "SELECT DISTINCT p.oid::regprocedure::text FROM pg_trigger t \
    JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.oid = p.pronamespace \
    WHERE n.nspname = $1 AND c.relname = $2 AND t.tgname = ANY($3) AND NOT t.tgisinternal \
    AND pg_has_role(p.proowner, 'USAGE') \
    AND NOT EXISTS (SELECT FROM pg_depend d LEFT JOIN pg_trigger o \
        ON d.classid = 'pg_trigger'::regclass AND o.oid = d.objid \
        WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid \
        AND (o.oid IS NULL OR o.tgrelid <> c.oid)) \
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass \
        AND d.objid = p.oid AND d.deptype = 'e')";

/// Drops a table, and the functions that only MLflow's own triggers of the table call.
pub(crate) async fn drop_table(
    database: &mut Postgres,
    dropped: &DroppedTable,
) -> Result<(), Error> {
    let table = &dropped.table.name;
    let action = format!("removing {table}");
    let functions = match dropped.triggers.as_slice() {
        [] => Vec::new(),
        triggers => functions(database, table, triggers, &action).await?,
    };
    drop_tables(database, std::slice::from_ref(table)).await?;
    for function in functions {
        statements::define(database, format!("DROP FUNCTION {function}"), &action).await?;
    }
    Ok(())
}

async fn functions(
    database: &mut Postgres,
    table: &str,
    triggers: &[String],
    action: &str,
) -> Result<Vec<String>, Error> {
    let query = sqlx::query(FUNCTIONS).bind(database.schema.clone()).bind(table).bind(triggers);
    let functions = match database.line.rows(query.fetch(&mut database.connection)).await {
        Ok(rows) => rows.iter().map(|row| row.try_get::<String, _>(0)).collect(),
        Err(source) => Err(source),
    };
    match functions {
        Ok(functions) => Ok(functions),
        Err(source) => Err(statements::failed(database, action, source).await),
    }
}
