//! An open database, and the session in it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_server::line::Line;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use sqlx::PgConnection;

use crate::cancel::Canceller;
use crate::error::Context;
use crate::login::connector::Connector;

/// A connection to a PostgreSQL database.
pub struct Postgres {
    pub(crate) connection: PgConnection,
    pub(crate) line: Line,
    /// Whether a COMMIT was sent over it whose answer nobody waits for any more.
    pub(crate) is_abandoned: bool,
    /// The server's number of the process that carries out the upgrade.
    pub(crate) process: i64,
    /// Whom to tell of what the upgrade waits for.
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) connector: Connector,
    /// What ends the session's statements when the upgrade is asked to end.
    pub(crate) canceller: Option<Canceller>,
    /// With what the upgrade can be asked to end.
    pub(crate) stop: Option<CancellationToken>,
    pub(crate) name: String,
    /// The user, as the server knows it.
    pub(crate) user: String,
    /// The schema that holds MLflow's tables.
    pub(crate) schema: String,
    pub(crate) lock_timeout: Duration,
    pub(crate) lock_wait: Duration,
    /// What the session is for, while there is one.
    pub(crate) access: Option<SessionMode>,
    /// The types of columns, by table and column, until a table changes.
    pub(crate) column_types: HashMap<String, HashMap<String, String>>,
    /// What the URL asks for and does not get.
    pub(crate) warnings: Vec<String>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Postgres {
    /// What the URL asks for and does not get.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns what an error in the session has to name.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            name: &self.name,
            user: &self.user,
            waited_seconds: self.lock_timeout.as_secs(),
            is_stopped: self.stop.as_ref().is_some_and(CancellationToken::is_requested),
        }
    }

    /// Whether this session may change anything.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.access == Some(SessionMode::Upgrade)
    }
}
