//! Reports what a long statement of an upgrade is doing, or waits for.
//!
//! The server shows both, but only to another connection: who holds the lock that a statement waits
//! for (`pg_blocking_pids`), and how far it is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mlflow_migrate_backend_server::backoff::Backoff;
use mlflow_migrate_core::event::{Event, Observer, Progress, Wait, WaitReason};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::login::connector::Connector;
use crate::second_session::SecondSession;
use crate::statement_progress;

/// The time between two looks. Most upgrades end before the first one.
const LOOK: Duration = Duration::from_secs(1);

/// The sessions that keep another one waiting.
const HOLDERS: &str = "SELECT b.pid, b.usename::text, b.application_name, b.state, \
    extract(epoch FROM clock_timestamp() - coalesce(b.xact_start, b.query_start))::int8, \
    extract(epoch FROM clock_timestamp() - a.state_change)::int8 \
    FROM pg_catalog.pg_stat_activity a, pg_catalog.pg_stat_activity b \
    WHERE a.wait_event_type = 'Lock' AND b.pid = ANY (pg_catalog.pg_blocking_pids(a.pid)) \
    AND a.pid = ";

/// What the watch needs to know of the statement at work.
#[derive(Clone, Default)]
struct Work {
    progress: Option<Progress>,
    wait: Option<(WaitReason, Duration)>,
}

/// Watches the statements of one session.
pub(crate) struct Watch {
    work: Arc<Mutex<Work>>,
    over: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Starts the watch.
    pub(crate) fn start(
        connector: Connector,
        process: i64,
        observer: Arc<dyn Observer>,
        limit: Duration,
    ) -> Self {
        let (over, is_over) = oneshot::channel();
        let work = Arc::default();
        let watching = Watching {
            session: SecondSession::new(connector),
            refusals: Backoff::default(),
            process,
            observer,
            work: Arc::clone(&work),
            limit,
            waiting: None,
        };
        Self { work, over, task: tokio::spawn(watching.run(is_over)) }
    }

    /// Ends the watch, and closes its connection.
    pub(crate) async fn end(self) {
        // Sending fails only if the task has already ended.
        let _ = self.over.send(());
        let _ = self.task.await;
    }

    /// Sets the step that gets the progress of the next statement.
    pub(crate) fn reports_to(&self, progress: Option<Progress>) {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).progress = progress;
    }

    /// Sets what the next statement waits for, and for how long at most, if not for a table.
    pub(crate) fn waits_for(&self, wait: Option<(WaitReason, Duration)>) {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).wait = wait;
    }
}

struct Watching {
    session: SecondSession,
    refusals: Backoff,
    process: i64,
    observer: Arc<dyn Observer>,
    work: Arc<Mutex<Work>>,
    limit: Duration,
    /// The processes that the session has been seen to wait for, and since when.
    waiting: Option<(Vec<i32>, Instant)>,
}

impl Watching {
    async fn run(mut self, mut is_over: oneshot::Receiver<()>) {
        while timeout(LOOK, &mut is_over).await.is_err() {
            tokio::select! {
                _ = &mut is_over => break,
                () = self.look() => {}
            }
        }
        self.end_wait();
        self.session.end().await;
    }

    async fn look(&mut self) {
        if !self.refusals.is_due(Instant::now()) {
            return;
        }
        // The server may have no connection left.
        let Some(holders) = self.session.ask(&self.about(HOLDERS)).await else {
            self.refusals.failed(Instant::now());
            return;
        };
        self.refusals.succeeded();
        if !holders.is_empty() {
            self.tell_of_wait(&holders);
            return;
        }
        self.end_wait();
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(progress) = work.progress else { return };
        let rows = self.session.ask(&statement_progress::query(self.process)).await;
        let row = rows.as_ref().and_then(|rows| rows.first());
        // Without a total, an amount says less than the time that the display shows anyway.
        let amount = row.and_then(statement_progress::amount).filter(|it| it.total.is_some());
        if let Some(amount) = amount {
            progress.report_amount(amount);
        }
    }

    /// Returns a query about the watched session.
    fn about(&self, query: &str) -> String {
        format!("{query}{}", self.process)
    }

    fn end_wait(&mut self) {
        if let Some((_, since)) = self.waiting.take() {
            let waited_seconds = since.elapsed().as_secs_f64();
            self.observer.notify(&Event::WaitOver { waited_seconds });
        }
    }

    fn tell_of_wait(&mut self, holders: &[PgRow]) {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let processes: Vec<i32> = holders.iter().filter_map(|row| row.try_get(0).ok()).collect();
        if self.waiting.as_ref().is_some_and(|(known, _)| *known == processes) {
            return;
        }
        let waited =
            holders.first().and_then(|row| row.try_get::<Option<i64>, _>(5).ok()).flatten();
        let waited_seconds = waited.map_or(0, i64::unsigned_abs);
        let since = self.waiting.as_ref().map(|(_, since)| *since);
        let since =
            since.or_else(|| Instant::now().checked_sub(Duration::from_secs(waited_seconds)));
        self.waiting = Some((processes, since.unwrap_or_else(Instant::now)));
        let (reason, limit) = work.wait.unwrap_or((WaitReason::Lock, self.limit));
        self.observer.notify(&Event::Waiting(Wait {
            reason,
            holders: holders.iter().map(describe).collect(),
            began_ms: None,
            waited_seconds,
            limit_seconds: Some(limit.as_secs()),
        }));
    }
}

fn describe(row: &PgRow) -> String {
    let text = |at: usize| row.try_get::<Option<String>, _>(at).ok().flatten().unwrap_or_default();
    let process = row.try_get::<i32, _>(0).map_or(String::new(), |pid| pid.to_string());
    let known: Vec<String> = [text(1), text(2)].into_iter().filter(|it| !it.is_empty()).collect();
    let age = row.try_get::<Option<i64>, _>(4).ok().flatten();
    let age = age.map_or(String::new(), |age| format!(" for {age} s"));
    format!("process {process} ({}: {}{age})", known.join(", "), text(3))
}
