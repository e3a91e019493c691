//! An open database: its connection, and the state of its session.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::graphs::GraphName;
use rusqlite::Connection;

use crate::change::Asked;
use crate::connection::Unchanged;
use crate::error::Context;
use crate::preflight::consistency::Violations;

/// An open SQLite database.
///
/// SQLite's calls block, so each of them runs on a thread of tokio's blocking pool.
pub struct Sqlite {
    pub(crate) connection: Arc<Mutex<Connection>>,
    pub(crate) path: PathBuf,
    pub(crate) busy_timeout: Duration,
    /// The graph of the sessions.
    pub(crate) graph: GraphName,
    /// Whether this session created the file.
    pub(crate) created: bool,
    /// The constraints that the session's preflight has checked.
    pub(crate) asked: Arc<Asked>,
    /// The file's recorded state, if the file is read without locks.
    pub(crate) unchanged: Option<Arc<Unchanged>>,
    /// Receives what an upgrade waits for.
    pub(crate) observer: Arc<dyn Observer>,
    /// The broken references before the first change.
    pub(crate) violations: Option<Violations>,
    /// Whether the file is in WAL mode, as far as an upgrade was planned.
    pub(crate) is_wal: bool,
    /// The temporary database of a calibration.
    pub(crate) scratch: Option<Arc<Mutex<Connection>>>,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Limits the file's size for this connection, to a number of pages.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn cap_pages(&self, pages: u32) -> Result<(), Error> {
        self.call(move |connection, context| {
            connection
                .pragma_update(None, "max_page_count", pages)
                .map_err(|source| context.error("capping the size of the file", source))
        })
        .await
    }

    /// Runs blocking work on the connection.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, Context<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = Arc::clone(&self.connection);
        let name = self.path.display().to_string();
        let waited_seconds = self.busy_timeout.as_secs();
        let unchanged = self.unchanged.clone();
        blocking(move || {
            let context = Context { name: &name, waited_seconds };
            let result = work(&mut lock(&connection), context);
            if let Some(file) = unchanged {
                file.check(context)?;
            }
            result
        })
        .await?
    }
}

/// Locks the connection, even after a panic: SQLite keeps the connection's state consistent.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs blocking work on a thread of tokio's blocking pool.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|source| Error::Database {
        action: "running a task".to_owned(),
        source: Box::new(source),
    })
}
