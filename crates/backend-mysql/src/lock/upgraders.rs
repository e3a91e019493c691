//! Finds other upgrades of the same database, MLflow's own among them.
//!
//! Upgrades by mlflow-migrate hold a named lock. MLflow's upgrade takes none. Its DDL statements
//! are visible while they run, and between them its transaction uses `alembic_version`.

use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Event, Wait, WaitReason};

use super::holders::{name_holders, processes};
use super::named::lock_name;
use crate::database::Mysql;
use crate::quoting::literal;
use crate::{text_protocol, version_table};

/// How often to look for an upgrade that is still running.
const LOOK: Duration = Duration::from_millis(200);

/// Matches DDL statements in this database, as MLflow's upgrade runs them.
///
/// SQLAlchemy begins some statements with a new line. A statement whose answer is being sent is
/// done.
const DEFINES: &str = "DB = DATABASE() AND COMMAND = 'Query' AND \
                       COALESCE(STATE, '') NOT IN ('Writing to net', 'Sending to client') AND \
                       UPPER(SUBSTRING_INDEX(LTRIM(REPLACE(LEFT(INFO, 40), '\\n', ' ')), ' ', 1)) \
                       IN ('ALTER', 'CREATE', 'DROP', 'RENAME')";

/// Returns other sessions that upgrade this database, as far as the server lists them.
pub(crate) async fn other_upgraders(database: &mut Mysql) -> Result<Vec<String>, Error> {
    let work = async {
        let name = lock_name(&mut database.connection).await?;
        let condition = format!("(ID = IS_USED_LOCK({}) OR {DEFINES})", literal(&name));
        processes(&mut database.connection, &condition).await
    };
    let found = work.await;
    readable_or_none(database, found)
}

/// Returns the sessions found; none where the list cannot be read.
///
/// Another session may be writing its text at this moment, which is no reason to stop.
fn readable_or_none(
    database: &Mysql,
    found: Result<Vec<String>, sqlx::Error>,
) -> Result<Vec<String>, Error> {
    match found {
        Err(sqlx::Error::Database(_) | sqlx::Error::Decode(_)) => Ok(Vec::new()),
        found => {
            found.map_err(|source| database.context.error("looking for other upgrades", source))
        }
    }
}

/// Waits until MLflow's own upgrade has ended.
pub(crate) async fn wait_for_mlflow(database: &mut Mysql) -> Result<(), Error> {
    let began = Instant::now();
    let mut told = Vec::new();
    loop {
        let found = processes(&mut database.connection, DEFINES).await;
        let found = readable_or_none(database, found)?;
        if found.is_empty() {
            if let Some(observer) = database.observer.as_ref().filter(|_| !told.is_empty()) {
                let waited_seconds = began.elapsed().as_secs_f64();
                observer.notify(&Event::WaitOver { waited_seconds });
            }
            return wait_for_version_table(database).await;
        }
        if let Some(observer) = database.observer.as_ref().filter(|_| told.is_empty()) {
            observer.notify(&Event::Waiting(Wait {
                reason: WaitReason::MlflowUpgrade,
                holders: found.clone(),
                began_ms: None,
                waited_seconds: 0,
                limit_seconds: Some(database.lock_wait.as_secs()),
            }));
            told.clone_from(&found);
        }
        if began.elapsed() >= database.lock_wait {
            let (name, waited_seconds) =
                (database.context.name.clone(), database.lock_wait.as_secs());
            return Err(Error::Locked { name, waited_seconds, holders: found });
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for the end of every transaction that uses `alembic_version`.
async fn wait_for_version_table(database: &mut Mysql) -> Result<(), Error> {
    if version_table::read(&mut database.connection, &database.context).await?.is_none() {
        return Ok(());
    }
    let wait = database.lock_wait.as_secs().max(1);
    let action = "waiting for other upgrades";
    database.run_soon(action, &format!("SET SESSION lock_wait_timeout = {wait}")).await?;
    database.watched.waits_for(Some((WaitReason::MlflowUpgrade, database.lock_wait)));
    let locked = text_protocol::run_soon_after(
        &mut database.connection,
        database.lock_wait,
        "LOCK TABLES alembic_version WRITE",
    )
    .await;
    database.watched.waits_for(None);
    let reset = format!("SET SESSION lock_wait_timeout = {}", database.context.lock_seconds);
    database.run_soon(action, "UNLOCK TABLES").await?;
    database.run_soon(action, &reset).await?;
    match locked.map_err(|source| database.context.error(action, source)) {
        // A user who may not lock tables can still upgrade.
        Ok(_) | Err(Error::Privileges { .. } | Error::AccessDenied { .. }) => Ok(()),
        // Percona XtraDB Cluster may refuse a lock of one node.
        Err(Error::Database { .. }) if database.cluster.has_other_writers() => Ok(()),
        Err(Error::Locked { name, holders, .. }) => {
            let locked = Error::Locked { name, waited_seconds: wait, holders };
            Err(name_holders(database, locked).await)
        }
        Err(error) => Err(error),
    }
}
