//! The COMMIT of an upgrade, and what the COMMIT waits for.
//!
//! With synchronous replication, COMMIT waits for a standby, if necessary without end. By this time
//! the upgrade is committed on this server, and ending the wait does not roll the upgrade back.
//! Only another connection can see the wait, and end it.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{Event, Observer};
use sqlx::Row as _;
use tokio::time::sleep;

use crate::database::Postgres;
use crate::second_session::SecondSession;

const ACTION: &str = "committing the upgrade";

/// How long a COMMIT may take before another connection checks what the COMMIT waits for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The time between two checks.
const AGAIN: Duration = Duration::from_millis(500);

/// What the server shows about an unanswered COMMIT.
enum Seen {
    /// The COMMIT waits for a synchronous standby. Holds `synchronous_standby_names`.
    ForStandby(String),
    /// The COMMIT is running, or waits for something else. Holds the server's wait event.
    AtWork(String),
    /// The server shows nothing.
    Unseen,
}

/// Watches one COMMIT over a connection of its own.
struct Watch {
    session: SecondSession,
    process: i64,
    stop: Option<CancellationToken>,
    observer: Arc<dyn Observer>,
    /// How long a COMMIT may wait for a standby, or stay invisible.
    limit: Duration,
    has_told: bool,
    /// Whether this watch ended a wait for a standby.
    has_ended_wait: bool,
}

impl Watch {
    fn is_stop_requested(&self) -> bool {
        self.stop.as_ref().is_some_and(CancellationToken::is_requested)
    }

    fn tell_once(&mut self, message: String) {
        if !std::mem::replace(&mut self.has_told, true) {
            self.observer.notify(&Event::Notice { message });
        }
    }

    /// Watches the COMMIT. Returns only if the server shows nothing about the COMMIT for too long.
    async fn run(&mut self) {
        let stop = self.stop.clone();
        let requested = async move {
            match stop {
                Some(stop) => stop.requested().await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = sleep(PATIENCE) => {}
            () = requested => {}
        }
        let (mut seen_at, mut waits_since) = (Instant::now(), None);
        loop {
            let seen = self.look().await;
            if !matches!(seen, Seen::Unseen) {
                seen_at = Instant::now();
            }
            match seen {
                Seen::ForStandby(names) => {
                    let since = *waits_since.get_or_insert_with(Instant::now);
                    self.tell_once(waits_for_standby(&names, self.limit));
                    if self.is_stop_requested() || since.elapsed() >= self.limit {
                        self.end_wait().await;
                    }
                }
                Seen::AtWork(event) => {
                    self.tell_once(format!("the server is still at the COMMIT ({event})"));
                    if self.is_stop_requested() {
                        self.cancel("query = 'COMMIT' AND state = 'active'").await;
                    }
                }
                Seen::Unseen if self.is_stop_requested() || seen_at.elapsed() >= self.limit => {
                    return;
                }
                Seen::Unseen => {}
            }
            sleep(AGAIN).await;
        }
    }

    async fn look(&mut self) -> Seen {
        // The server shows no state of a session to a user who may not see the session.
        let sql = format!(
            "SELECT coalesce(wait_event_type, ''), coalesce(wait_event, ''), \
             current_setting('synchronous_standby_names') FROM pg_stat_activity \
             WHERE pid = {} AND state IS NOT NULL",
            self.process
        );
        let rows = self.session.ask(&sql).await;
        let Some(row) = rows.as_ref().and_then(|rows| rows.first()) else { return Seen::Unseen };
        let text = |at: usize| row.try_get::<String, _>(at).unwrap_or_default();
        match (text(0), text(1)) {
            (_, event) if event == "SyncRep" => Seen::ForStandby(text(2)),
            (kind, event) => Seen::AtWork(format!("{kind} {event}").trim().to_owned()),
        }
    }

    /// Ends the wait for a standby: the server answers COMMIT, and the upgrade stays committed.
    async fn end_wait(&mut self) {
        // The server may answer the COMMIT before it answers this connection.
        self.has_ended_wait = true;
        self.cancel("wait_event = 'SyncRep'").await;
    }

    /// Cancels the statement, if the session still meets the condition.
    async fn cancel(&mut self, condition: &str) {
        let sql = format!(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = {} AND {condition}",
            self.process
        );
        // The next look shows whether the request succeeded.
        let _ = self.session.ask(&sql).await;
    }
}

fn waits_for_standby(names: &str, limit: Duration) -> String {
    format!(
        "the upgrade is committed on this server, and its COMMIT waits for a synchronous standby \
         (synchronous_standby_names = '{names}'): an interrupt, or {} s (the limit for locks), ends \
         the wait; the upgrade stays committed",
        limit.as_secs()
    )
}

/// Commits.
///
/// # Errors
/// The server's error. If no answer arrives and no connection can see why, the outcome is unknown.
pub(crate) async fn send(database: &mut Postgres) -> Result<(), Error> {
    let mut watch = Watch {
        session: SecondSession::new(database.connector.clone()),
        process: database.process,
        stop: database.stop.clone(),
        observer: Arc::clone(&database.observer),
        limit: database.lock_timeout,
        has_told: false,
        has_ended_wait: false,
    };
    let commit = sqlx::raw_sql("COMMIT").execute(&mut database.connection);
    let answer = tokio::select! {
        answer = database.line.long(commit) => Some(answer),
        () = watch.run() => None,
    };
    let has_ended_wait = watch.has_ended_wait;
    watch.session.end().await;
    match answer {
        Some(Ok(_)) => {
            if has_ended_wait {
                let message = "the upgrade is committed on this server; a synchronous standby may not \
                               have confirmed it yet";
                database.observer.notify(&Event::Notice { message: message.to_owned() });
            }
            Ok(())
        }
        Some(Err(source)) => Err(database.context().error(ACTION, source)),
        None => {
            database.is_abandoned = true;
            Err(Error::ConnectionLost {
                name: database.name.clone(),
                action: ACTION.to_owned(),
                problem: "the COMMIT was not answered, and another connection cannot see why"
                    .to_owned(),
            })
        }
    }
}
