//! Sessions, and the lock that keeps other upgraders out.
//!
//! DDL commits whatever transaction is open, so a transaction cannot hold an upgrade together. A
//! named lock can: the server releases it with the connection, however that ends. Where several nodes
//! take writes, a row is claimed besides (see `claim`).

use std::time::Instant;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;

use crate::connect::Mysql;
use crate::connection::Connection;
use crate::error::server_error;
use crate::quoting::literal;
use crate::text_protocol::{self, TextRow, cell};

/// The longest name of a lock that MySQL 5.7 takes.
const MAX_NAME: usize = 64;

/// How many holders of a lock are named.
const MAX_HOLDERS: usize = 5;

const SNAPSHOT: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Variables that keep a server from being written, in the order in which they tell most.
const READ_ONLY: [&str; 5] =
    ["innodb_read_only", "super_read_only", "read_only", "tx_read_only", "transaction_read_only"];

impl Mysql {
    pub(crate) async fn begin_session(&mut self, access: SessionMode) -> Result<(), Error> {
        match access {
            SessionMode::Read => {
                // For this transaction only: a snapshot is one only with it (see `login::settings`).
                let level = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
                self.run_soon("beginning to read", level).await?;
                self.run_soon("beginning to read", SNAPSHOT).await?;
            }
            SessionMode::Upgrade => {
                self.refuse_read_only().await?;
                self.refuse_apart()?;
                self.watch();
                let until = Instant::now() + self.lock_wait;
                self.take_lock().await?;
                self.take_claim(until).await?;
                let waited = self.wait_for_mlflow().await;
                if waited.is_err() {
                    // The first error is the one to tell.
                    let _ = self.release_claim().await;
                }
                return waited;
            }
        }
        self.in_transaction = true;
        Ok(())
    }

    pub(crate) async fn commit_session(&mut self) -> Result<(), Error> {
        self.end_session("COMMIT").await
    }

    pub(crate) async fn rollback_session(&mut self) -> Result<(), Error> {
        self.end_session("ROLLBACK").await
    }

    /// Ends what goes on beside the session, too, whatever fails.
    async fn end_session(&mut self, statement: &str) -> Result<(), Error> {
        if let Some(watch) = self.watch.take() {
            watch.end().await;
        }
        let ended = self.end_transaction(statement).await;
        let released = self.release_claim().await;
        ended?;
        released?;
        self.release_lock().await
    }

    pub(crate) async fn begin_transaction(&mut self) -> Result<(), Error> {
        self.run_soon("beginning a transaction", "START TRANSACTION").await?;
        self.in_transaction = true;
        Ok(())
    }

    pub(crate) async fn end_transaction(&mut self, statement: &str) -> Result<(), Error> {
        if self.in_transaction {
            self.in_transaction = false;
            self.run("ending a transaction", statement).await?;
        }
        Ok(())
    }

    /// Runs a statement that takes no values.
    pub(crate) async fn run(&mut self, action: &str, sql: &str) -> Result<(), Error> {
        let done = text_protocol::run(&mut self.connection, sql).await;
        done.map(|_| ()).map_err(|source| self.context.error(action, source))
    }

    /// Runs a statement that is soon done.
    pub(crate) async fn run_soon(&mut self, action: &str, sql: &str) -> Result<(), Error> {
        let done = text_protocol::run_soon(&mut self.connection, sql).await;
        done.map(|_| ()).map_err(|source| self.context.error(action, source))
    }

