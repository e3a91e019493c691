//! Tasks that run beside an upgrade, each over a connection of its own.

use tokio::task::JoinHandle;

/// A task beside an upgrade, which ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct Background(JoinHandle<()>);

impl Background {
    /// Starts the task.
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Ends the task, and waits until its connection is closed.
    pub(crate) async fn end(mut self) {
        self.0.abort();
        // The task is over, whether it was aborted or finished.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}
