//! Copies the rows of a table, range by range, over several connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use sqlx::MySqlConnection;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::notes::{self, Note};
use super::ranges::{Range, Ranges};
use crate::connect::Connector;
use crate::{rows, text};

/// How a table is filled.
#[derive(Clone)]
pub(super) struct Filling {
    pub(super) table: String,
    /// `INSERT … SELECT`, to which the condition of a range is appended.
    pub(super) statement: String,
    /// About how many rows there are.
    pub(super) total: u64,
    pub(super) progress: Progress,
    pub(super) connector: Connector,
    /// Over how many connections.
    pub(super) connections: usize,
}

impl Filling {
    /// Copies all ranges, and gives back the connection that has kept writers away.
    pub(super) async fn run(self, ranges: Ranges) -> Result<MySqlConnection, Error> {
        let key = ranges.key().to_vec();
        let ranges = Arc::new(Mutex::new(ranges));
        let done = Arc::new(AtomicU64::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..self.connections.max(1) {
            let worker =
                Worker { filling: self.clone(), key: key.clone(), done: Arc::clone(&done) };
            workers.spawn(worker.run(Arc::clone(&ranges)));
        }
        // The first error ends the others: their connections close, and the server takes back what
        // they have not committed.
        while let Some(finished) = workers.join_next().await {
            finished.map_err(|source| Error::Database {
                action: format!("copying {}", self.table),
                source: Box::new(source),
            })??;
        }
        let ranges = Arc::into_inner(ranges).ok_or_else(|| Error::Database {
            action: format!("copying {}", self.table),
            source: "a worker has not ended".into(),
        })?;
        Ok(ranges.into_inner().into_guard())
    }
}

struct Worker {
    filling: Filling,
    key: Vec<String>,
    done: Arc<AtomicU64>,
}

impl Worker {
    async fn run(self, ranges: Arc<Mutex<Ranges>>) -> Result<(), Error> {
        let context = self.filling.connector.context().clone();
        let mut connection = self.filling.connector.open().await?;
        self.copy_all(&mut connection, &ranges)
            .await
            .map_err(|source| context.error(&format!("copying {}", self.filling.table), source))
    }

    async fn copy_all(
        &self,
        connection: &mut MySqlConnection,
        ranges: &Mutex<Ranges>,
    ) -> Result<(), sqlx::Error> {
        loop {
            let next = ranges.lock().await.next(connection).await?;
            let Some((number, range)) = next else { return Ok(()) };
            let copied = self.copy(connection, number, range).await?;
            let done = self.done.fetch_add(copied, Ordering::Relaxed) + copied;
            self.filling.progress.report(done, Some(self.filling.total.max(done)));
        }
    }

    async fn copy(
        &self,
        connection: &mut MySqlConnection,
        number: u32,
        range: Range,
    ) -> Result<u64, sqlx::Error> {
        let (condition, values) = range.condition(&self.key);
        text::run(connection, "START TRANSACTION").await?;
        let sql = format!("{}{condition}", self.filling.statement);
        let copied = rows::run(connection, sql, values).await?;
        let note = Note { table: self.filling.table.clone(), range: Some(range), done: true };
        notes::write(connection, number, &note).await?;
        text::run(connection, "COMMIT").await?;
        Ok(copied)
    }
}
