//! Finds the sessions that have tables open, which a change of these tables would wait for.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableUser;

use super::holders::numbered;
use crate::database::Mysql;
use crate::quoting::literal;
use crate::text_protocol;

/// Returns other connections that have one of these tables open in a transaction.
///
/// Without the server's list of metadata locks, its list of transactions names the connections, but
/// not their tables.
pub(crate) async fn table_users(
    database: &mut Mysql,
    tables: &[String],
) -> Result<Vec<TableUser>, Error> {
    let names: Vec<String> = tables.iter().map(|table| literal(table)).collect();
    let in_metadata_locks = format!(
        "ID IN (SELECT t.PROCESSLIST_ID FROM performance_schema.metadata_locks AS l \
         JOIN performance_schema.threads AS t ON t.THREAD_ID = l.OWNER_THREAD_ID \
         WHERE l.LOCK_STATUS = 'GRANTED' AND l.OBJECT_TYPE = 'TABLE' \
         AND l.OBJECT_SCHEMA = DATABASE() AND l.OBJECT_NAME IN ({}))",
        names.join(", ")
    );
    let in_transactions = "ID IN (SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX) \
                           AND DB = DATABASE()";
    let condition =
        if lists_metadata_locks(database).await { &in_metadata_locks } else { in_transactions };
    match numbered(&mut database.connection, condition).await {
        Ok(found) => Ok(found.into_iter().map(user).collect()),
        // The user lacks the privilege to see the list.
        Err(sqlx::Error::Database(_) | sqlx::Error::Decode(_)) => Ok(Vec::new()),
        Err(source) => Err(database.context.error("looking for other connections", source)),
    }
}

/// Returns whether the server lists metadata locks, and the user may see the list.
///
/// A list that is kept has the lock of the statement that reads it.
async fn lists_metadata_locks(database: &mut Mysql) -> bool {
    let sql = "SELECT COUNT(*) FROM performance_schema.metadata_locks";
    let count = text_protocol::value(&mut database.connection, sql).await.ok().flatten();
    count.and_then(|count| count.parse().ok()).is_some_and(|count: u64| count > 0)
}

fn user((id, session): (String, String)) -> TableUser {
    TableUser { session, end: format!("KILL {id}") }
}
