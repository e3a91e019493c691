//! Ends the statement that the server is at, when an upgrade is asked to end.
//!
//! Everything is taken back then, so no statement has to come to its end. The server is told over a
//! connection of its own: the one that waits for a statement cannot say anything.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_server::line::Meter;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::connect::Postgres;
use crate::login::transport;

/// After how long the server is told again: meanwhile the next statement may have begun.
const AGAIN: Duration = Duration::from_millis(500);

/// How long telling may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Opens further connections to the same database.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) options: PgConnectOptions,
    /// The address to connect to in place of the host's own.
    pub(crate) address: Option<String>,
}

impl fmt::Debug for Connector {
    /// The options hold the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// Connects.
    pub(crate) async fn open(&self) -> Result<(PgConnection, Arc<Meter>), sqlx::Error> {
        transport::connect(&self.options, self.address.as_deref()).await
    }

    async fn cancel(&self, process: i64) -> Result<(), sqlx::Error> {
        let (mut connection, _) = self.open().await?;
        let sql = AssertSqlSafe(format!("SELECT pg_cancel_backend({process}::int4)"));
        sqlx::raw_sql(sql).execute(&mut connection).await?;
        connection.close().await
    }
}

/// Watches over one session.
#[derive(Debug)]
pub(crate) struct Canceller {
    over: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Canceller {
    fn start(stop: CancellationToken, connector: Connector, process: i64) -> Self {
        let (over, is_over) = oneshot::channel();
        let task = tokio::spawn(watch(stop, connector, process, is_over));
        Self { over, task }
    }

    /// Ends the watch. No statement that begins after this is ended by it.
    async fn end(self) {
        // A task that has ended by itself has nothing to be told.
        let _ = self.over.send(());
        let _ = self.task.await;
    }
}

async fn watch(
    stop: CancellationToken,
    connector: Connector,
    process: i64,
    mut is_over: oneshot::Receiver<()>,
) {
    tokio::select! {
        _ = &mut is_over => return,
        () = stop.requested() => {}
    }
    loop {
        // If it fails, the statement comes to its end.
        let _ = tokio::time::timeout(LIMIT, connector.cancel(process)).await;
        tokio::select! {
            _ = &mut is_over => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

impl Postgres {
    /// Ends this session's statements from the moment at which an end is asked for.
    pub(crate) async fn cancel_when_stopped(&mut self) -> Result<(), Error> {
        let sql = "SELECT pg_backend_pid()::int8".to_owned();
        let process = self.number(sql, "beginning a transaction").await?;
        self.process = process;
        let Some(stop) = self.stop.clone() else { return Ok(()) };
        self.canceller = Some(Canceller::start(stop, self.connector.clone(), process));
        Ok(())
    }

    /// What ends the session must not be ended itself.
    pub(crate) async fn stop_cancelling(&mut self) {
        if let Some(canceller) = self.canceller.take() {
            canceller.end().await;
        }
    }
}
