//! Reports the state of a statement of the upgrade that takes long.
//!
//! The server limits the wait for a lock. A COMMIT has no limit: it waits for the other nodes of a
//! cluster, for a replica, or for room on the disk. Only another connection can observe such a
//! wait.

use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_core::event::{Event, Observer};

use crate::background::Background;
use crate::connection::Connection;
use crate::database::Mysql;
use crate::login::Connector;
use crate::text_protocol;

/// How long the server may take to list the running statements.
const LIMIT: Duration = Duration::from_secs(5);

/// Watches the statements of this upgrade from now on.
pub(crate) fn watch(database: &mut Mysql) {
    let Some(observer) = &database.observer else { return };
    let watching = Watching {
        connector: database.connector.clone(),
        connection: None,
        observer: Arc::clone(observer),
        patience: Duration::from_secs(database.context.lock_seconds),
    };
    database.watch = Some(Background::spawn(watching.run()));
}

struct Watching {
    connector: Connector,
    /// Opened on the first look: most upgrades are done before one is needed.
    connection: Option<Connection>,
    observer: Arc<dyn Observer>,
    patience: Duration,
}

impl Watching {
    async fn run(mut self) {
        let mut next = self.patience;
        loop {
            tokio::time::sleep(self.patience).await;
            match tokio::time::timeout(LIMIT, self.look()).await {
                Ok(Some(seen)) if seen.time >= next => {
                    next = seen.time * 2;
                    self.observer.notify(&Event::Notice { message: seen.describe() });
                }
                Ok(Some(seen)) if seen.time < self.patience => next = self.patience,
                Ok(Some(_)) => {}
                Ok(None) => next = self.patience,
                Err(_) => self.connection = None,
            }
        }
    }

    /// Returns the statement that has been running longest.
    async fn look(&mut self) -> Option<Seen> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connector.open_to_look().await.ok()?,
        };
        let sql = format!(
            "SELECT TIME, STATE, LEFT(INFO, 60), ID FROM information_schema.PROCESSLIST \
             WHERE ID IN ({}) AND COMMAND IN ('Query', 'Execute') ORDER BY TIME DESC LIMIT 1",
            self.connector.at_work()
        );
        let rows = text_protocol::rows(&mut connection, sql).await.ok()?;
        self.connection = Some(connection);
        let row = rows.into_iter().next()?;
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        let time = Duration::from_secs(cells.next()?.parse().ok()?);
        Some(Seen { time, state: cells.next()?, statement: cells.next()?, id: cells.next()? })
    }
}

/// A connection's statement, as the server lists it.
struct Seen {
    time: Duration,
    state: String,
    statement: String,
    id: String,
}

impl Seen {
    fn describe(&self) -> String {
        let statement = self.statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let state = if self.state.is_empty() { "no state" } else { &self.state };
        format!(
            "connection {} has been at one statement for {} s: {statement} (the server says: {state})",
            self.id,
            self.time.as_secs()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Seen;

    #[test]
    fn what_is_seen_is_one_line() {
        let seen = Seen {
            time: Duration::from_secs(20),
            state: "waiting for handler commit".to_owned(),
            statement: "COMMIT\n ".to_owned(),
            id: "7".to_owned(),
        };
        let expected = "connection 7 has been at one statement for 20 s: COMMIT (the server says: \
                        waiting for handler commit)";
        assert_eq!(seen.describe(), expected);
    }
}