    /// An administrator may write to a read-only server, but a replica must not get a schema of its
    /// own.
    async fn refuse_read_only(&mut self) -> Result<(), Error> {
        let names = READ_ONLY.map(literal).join(", ");
        let sql = format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})");
        let found = text_protocol::rows(&mut self.connection, sql).await;
        let found = found.map_err(|source| self.context.error("looking for read_only", source))?;
        let is_set = |name: &&&str| {
            let mut rows = found.iter();
            // MariaDB 12 knows ON, NO_LOCK and NO_LOCK_NO_ADMIN.
            rows.any(|row| cell(row, 0) == **name && !matches!(cell(row, 1), "OFF" | "0" | ""))
        };
        match READ_ONLY.iter().find(is_set) {
            Some(name) => Err(self.context.read_only(&format!("the server is set to {name}"))),
            None => Ok(()),
        }
    }

    async fn take_lock(&mut self) -> Result<(), Error> {
        let action = "taking the lock of an upgrade";
        let waited_seconds = self.lock_wait.as_secs();
        let work = async {
            let name = lock_name(&mut self.connection).await?;
            let sql = format!("SELECT GET_LOCK({}, {waited_seconds})", literal(&name));
            let got = text_protocol::value_after(&mut self.connection, self.lock_wait, sql).await?;
            if got.as_deref() == Some("1") {
                return Ok((name, None));
            }
            let condition = format!("ID = IS_USED_LOCK({})", literal(&name));
            // Text of another session's may be one that the server cannot convert.
            let holders = processes(&mut self.connection, &condition).await.or_else(untold)?;
            Ok((name, Some(holders)))
        };
        let taken: Result<_, sqlx::Error> = work.await;
        // Percona XtraDB Cluster may refuse what is one node's own; the row is claimed all the same.
        if self.cluster.has_other_writers() && taken.as_ref().err().and_then(server_error).is_some()
        {
            return Ok(());
        }
        match taken.map_err(|source| self.context.error(action, source))? {
            (name, None) => self.lock = Some(name),
            (_, Some(holders)) => {
                let name = self.context.name.clone();
                return Err(Error::Locked { name, waited_seconds, holders });
            }
        }
        Ok(())
    }

    async fn release_lock(&mut self) -> Result<(), Error> {
        match self.lock.take() {
            Some(name) => {
                let sql = format!("DO RELEASE_LOCK({})", literal(&name));
                self.run_soon("releasing the lock of an upgrade", &sql).await
            }
            None => Ok(()),
        }
    }

    /// Names those who may hold the lock that a statement has waited for in vain.
    pub(crate) async fn name_holders(&mut self, error: Error) -> Error {
        match error {
            Error::Locked { name, waited_seconds, holders } if holders.is_empty() => {
                let is_ready = self.cluster.is_ready(&mut self.connection).await;
                if matches!(is_ready, Ok(false)) {
                    return self.context.apart();
                }
                let waits = self.claim.is_some();
                let _ = self.cluster.wait_for_others(&mut self.connection, waits).await;
                // Not being able to tell who it is must not hide that there is somebody.
                let holders = holders_of_locks(&mut self.connection).await.unwrap_or_default();
                Error::Locked { name, waited_seconds, holders }
            }
            error => error,
        }
    }
}

/// Nothing, where the server or its text is what fails.
fn untold(error: sqlx::Error) -> Result<Vec<String>, sqlx::Error> {
    match error {
        sqlx::Error::Database(_) | sqlx::Error::Decode(_) => Ok(Vec::new()),
        error => Err(error),
    }
}

/// The server's locks have one name space for all of its databases.
pub(crate) async fn lock_name(connection: &mut Connection) -> Result<String, sqlx::Error> {
    let database = text_protocol::value(connection, "SELECT DATABASE()").await?.unwrap_or_default();
    let readable = format!("mlflow_migrate.{database}");
    let is_short = readable.chars().count() <= MAX_NAME;
    Ok(if is_short { readable } else { format!("mlflow_migrate.#{:016x}", fnv_1a(&database)) })
}

/// A hash that is the same in every release, on every machine and on every server: no server has
/// all of MD5, SHA1 and SHA2.
fn fnv_1a(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Other connections that hold a lock on a table of this database, as far as the server tells: by
/// its list of metadata locks, else by its list of transactions, else all that use the database.
async fn holders_of_locks(connection: &mut Connection) -> Result<Vec<String>, sqlx::Error> {
    let in_metadata_locks = "ID IN (SELECT t.PROCESSLIST_ID \
        FROM performance_schema.metadata_locks AS l \
        JOIN performance_schema.threads AS t ON t.THREAD_ID = l.OWNER_THREAD_ID \
        WHERE l.LOCK_STATUS = 'GRANTED' AND l.OBJECT_TYPE = 'TABLE' \
        AND l.OBJECT_SCHEMA = DATABASE())";
    let in_transactions = "ID IN (SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX) \
        AND DB = DATABASE()";
    for condition in [in_metadata_locks, in_transactions] {
        match processes(connection, condition).await {
            Ok(holders) if !holders.is_empty() => return Ok(holders),
            // No such list, or no privilege to see it.
            Ok(_) | Err(sqlx::Error::Database(_)) => {}
            Err(source) => return Err(source),
        }
    }
    processes(connection, "DB = DATABASE()").await
}

/// Other connections in a line each. Of a statement only the first word is shown.
pub(crate) async fn processes(
    connection: &mut Connection,
    condition: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = format!(
        "SELECT ID, USER, HOST, COMMAND, TIME, STATE, \
         SUBSTRING_INDEX(LTRIM(LEFT(INFO, 40)), ' ', 1) \
         FROM information_schema.PROCESSLIST \
         WHERE ID <> CONNECTION_ID() AND {condition} ORDER BY TIME DESC LIMIT {MAX_HOLDERS}"
    );
    let found = text_protocol::rows(connection, sql).await?;
    Ok(found.iter().map(describe).collect())
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
    use super::{describe, fnv_1a};

    #[test]
    fn the_hash_is_the_standard_one() {
        assert_eq!(fnv_1a("foobar"), 0x85944171f73967e8);
    }

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
