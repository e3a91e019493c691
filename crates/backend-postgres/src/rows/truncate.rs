//! Empties tables with `TRUNCATE`.

use mlflow_migrate_core::Error;
use sea_query::SelectStatement;

use crate::database::Postgres;
use crate::render::{quote_identifier, quote_literal};
use crate::statements;

/// Runs `TRUNCATE` where it has the effect of `DELETE`, and returns the number of rows removed.
///
/// The table must have no trigger, rule or row-level security. No foreign key may refer to the
/// table, and no table may inherit from it. `others` selects the rows to keep. Returns `None` where
/// `DELETE` is needed.
pub(crate) async fn truncate(
    database: &mut Postgres,
    table: &'static str,
    others: SelectStatement,
) -> Result<Option<u64>, Error> {
    let action = format!("emptying {table}");
    let quoted = quote_identifier(table);
    let sql = format!(
        "SELECT (has_table_privilege(c.oid, 'TRUNCATE') AND NOT c.relrowsecurity \
         AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) \
         AND NOT EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid) \
         AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.confrelid = c.oid) \
         AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid))::int::int8 \
         FROM pg_class c WHERE c.oid = {}::regclass",
        quote_literal(&quoted)
    );
    if statements::count(database, sql, &action).await? == 0 {
        return Ok(None);
    }
    statements::run_soon(
        database,
        format!("LOCK TABLE {quoted} IN ACCESS EXCLUSIVE MODE"),
        &action,
    )
    .await?;
    if !super::query(database, &others).await?.is_empty() {
        return Ok(None);
    }
    let rows =
        statements::count(database, format!("SELECT count(*) FROM {quoted}"), &action).await?;
    statements::run(database, format!("TRUNCATE TABLE {quoted}"), &action).await?;
    Ok(Some(rows.unsigned_abs()))
}
