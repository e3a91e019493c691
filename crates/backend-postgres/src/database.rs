//! An open database, and its session.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_server::line::Line;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{Observer, Progress, WaitReason};
use mlflow_migrate_core::graphs::{GraphName, VersionTable};
use sqlx::PgConnection;

use crate::cancel::Canceller;
use crate::error::Context;
use crate::login::connector::Connector;
use crate::watch::Watch;

/// A connection to a PostgreSQL database.
pub struct Postgres {
    pub(crate) connection: PgConnection,
    pub(crate) line: Line,
    /// Whether a COMMIT was sent over this connection whose answer nobody awaits any more.
    pub(crate) is_abandoned: bool,
    /// The server's process number for the upgrade's session.
    pub(crate) process: i64,
    /// Reports what a long statement of the session is doing, or waits for.
    pub(crate) watch: Option<Watch>,
    /// Receives notices, such as what the upgrade waits for.
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) connector: Connector,
    /// Cancels the session's statements when the user stops the upgrade.
    pub(crate) canceller: Option<Canceller>,
    /// The token through which the user stops the upgrade.
    pub(crate) stop: Option<CancellationToken>,
    pub(crate) name: String,
    /// The user's name, as the server reports it.
    pub(crate) user: String,
    /// The schema that holds MLflow's tables.
    pub(crate) schema: String,
    /// The graph of the sessions.
    pub(crate) graph: GraphName,
    pub(crate) lock_timeout: Duration,
    pub(crate) lock_wait: Duration,
    /// What the open session is for; `None` without a session.
    pub(crate) access: Option<SessionMode>,
    /// Column types by table and column, cached until a table changes.
    pub(crate) column_types: HashMap<String, HashMap<String, String>>,
    /// What the URL asks for and this crate does not support.
    pub(crate) warnings: Vec<String>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Returns what the URL asks for and this crate does not support.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns what error messages of the session have to name.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            name: &self.name,
            user: &self.user,
            waited_seconds: self.lock_timeout.as_secs(),
            is_stopped: self.stop.as_ref().is_some_and(CancellationToken::is_requested),
        }
    }

    /// Sets the step that gets the progress of the next statement.
    pub(crate) fn reports_to(&self, progress: Option<Progress>) {
        if let Some(watch) = &self.watch {
            watch.reports_to(progress);
        }
    }

    /// Sets what the next statement waits for, and for how long at most, if not for a table.
    pub(crate) fn waits_for(&self, wait: Option<(WaitReason, Duration)>) {
        if let Some(watch) = &self.watch {
            watch.waits_for(wait);
        }
    }

    /// Returns the graph's version table.
    pub(crate) fn version_table(&self) -> VersionTable {
        self.graph.version_table()
    }

    /// Returns whether this session may change the database.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.access == Some(SessionMode::Upgrade)
    }
}
