//! Ends the statement that the server is at, when an upgrade is asked to end.
//!
//! Only a statement that the server then takes back as a whole: an `ALTER TABLE`, or one that is part of
//! a transaction. The server is told over a connection of its own, and nothing else is sent until both
//! that and the statement are done, so that no other statement can be hit.

use std::pin::pin;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::cancellation::CancellationToken;

use crate::connection::Connection;
use crate::error::{Context, server_error};
use crate::login::Connector;
use crate::text_protocol;

/// After how long the server is told again.
const AGAIN: Duration = Duration::from_millis(500);

/// How long telling may take.
const LIMIT: Duration = Duration::from_secs(5);

/// `ER_QUERY_INTERRUPTED`
const INTERRUPTED: u16 = 1317;

/// Watches over the statements of one connection.
#[derive(Clone)]
pub(crate) struct Canceller {
    stop: CancellationToken,
    connector: Connector,
    /// By which the server knows the connection.
    id: String,
}

impl Canceller {
    /// Lets statements of a connection be ended from now on, if the server gives its number.
    pub(crate) async fn new(
        connection: &mut Connection,
        connector: &Connector,
        context: &Context,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, Error> {
        let id = connector.note_work(connection).await;
        let id = id.map_err(|source| context.error("preparing the session", source))?;
        Ok(id.map(|id| Self { stop: stop.clone(), connector: connector.clone(), id }))
    }

    async fn cancel(&self) {
        let work = async {
            let mut connection = self.connector.open().await?;
            let killed =
                text_protocol::run_soon(&mut connection, format!("KILL QUERY {}", self.id)).await;
            killed.map_err(|source| self.connector.context().error("ending a statement", source))
        };
        // If it fails, the statement comes to its end.
        let _ = tokio::time::timeout(LIMIT, work).await;
    }

    async fn run<T>(
        &self,
        statement: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        let mut statement = pin!(statement);
        tokio::select! {
            done = &mut statement => return done,
            () = self.stop.requested() => {}
        }
        loop {
            let mut told = pin!(self.cancel());
            tokio::select! {
                done = &mut statement => {
                    told.await;
                    return done;
                }
                () = &mut told => {}
            }
            tokio::select! {
                done = &mut statement => return done,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }
}

/// Runs a statement that may be ended, if there is somebody to end it.
pub(crate) async fn run<T>(
    canceller: Option<&Canceller>,
    action: &str,
    context: &Context,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Error> {
    let Some(canceller) = canceller else {
        return statement.await.map_err(|source| context.error(action, source));
    };
    let done = canceller.run(statement).await;
    done.map_err(|source| {
        let number = server_error(&source).map(|(number, _)| number);
        // An administrator can end a statement as well.
        if number == Some(INTERRUPTED) && canceller.stop.is_requested() {
            return Error::Stopped;
        }
        context.error(action, source)
    })
}
