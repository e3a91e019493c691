//! Finds the connections that hold a lock.

use mlflow_migrate_core::Error;

use crate::connection::Connection;
use crate::database::Mysql;
use crate::text_protocol::{self, TextRow, cell};

/// How many holders of a lock are named.
const MAX_HOLDERS: usize = 5;

/// Adds the connections that may hold a lock to an error about that lock.
pub(crate) async fn naming_holders<T>(
    database: &mut Mysql,
    done: Result<T, Error>,
) -> Result<T, Error> {
    match done {
        Err(error) => Err(name_holders(database, error).await),
        done => done,
    }
}

/// Adds the possible holders to the error of a statement whose lock wait timed out.
pub(super) async fn name_holders(database: &mut Mysql, error: Error) -> Error {
    match error {
        Error::Locked { name, waited_seconds, holders } if holders.is_empty() => {
            let is_ready = database.cluster.is_ready(&mut database.connection).await;
            if matches!(is_ready, Ok(false)) {
                return database.context.apart();
            }
            let waits = database.claim.is_some();
            let _ = database.cluster.wait_for_others(&mut database.connection, waits).await;
            // An unknown holder must not hide the fact that the lock is held.
            let holders = holders_of_locks(&mut database.connection, "").await.unwrap_or_default();
            Error::Locked { name, waited_seconds, holders }
        }
        error => error,
    }
}

/// Returns other connections than `own` that hold a lock on a table of this database.
///
/// Reads the server's list of metadata locks, else its list of transactions. Where both are empty
/// or missing, returns all connections that use the database.
pub(super) async fn holders_of_locks(
    connection: &mut Connection,
    own: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let others = if own.is_empty() { String::new() } else { format!("ID NOT IN ({own}) AND ") };
    let in_metadata_locks = "ID IN (SELECT t.PROCESSLIST_ID \
        FROM performance_schema.metadata_locks AS l \
        JOIN performance_schema.threads AS t ON t.THREAD_ID = l.OWNER_THREAD_ID \
        WHERE l.LOCK_STATUS = 'GRANTED' AND l.OBJECT_TYPE = 'TABLE' \
        AND l.OBJECT_SCHEMA = DATABASE())";
    let in_transactions = "ID IN (SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX) \
        AND DB = DATABASE()";
    for condition in [in_metadata_locks, in_transactions] {
        match processes(connection, &format!("{others}{condition}")).await {
            Ok(holders) if !holders.is_empty() => return Ok(holders),
            // The server has no such list, or the user lacks the privilege to see it.
            Ok(_) | Err(sqlx::Error::Database(_)) => {}
            Err(source) => return Err(source),
        }
    }
    processes(connection, &format!("{others}DB = DATABASE()")).await
}

/// Describes other connections, one a line, each with only the first word of its statement.
pub(super) async fn processes(
    connection: &mut Connection,
    condition: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let found = text_protocol::rows(connection, list(condition)).await?;
    Ok(found.iter().map(describe).collect())
}

fn list(condition: &str) -> String {
    format!(
        "SELECT ID, USER, HOST, COMMAND, TIME, STATE, \
         SUBSTRING_INDEX(LTRIM(LEFT(INFO, 40)), ' ', 1) \
         FROM information_schema.PROCESSLIST \
         WHERE ID <> CONNECTION_ID() AND {condition} ORDER BY TIME DESC LIMIT {MAX_HOLDERS}"
    )
}

/// Returns the numbers of the connections that meet a condition, each with its description.
pub(super) async fn numbered(
    connection: &mut Connection,
    condition: &str,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let found = text_protocol::rows(connection, list(condition)).await?;
    Ok(found.iter().map(|row| (cell(row, 0).to_owned(), describe(row))).collect())
}

fn describe(row: &TextRow) -> String {
    let mut line = format!("connection {} of {}@{}", cell(row, 0), cell(row, 1), cell(row, 2));
    line += &format!(" ({} for {} s", cell(row, 3), cell(row, 4));
    for detail in [cell(row, 6), cell(row, 5)] {
        if !detail.is_empty() {
            line += &format!(", {detail}");
        }
    }
    line + ")"
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn a_holder_is_one_line() {
        let cells = ["7", "me", "10.0.0.1:5", "Query", "3", "altering table", "ALTER"];
        let row = cells.iter().map(|cell| Some((*cell).to_owned())).collect();
        let expected = "connection 7 of me@10.0.0.1:5 (Query for 3 s, ALTER, altering table)";
        assert_eq!(describe(&row), expected);
        let idle = vec![Some("8".into()), Some("me".into()), None, Some("Sleep".into()), None];
        assert_eq!(describe(&idle), "connection 8 of me@ (Sleep for  s)");
    }
}
