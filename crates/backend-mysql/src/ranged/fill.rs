//! Fills a table from ranges of another table.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Amount, Progress};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::notes::{self, Note};
use super::range::Range;
use super::ranges::Ranges;
use super::workers::all_ended;
use crate::cluster::Lease;
use crate::connection::Connection;
use crate::error::is_too_large;
use crate::login::Connector;
use crate::{rows, text_protocol};

/// `INSERT … SELECT`, split where the condition of a range belongs.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) before: String,
    pub(crate) after: String,
}

/// How a table is filled.
#[derive(Clone)]
pub(crate) struct Fill {
    /// Names the work in errors.
    pub(crate) action: String,
    /// The table for which ranges are recorded.
    pub(crate) table: String,
    pub(crate) statement: Statement,
    /// The whole amount of work: in units of `range_size` if set, else in rows written.
    pub(crate) total: u64,
    pub(crate) range_size: Option<u64>,
    pub(crate) progress: Progress,
    pub(crate) connector: Connector,
    /// Whether the upgrade's lock is still held, if it is one that can be lost.
    pub(crate) lease: Option<Lease>,
    /// The number of connections that fill.
    pub(crate) connections: usize,
}

impl Fill {
    /// Fills all ranges, and returns them.
    ///
    /// `own` holds the upgrade's lock, and does the work if the server allows no other connection.
    pub(crate) async fn run(self, ranges: Ranges, own: &mut Connection) -> Result<Ranges, Error> {
        let worker =
            Worker { key: ranges.key().to_vec(), done: Arc::default(), fill: self.clone() };
        let ranges = Arc::new(Mutex::new(ranges));
        let wanted = self.connections.max(1);
        let connections = self.connector.open_several(wanted, &self.progress).await?;
        if connections.is_empty()
            && let Err(error) = worker.clone().run(own, Arc::clone(&ranges)).await
        {
            // Report the first error. On a lost connection the server rolls the range back.
            let _ = text_protocol::run(own, "ROLLBACK").await;
            return Err(error);
        }
        let mut workers = JoinSet::new();
        for mut connection in connections {
            let (worker, ranges) = (worker.clone(), Arc::clone(&ranges));
            workers.spawn(async move { worker.run(&mut connection, ranges).await });
        }
        let context = self.connector.context();
        if let Err(error) = all_ended(&mut workers, own, context, &self.action).await {
            // The workers' connections close, and the server rolls back what they have not
            // committed.
            workers.shutdown().await;
            return Err(error);
        }
        let ranges = Arc::into_inner(ranges).ok_or_else(|| Error::Database {
            action: format!("copying {}", self.table),
            source: "a worker has not ended".into(),
        })?;
        Ok(ranges.into_inner())
    }
}

#[derive(Clone)]
struct Worker {
    fill: Fill,
    key: Vec<String>,
    done: Arc<AtomicU64>,
}

impl Worker {
    async fn run(
        mut self,
        connection: &mut Connection,
        ranges: Arc<Mutex<Ranges>>,
    ) -> Result<(), Error> {
        let context = self.fill.connector.context().clone();
        let action = self.fill.action.clone();
        let failed = |source| context.error(&action, source);
        loop {
            self.fill.progress.check()?;
            let next = ranges.lock().await.next(connection, &self.fill.table).await;
            let Some((number, range)) = next.map_err(failed)? else { return Ok(()) };
            let mut written = self.fill_range(connection, number, range.clone()).await;
            if let Ok(rows) = written {
                // On an error the connection closes, and the server rolls the range back.
                if let Some(lease) = &mut self.fill.lease {
                    lease.confirm().await?;
                }
                written = text_protocol::run(connection, "COMMIT").await.map(|_| rows);
            }
            let written = match written {
                Ok(written) => written,
                Err(source) if is_too_large(&source) => {
                    text_protocol::run(connection, "ROLLBACK").await.map_err(failed)?;
                    let mut ranges = ranges.lock().await;
                    let divided = ranges.divide(connection, &self.fill.table, number, range);
                    if !divided.await.map_err(failed)? {
                        return Err(failed(source));
                    }
                    continue;
                }
                Err(source) => return Err(failed(source)),
            };
            let size = self.fill.range_size.unwrap_or(written);
            let done = self.done.fetch_add(size, Ordering::Relaxed) + size;
            self.fill.progress.report_amount(match self.fill.range_size {
                Some(_) => Amount::rows(done, Some(self.fill.total.max(done))),
                None => Amount::rows_of_about(done, self.fill.total),
            });
        }
    }

    /// Fills a range, and leaves its transaction open.
    async fn fill_range(
        &self,
        connection: &mut Connection,
        number: u32,
        range: Range,
    ) -> Result<u64, sqlx::Error> {
        let (condition, values) = range.condition(&self.key);
        text_protocol::run_soon(connection, "START TRANSACTION").await?;
        let Statement { before, after } = &self.fill.statement;
        let sql = format!("{before}{condition}{after}");
        let written = rows::run(connection, sql, values).await?;
        let table = self.fill.table.clone();
        let note = Note { table, range: Some(range), done: true };
        notes::write(connection, number, &note).await?;
        Ok(written)
    }
}
