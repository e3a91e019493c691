//! Ends exchanges that were interrupted.
//!
//! Each exchange is atomic: the server makes it or does not, whenever it dies. So the rows are
//! either in their table or in the partition. In the second case the table is empty, with or
//! without its new CHECK, and the rows come back by one more exchange. Afterwards the table lacks
//! at most foreign keys and CHECKs, which the rest of the step adds.

use mlflow_migrate_core::Error;

use super::left;
use super::parts::exchange;
use crate::database::Mysql;
use crate::quoting::{literal, quote};
use crate::text_protocol;

/// Brings rows back from partitioned tables, and drops these tables.
pub(crate) async fn restore(database: &mut Mysql) -> Result<(), Error> {
    for (partitioned, table) in left(database).await? {
        if has_rows(database, &partitioned).await? {
            let lock =
                format!("LOCK TABLES {} WRITE, {} WRITE", quote(&partitioned), quote(&table));
            database.run_soon(&action(&table), &lock).await?;
            let done = bring_back(database, &partitioned, &table).await;
            let unlocked = database.run_soon("unlocking tables", "UNLOCK TABLES").await;
            done?;
            unlocked?;
        }
        let drop = format!("DROP TABLE IF EXISTS {}", quote(&partitioned));
        database.run(&action(&table), &drop).await?;
    }
    Ok(())
}

fn action(table: &str) -> String {
    format!("bringing back the rows of {table}")
}

/// Exchanges the rows again, with those that other sessions have written to the empty table.
async fn bring_back(database: &mut Mysql, partitioned: &str, table: &str) -> Result<(), Error> {
    if has_rows(database, table).await? {
        let sql = format!(
            "SELECT COLUMN_NAME FROM information_schema.STATISTICS \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {} AND INDEX_NAME = 'PRIMARY' \
             AND SEQ_IN_INDEX = 1",
            literal(table)
        );
        let key = text_protocol::value(&mut database.connection, sql).await;
        let key = key.map_err(|source| database.context.error(&action(table), source))?;
        let key = quote(&key.unwrap_or_default());
        // A row that exists in both tables stays as it was before.
        let sql = format!(
            "INSERT INTO {partitioned} SELECT * FROM {} ON DUPLICATE KEY UPDATE \
             {partitioned}.{key} = {partitioned}.{key}",
            quote(table),
            partitioned = quote(partitioned),
        );
        database.run(&action(table), &sql).await?;
    }
    database.run(&action(table), &exchange(partitioned, table)).await
}

async fn has_rows(database: &mut Mysql, table: &str) -> Result<bool, Error> {
    let sql = format!("SELECT 1 FROM {} LIMIT 1", quote(table));
    let found = text_protocol::value_of_tables(&mut database.connection, sql).await;
    let found = found.map_err(|source| database.context.error(&action(table), source))?;
    Ok(found.is_some())
}
