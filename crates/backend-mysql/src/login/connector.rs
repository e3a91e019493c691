//! Opens further connections to the database of an upgrade.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use mlflow_migrate_backend_server::line::Line;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use sqlx::mysql::MySqlConnectOptions;

use super::attempt::{attempt, explain};
use super::failure::Failure;
use super::settings;
use crate::connection::Connection;
use crate::error::Context;
use crate::text_protocol;

/// What it takes to open further connections to the same database.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) options: MySqlConnectOptions,
    pub(crate) timeout: Duration,
    /// How long the server may take to answer a short statement.
    pub(crate) patience: Duration,
    pub(crate) context: Context,
    /// The server's numbers of the connections that work, or worked, for the upgrade.
    pub(crate) at_work: Arc<Mutex<Vec<String>>>,
}

impl Connector {
    /// Records that a connection works for the upgrade, and returns the server's number for it.
    pub(crate) async fn note_work(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<String>, sqlx::Error> {
        let id = text_protocol::value(connection, "SELECT CONNECTION_ID()").await?;
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        at_work.extend(id.clone());
        Ok(id)
    }

    /// Returns the recorded numbers, separated by commas.
    pub(crate) fn at_work(&self) -> String {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).join(", ")
    }

    /// Returns the names that errors mention.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Opens up to `wanted` connections, or as many as the server allows.
    ///
    /// Where the server has no room for more, or none for this user, a notice reports the refusal.
    pub(crate) async fn open_several(
        &self,
        wanted: usize,
        progress: &Progress,
    ) -> Result<Vec<Connection>, Error> {
        let mut given = Vec::new();
        let mut refusal = None;
        for opened in join_all((0..wanted).map(|_| self.open())).await {
            match opened {
                Ok(mut connection) => {
                    let noted = self.note_work(&mut connection).await;
                    noted.map_err(|source| {
                        self.context.error("opening another connection", source)
                    })?;
                    given.push(connection);
                }
                Err(error @ Error::Unavailable { .. }) => refusal = Some(error),
                Err(error) => return Err(error),
            }
        }
        if let Some(refusal) = refusal {
            let given = given.len();
            progress.notice(format!(
                "{refusal}; continuing with {given} of {wanted} worker connections"
            ));
        }
        Ok(given)
    }

    /// Opens a connection that only looks at the server, even where reads would have to wait.
    pub(crate) async fn open_to_look(&self) -> Result<Connection, Error> {
        let mut connection = self.connect().await?;
        // Only Galera has this variable.
        let _ = text_protocol::run_soon(&mut connection, "SET SESSION wsrep_sync_wait = 0").await;
        Ok(connection)
    }

    /// Opens a connection with the settings that every session gets.
    pub(crate) async fn open(&self) -> Result<Connection, Error> {
        let mut connection = self.connect().await?;
        settings::prepare(&mut connection, &self.context).await?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let opened = attempt(self.timeout, &self.options).await;
        let (driver, meter) = opened.map_err(|failure| match failure {
            Failure::Other(source) => self.context.error("opening another connection", source),
            failure => explain(&self.options, &self.context, failure),
        })?;
        Ok(Connection { driver, line: Line::new(meter, self.patience) })
    }
}
