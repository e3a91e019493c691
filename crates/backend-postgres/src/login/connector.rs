//! Opens further connections to the database of a session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_server::line::Meter;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;

use super::transport;

/// How long a statement over a further connection may take, including the time to connect.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Opens further connections to the same database.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) options: PgConnectOptions,
    /// The address to connect to instead of the host's own.
    pub(crate) address: Option<String>,
}

impl fmt::Debug for Connector {
    /// Hides the options, which hold the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// Opens a connection.
    pub(crate) async fn open(&self) -> Result<(PgConnection, Arc<Meter>), sqlx::Error> {
        transport::connect(&self.options, self.address.as_deref()).await
    }

    /// Opens a connection whose statements use one of the server's processes, where that can be had.
    ///
    /// A setting at the start of a connection ends with it. A pooler may refuse it, because its
    /// connections to the server outlive those of its clients.
    pub(crate) async fn open_without_workers(
        &self,
    ) -> Result<(PgConnection, Arc<Meter>), sqlx::Error> {
        let options = self.options.clone().options([("max_parallel_maintenance_workers", "0")]);
        match transport::connect(&options, self.address.as_deref()).await {
            Ok(opened) => Ok(opened),
            Err(_) => self.open().await,
        }
    }
}
