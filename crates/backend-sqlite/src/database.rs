//! An open database: its connection, and what a session knows.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlflow_migrate_core::Error;
use rusqlite::Connection;

use crate::change::Asked;
use crate::connection::Unchanged;
use crate::error::Context;
use crate::preflight::consistency::Violations;

/// An open SQLite database.
///
/// SQLite's calls block, so each of them runs on a thread of tokio's blocking pool.
#[derive(Debug)]
pub struct Sqlite {
    pub(crate) connection: Arc<Mutex<Connection>>,
    pub(crate) path: PathBuf,
    pub(crate) busy_timeout: Duration,
    /// Whether this session created the file.
    pub(crate) created: bool,
    /// What the preflight of the session has asked of the rows.
    pub(crate) asked: Arc<Asked>,
    /// The file that is read as one that nobody changes.
    pub(crate) unchanged: Option<Arc<Unchanged>>,
    /// The broken references from before the first change.
    pub(crate) violations: Option<Violations>,
}

impl Sqlite {
    /// Lets this connection make the file no larger than so many pages.
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

    /// Runs something that blocks on the connection.
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

/// A panic in another call cannot have left the connection half-changed: SQLite holds its state.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs something that blocks on a thread of tokio's pool for that.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|source| Error::Database {
        action: "running a task".to_owned(),
        source: Box::new(source),
    })
}
