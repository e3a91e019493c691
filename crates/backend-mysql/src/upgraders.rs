//! Other upgrades of the same database, MLflow's own among them.
//!
//! This tool's take a lock by name. MLflow's chain takes none: its statements that define something are
//! seen while they run, and in between its transaction has `alembic_version` in use.

use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;

use crate::connect::Mysql;
use crate::lock::{lock_name, processes};
use crate::quoting::literal;
use crate::{text_protocol, version_table};

/// How often it is looked whether somebody is still at work.
const LOOK: Duration = Duration::from_millis(200);

/// Statements as MLflow's chain makes them, in this database. SQLAlchemy begins some with a new line. One
/// whose answer is being sent is over.
const DEFINES: &str = "DB = DATABASE() AND COMMAND = 'Query' AND \
                       COALESCE(STATE, '') NOT IN ('Writing to net', 'Sending to client') AND \
                       UPPER(SUBSTRING_INDEX(LTRIM(REPLACE(LEFT(INFO, 40), '\\n', ' ')), ' ', 1)) \
                       IN ('ALTER', 'CREATE', 'DROP', 'RENAME')";

impl Mysql {
    /// Other sessions that upgrade this database, as far as the server tells.
    pub(crate) async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        let work = async {
            let name = lock_name(&mut self.connection).await?;
            let condition = format!("(ID = IS_USED_LOCK({}) OR {DEFINES})", literal(&name));
            processes(&mut self.connection, &condition).await
        };
        let found = work.await;
        self.as_far_as_told(found)
    }

    /// Text of other sessions' that cannot be read, since they are writing it at this moment perhaps, is
    /// no reason to stop.
    fn as_far_as_told(
        &self,
        found: Result<Vec<String>, sqlx::Error>,
    ) -> Result<Vec<String>, Error> {
        match found {
            Err(sqlx::Error::Database(_) | sqlx::Error::Decode(_)) => Ok(Vec::new()),
            found => {
                found.map_err(|source| self.context.error("looking for other upgrades", source))
            }
        }
    }

    /// Waits until MLflow's own upgrade has come to its end.
    pub(crate) async fn wait_for_mlflow(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        loop {
            let found = processes(&mut self.connection, DEFINES).await;
            let found = self.as_far_as_told(found)?;
            if found.is_empty() {
                return self.wait_for_version_table().await;
            }
            if began.elapsed() >= self.lock_wait {
                let (name, waited_seconds) = (self.context.name.clone(), self.lock_wait.as_secs());
                return Err(Error::Locked { name, waited_seconds, holders: found });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits for the end of every transaction that has `alembic_version` in use.
    async fn wait_for_version_table(&mut self) -> Result<(), Error> {
        if version_table::read(&mut self.connection, &self.context).await?.is_none() {
            return Ok(());
        }
        let wait = self.lock_wait.as_secs().max(1);
        let action = "waiting for other upgrades";
        self.run_soon(action, &format!("SET SESSION lock_wait_timeout = {wait}")).await?;
        let locked = text_protocol::run_soon_after(
            &mut self.connection,
            self.lock_wait,
            "LOCK TABLES alembic_version WRITE",
        )
        .await;
        let reset = format!("SET SESSION lock_wait_timeout = {}", self.context.lock_seconds);
        self.run_soon(action, "UNLOCK TABLES").await?;
        self.run_soon(action, &reset).await?;
        match locked.map_err(|source| self.context.error(action, source)) {
            // A user who may not lock tables can still upgrade.
            Ok(_) | Err(Error::Privileges { .. } | Error::AccessDenied { .. }) => Ok(()),
            // Percona XtraDB Cluster may refuse what is one node's own.
            Err(Error::Database { .. }) if self.cluster.has_other_writers() => Ok(()),
            Err(Error::Locked { name, holders, .. }) => {
                let locked = Error::Locked { name, waited_seconds: wait, holders };
                Err(self.name_holders(locked).await)
            }
            Err(error) => Err(error),
        }
    }
}
