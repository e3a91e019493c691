//! The connection that an upgrade uses, and what is known of its server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::schema::platform::Platform;

use crate::background::Background;
use crate::cancel::Canceller;
use crate::cluster::{Claim, Cluster, Lease};
use crate::connection::Connection;
use crate::error::Context;
use crate::features::Features;
use crate::login::Connector;
use crate::table_facts::TableFacts;
use crate::text_protocol;
use crate::watched::Watched;

/// A connection to one database on a MySQL or MariaDB server.
pub struct Mysql {
    pub(crate) connection: Connection,
    pub(crate) context: Context,
    pub(crate) features: Features,
    pub(crate) platform: Platform,
    pub(crate) connector: Connector,
    /// Ends a running statement when the user stops the upgrade.
    pub(crate) canceller: Option<Canceller>,
    /// The number of connections that copy and compute rows.
    pub(crate) jobs: usize,
    pub(crate) swap_from_rows: u64,
    pub(crate) range_rows: u32,
    /// The length in bytes of the last schema read, as the journal stores it.
    pub(crate) schema_bytes: usize,
    /// Facts about the tables that the last schema read does not hold.
    pub(crate) table_facts: TableFacts,
    pub(crate) lock_wait: Duration,
    /// The name of the lock that this session holds.
    pub(crate) lock: Option<String>,
    /// The kind of cluster that the server belongs to.
    pub(crate) cluster: Cluster,
    /// The lock that other nodes of a cluster see.
    pub(crate) claim: Option<Claim>,
    /// Whether the claim is still held, for all connections of the upgrade.
    pub(crate) lease: Option<Lease>,
    /// Receives a notice of what the upgrade waits for.
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// What the watch reports of the statement at work.
    pub(crate) watched: Watched,
    /// Watches for statements of the upgrade that take long.
    pub(crate) watch: Option<Background>,
    /// Whether a transaction is open.
    pub(crate) in_transaction: bool,
    pub(crate) warnings: Vec<String>,
}

impl fmt::Debug for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mysql").field("name", &self.context.name).finish_non_exhaustive()
    }
}

impl Mysql {
    /// Returns parts of the URL that have no effect, and other notices about the connection.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the server's features.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Runs a statement that takes no values.
    pub(crate) async fn run(&mut self, action: &str, sql: &str) -> Result<(), Error> {
        let done = text_protocol::run(&mut self.connection, sql).await;
        done.map(|_| ()).map_err(|source| self.context.error(action, source))
    }

    /// Runs a statement that the server answers soon.
    pub(crate) async fn run_soon(&mut self, action: &str, sql: &str) -> Result<(), Error> {
        let done = text_protocol::run_soon(&mut self.connection, sql).await;
        done.map(|_| ()).map_err(|source| self.context.error(action, source))
    }
}
