//! Work that goes on beside an upgrade, over connections of its own.

use tokio::task::JoinHandle;

/// Work beside an upgrade, which ends with this value.
#[derive(Debug)]
pub(crate) struct Background(JoinHandle<()>);

impl Background {
    /// Begins.
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Ends it, and waits until its connection is closed.
    pub(crate) async fn end(mut self) {
        self.0.abort();
        // It is over, whether it was ended or had come to its end.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}
