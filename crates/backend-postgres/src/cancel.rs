//! Ends the statement that the server is at, when an upgrade is asked to end.
//!
//! Everything is taken back then, so no statement has to come to its end. The server is told over a
//! connection of its own: the one that waits for a statement cannot say anything.

use std::time::Duration;

use mlflow_migrate_core::event::cancellation::CancellationToken;
use sqlx::{AssertSqlSafe, Connection};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::login::connector::{Connector, LIMIT};

/// After how long the server is told again: meanwhile the next statement may have begun.
const AGAIN: Duration = Duration::from_millis(500);

/// Watches over one session.
#[derive(Debug)]
pub(crate) struct Canceller {
    over: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Canceller {
    /// Begins the watch.
    pub(crate) fn start(stop: CancellationToken, connector: Connector, process: i64) -> Self {
        let (over, is_over) = oneshot::channel();
        let task = tokio::spawn(watch(stop, connector, process, is_over));
        Self { over, task }
    }

    /// Ends the watch. No statement that begins after this is ended by it.
    pub(crate) async fn end(self) {
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
        let _ = tokio::time::timeout(LIMIT, cancel(&connector, process)).await;
        tokio::select! {
            _ = &mut is_over => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

async fn cancel(connector: &Connector, process: i64) -> Result<(), sqlx::Error> {
    let (mut connection, _) = connector.open().await?;
    let sql = AssertSqlSafe(format!("SELECT pg_cancel_backend({process}::int4)"));
    sqlx::raw_sql(sql).execute(&mut connection).await?;
    connection.close().await
}
