//! Fills a new table over several connections.

use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{Filling, RowReceiver};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::rows::Row;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::insert::insert;
use super::max_packet;
use crate::cluster::Lease;
use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::Context;
use crate::ranged::all_ended;
use crate::text_protocol;

/// The mode in which a row keeps the number 0, as MLflow's default experiment has it.
const AS_IT_IS: &str =
    "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_AUTO_VALUE_ON_ZERO')";
const AS_BEFORE: &str =
    "SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'NO_AUTO_VALUE_ON_ZERO', '')";

/// Adds all rows that arrive, and returns their number.
///
/// A table of few rows is filled over the connection of the session.
pub(crate) async fn write(
    database: &mut Mysql,
    filling: &Filling,
    mut rows: RowReceiver,
    progress: &Progress,
) -> Result<u64, Error> {
    let Some(first) = rows.recv().await else { return Ok(0) };
    let second = rows.recv().await;
    let worker = Worker {
        filling: filling.clone(),
        most: usize::try_from(max_packet(&mut database.connection, &database.context).await?)
            .unwrap_or(usize::MAX),
        context: database.context.clone(),
        lease: database.lease.clone(),
        progress: progress.clone(),
    };
    let own = &mut database.connection;
    let mut added = worker.clone().alone(own, first).await?;
    let Some(second) = second else { return Ok(added) };
    let connections = database.connector.open_several(database.jobs.max(1), progress).await?;
    added += worker.clone().alone(own, second).await?;
    if connections.is_empty() {
        while let Some(batch) = rows.recv().await {
            added += worker.clone().alone(own, batch).await?;
        }
        return Ok(added);
    }
    let rows = Arc::new(Mutex::new(rows));
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn(worker.clone().run(connection, Arc::clone(&rows)));
    }
    drop(rows);
    let action = worker.action();
    match all_ended(&mut workers, own, &worker.context, &action).await {
        Ok(counts) => Ok(added + counts.into_iter().sum::<u64>()),
        Err(error) => {
            // The workers' connections close, and the server rolls back what they have not committed.
            workers.shutdown().await;
            Err(error)
        }
    }
}

/// One of the connections that fill a table.
#[derive(Clone)]
struct Worker {
    filling: Filling,
    most: usize,
    context: Context,
    lease: Option<Lease>,
    progress: Progress,
}

impl Worker {
    fn action(&self) -> String {
        format!("filling {}", self.filling.table.name)
    }

    async fn run(
        mut self,
        mut connection: Connection,
        rows: Arc<Mutex<RowReceiver>>,
    ) -> Result<u64, Error> {
        self.set(&mut connection, AS_IT_IS).await?;
        let mut added = 0;
        loop {
            let next = rows.lock().await.recv().await;
            let Some(batch) = next else { return Ok(added) };
            added += self.add(&mut connection, batch).await?;
        }
    }

    /// Adds rows over the connection of the session, which keeps its settings.
    async fn alone(mut self, own: &mut Connection, batch: Vec<Row>) -> Result<u64, Error> {
        self.set(own, AS_IT_IS).await?;
        let added = self.add(own, batch).await?;
        self.set(own, AS_BEFORE).await?;
        Ok(added)
    }

    async fn add(&mut self, connection: &mut Connection, batch: Vec<Row>) -> Result<u64, Error> {
        self.progress.check()?;
        if let Some(lease) = &mut self.lease {
            lease.confirm().await?;
        }
        let added = insert(connection, &self.filling, batch, self.most).await;
        added.map_err(|source| self.context.error(&self.action(), source))
    }

    async fn set(&self, connection: &mut Connection, mode: &str) -> Result<(), Error> {
        let set = text_protocol::run_soon(connection, mode).await;
        set.map(|_| ()).map_err(|source| self.context.error(&self.action(), source))
    }
}
