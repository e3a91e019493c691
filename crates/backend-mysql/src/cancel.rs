//! Ends the running statement when the user stops an upgrade.
//!
//! Only statements that the server then rolls back as a whole: an `ALTER TABLE`, or a statement of
//! an open transaction. `KILL QUERY` is sent over a connection of its own. Nothing else is sent
//! until both the kill and the statement are done, so the kill cannot hit another statement.

use std::pin::pin;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::cancellation::CancellationToken;

use crate::connection::Connection;
use crate::error::{Context, server_error};
use crate::login::Connector;
use crate::text_protocol;

/// How long to wait before the kill is sent again.
const AGAIN: Duration = Duration::from_millis(500);

/// How long sending a kill may take.
const LIMIT: Duration = Duration::from_secs(5);

/// `ER_QUERY_INTERRUPTED`
const INTERRUPTED: u16 = 1317;

/// Ends the statements of one connection.
#[derive(Clone)]
pub(crate) struct Canceller {
    stop: CancellationToken,
    connector: Connector,
    /// The server's number for the connection.
    id: String,
}

impl Canceller {
    /// Returns a canceller for a connection, if the server gives the connection's number.
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
        // Where the kill fails, the statement runs to its end.
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

/// Runs a statement, which the canceller may end, if there is one.
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
