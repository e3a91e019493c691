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

/// Opens further connections to the same database.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) options: MySqlConnectOptions,
    pub(crate) timeout: Duration,
    /// How long the server may take to answer what is soon answered.
    pub(crate) patience: Duration,
    pub(crate) context: Context,
    /// By which the server knows those that are, or were, at work for an upgrade.
    pub(crate) at_work: Arc<Mutex<Vec<String>>>,
}

impl Connector {
    /// Notes that a connection works for an upgrade, and tells by which number the server knows it.
    pub(crate) async fn note_work(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<String>, sqlx::Error> {
        let id = text_protocol::value(connection, "SELECT CONNECTION_ID()").await?;
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        at_work.extend(id.clone());
        Ok(id)
    }

    /// The numbers that were noted, separated by commas.
    pub(crate) fn at_work(&self) -> String {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).join(", ")
    }

    /// What is said of the database in errors.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// As many connections as the server gives, up to so many. If it has no room for more, or none for
    /// this user, that is told.
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
                "{refusal}; going on with {given} of {wanted} further connections"
            ));
        }
        Ok(given)
    }

    /// A connection that only looks at the server, also while that would not let it read.
    pub(crate) async fn open_to_look(&self) -> Result<Connection, Error> {
        let mut connection = self.connect().await?;
        // Only Galera knows it.
        let _ = text_protocol::run_soon(&mut connection, "SET SESSION wsrep_sync_wait = 0").await;
        Ok(connection)
    }

    /// A connection with the settings of every session here.
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
