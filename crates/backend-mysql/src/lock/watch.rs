//! Reports what a statement of the upgrade that takes long is doing, or waits for.
//!
//! The server limits the wait for a lock. A COMMIT has no limit: it waits for the other nodes of a
//! cluster, for a replica, or for room on the disk. Only another connection can observe such a
//! wait, and how far the server is with a change of a table.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mlflow_migrate_backend_server::backoff::Backoff;
use mlflow_migrate_core::event::{Amount, Event, Observer, Phase, Unit, Wait, WaitReason};

use super::holders::holders_of_locks;
use crate::background::Background;
use crate::connection::Connection;
use crate::database::Mysql;
use crate::login::Connector;
use crate::text_protocol;
use crate::watched::Watched;

/// How long the server may take to list the running statements.
const LIMIT: Duration = Duration::from_secs(5);

/// The time between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Watches the statements of this upgrade from now on.
pub(crate) fn watch(database: &mut Mysql) {
    let Some(observer) = &database.observer else { return };
    let watching = Watching {
        connector: database.connector.clone(),
        connection: None,
        refusals: Backoff::default(),
        observer: Arc::clone(observer),
        watched: database.watched.clone(),
        patience: Duration::from_secs(database.context.lock_seconds),
    };
    database.watch = Some(Background::spawn(watching.run()));
}

struct Watching {
    connector: Connector,
    /// Opened on the first look: most upgrades are done before one is needed.
    connection: Option<Connection>,
    refusals: Backoff,
    observer: Arc<dyn Observer>,
    watched: Watched,
    patience: Duration,
}

impl Watching {
    async fn run(mut self) {
        let mut next = self.patience;
        loop {
            tokio::time::sleep(LOOK).await;
            if !self.refusals.is_due(Instant::now()) {
                continue;
            }
            match tokio::time::timeout(LIMIT, self.look()).await {
                Ok(Some(seen)) => {
                    if seen.time < self.patience {
                        next = self.patience;
                    }
                    let known = tokio::time::timeout(LIMIT, self.tell(&seen)).await;
                    if known != Ok(true) && seen.time >= next {
                        next = seen.time * 2;
                        self.observer.notify(&Event::Notice { message: seen.describe() });
                    }
                }
                Ok(None) => {
                    next = self.patience;
                    self.end_wait();
                }
                Err(_) => self.connection = None,
            }
        }
    }

    /// Returns the statement that has been running longest.
    async fn look(&mut self) -> Option<Seen> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
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

    /// Opens a connection; the server may have none left.
    async fn connect(&mut self) -> Option<Connection> {
        let opened = self.connector.open_to_look().await.ok();
        match opened {
            Some(_) => self.refusals.succeeded(),
            None => self.refusals.failed(Instant::now()),
        }
        opened
    }

    /// Reports a statement's wait, or its phase; returns whether there was something to report.
    async fn tell(&mut self, seen: &Seen) -> bool {
        if seen.waits_for_a_table() {
            if !seen.time.is_zero() {
                self.tell_of_wait(seen.time).await;
            }
            return true;
        }
        self.end_wait();
        let work = self.watched.now();
        let Some(progress) = work.progress else { return false };
        if seen.state.is_empty() || seen.time.is_zero() {
            return false;
        }
        progress.enter(Phase::Server { name: seen.state.clone() });
        if let Some(amount) = self.stage(&seen.id).await {
            progress.report_amount(amount);
        }
        work.is_long
    }

    async fn tell_of_wait(&mut self, waited: Duration) {
        let own = self.connector.at_work();
        let Some(connection) = &mut self.connection else { return };
        let holders = holders_of_locks(connection, &own).await.unwrap_or_default();
        let ids = |holders: &[String]| -> Vec<String> {
            holders.iter().filter_map(|one| one.split(" (").next().map(str::to_owned)).collect()
        };
        if self.watched.is_known(ids(&holders), waited) {
            return;
        }
        let table = (WaitReason::Lock, self.patience);
        let (reason, limit) = self.watched.now().wait.unwrap_or(table);
        self.observer.notify(&Event::Waiting(Wait {
            reason,
            holders,
            began_ms: None,
            waited_seconds: waited.as_secs(),
            limit_seconds: Some(limit.as_secs()),
        }));
    }

    fn end_wait(&self) {
        self.watched.end_wait(&*self.observer);
    }

    /// Returns how far a connection's stage is, where the server records stages.
    async fn stage(&mut self, id: &str) -> Option<Amount> {
        let sql = format!(
            "SELECT s.WORK_COMPLETED, s.WORK_ESTIMATED \
             FROM performance_schema.events_stages_current AS s \
             JOIN performance_schema.threads AS t ON t.THREAD_ID = s.THREAD_ID \
             WHERE t.PROCESSLIST_ID = {id} AND s.WORK_ESTIMATED > 0 LIMIT 1"
        );
        let rows = text_protocol::rows(self.connection.as_mut()?, sql).await.ok()?;
        let mut cells = rows.into_iter().next()?.into_iter().flatten();
        let done: u64 = cells.next()?.parse().ok()?;
        let total = cells.next()?.parse().ok().filter(|total| *total > done);
        Some(Amount { done, total, is_estimate: total.is_some(), unit: Unit::Units })
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
    /// Returns whether the statement waits for another connection to release a table.
    fn waits_for_a_table(&self) -> bool {
        let state = self.state.to_ascii_lowercase();
        state.starts_with("waiting for") && state.ends_with("lock")
    }

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

    fn seen(state: &str) -> Seen {
        Seen {
            time: Duration::from_secs(20),
            state: state.to_owned(),
            statement: "COMMIT\n ".to_owned(),
            id: "7".to_owned(),
        }
    }

    #[test]
    fn what_is_seen_is_one_line() {
        let expected = "connection 7 has been at one statement for 20 s: COMMIT (the server says: \
                        waiting for handler commit)";
        assert_eq!(seen("waiting for handler commit").describe(), expected);
    }

    #[test]
    fn only_the_wait_for_a_table_is_one() {
        let states = [
            ("Waiting for table metadata lock", true),
            ("Waiting for table level lock", true),
            ("Waiting for schema metadata lock", true),
            ("waiting for handler commit", false),
            ("altering table", false),
            ("", false),
        ];
        for (state, is_wait) in states {
            assert_eq!(seen(state).waits_for_a_table(), is_wait, "{state}");
        }
    }
}
