//! Other upgrades of the same database, MLflow's own among them.
//!
//! This tool's hold an advisory lock. MLflow's chain takes none, but its transaction begins by reading
//! `alembic_version`, so until it ends it has that table in use.

use mlflow_migrate_core::Error;

use crate::connect::Postgres;
use crate::render::{quote_identifier, quote_literal};
use crate::version_table::VERSION_TABLE;

impl Postgres {
    /// Other sessions that upgrade this schema: those that hold the lock of an upgrade, or have changed
    /// something about tables in a transaction that is still open.
    pub(crate) async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        let condition = format!(
            "({} OR a.backend_type = 'client backend' AND l.locktype = 'relation' \
             AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock') AND {})",
            self.is_upgrade_lock(),
            self.is_own_table()
        );
        self.sessions_with(&condition).await
    }

    /// Waits until nobody has `alembic_version` in use, and keeps others from writing to it from then on:
    /// Alembic does so at the end of every revision, while servers only read it.
    pub(crate) async fn lock_version_table(&mut self) -> Result<(), Error> {
        let is_writable = format!(
            "SELECT count(*) FROM pg_class WHERE oid = to_regclass({}) AND relkind = 'r' \
             AND has_table_privilege(oid, 'UPDATE')",
            quote_literal(VERSION_TABLE)
        );
        let action = "locking alembic_version";
        if self.number(is_writable, action).await? == 0 {
            return Ok(());
        }
        let table = quote_identifier(VERSION_TABLE);
        // What is taken back lets readers in again.
        let sql = format!(
            "SAVEPOINT waiting; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; \
             ROLLBACK TO SAVEPOINT waiting; RELEASE SAVEPOINT waiting; \
             LOCK TABLE {table} IN EXCLUSIVE MODE"
        );
        match self.run_soon_after(self.lock_wait, sql, action).await {
            Err(Error::Locked { name, holders, .. }) => {
                let waited_seconds = self.lock_wait.as_secs();
                Err(Error::Locked { name, waited_seconds, holders })
            }
            done => done,
        }
    }
}
