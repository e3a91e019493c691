//! Cancels the running statement when the user stops an upgrade.
//!
//! Stopping rolls the whole upgrade back, so no statement has to finish. The cancel request uses a
//! second connection, because the session's own connection is waiting for the statement.

use std::time::Duration;

use mlflow_migrate_core::event::cancellation::CancellationToken;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::login::connector::Connector;
use crate::second_session::SecondSession;

/// The time between two cancel requests: meanwhile the next statement may have begun.
const AGAIN: Duration = Duration::from_millis(500);

/// Watches one session, and cancels its statements once the user stops the upgrade.
#[derive(Debug)]
pub(crate) struct Canceller {
    over: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Canceller {
    /// Starts the watch.
    pub(crate) fn start(stop: CancellationToken, connector: Connector, process: i64) -> Self {
        let (over, is_over) = oneshot::channel();
        let task = tokio::spawn(watch(stop, connector, process, is_over));
        Self { over, task }
    }

    /// Ends the watch. No statement that begins later is cancelled.
    pub(crate) async fn end(self) {
        // Sending fails only if the task has already ended.
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
    let mut session = SecondSession::new(connector);
    loop {
        // If the request fails, the statement continues, and the next round requests again.
        let _ = session.ask(&format!("SELECT pg_cancel_backend({process}::int4)")).await;
        tokio::select! {
            _ = &mut is_over => break,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
    session.end().await;
}
