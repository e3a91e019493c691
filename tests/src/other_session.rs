//! A session beside that of an upgrade, which is in its way.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use crate::address::Address;
use crate::{mysql, postgres};

type Done = Result<(), String>;

/// Another session, in a thread of its own, so that it can wait for the upgrade.
#[derive(Debug)]
pub struct OtherSession {
    statements: Sender<(String, Sender<Done>)>,
    thread: JoinHandle<Done>,
}

impl OtherSession {
    /// Connects to a database.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        let address = address.clone();
        let (statements, due) = mpsc::channel::<(String, Sender<_>)>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let work = async {
                let mut session = Session::of(&address).await?;
                while let Ok((sql, done)) = due.recv() {
                    // Nobody may have waited for it.
                    let _ = done.send(session.run(&sql).await.map_err(|error| error.to_string()));
                }
                session.end().await
            };
            runtime
                .map_err(|error| error.to_string())?
                .block_on(work)
                .map_err(|error| error.to_string())
        });
        Self { statements, thread }
    }

    /// Has what the upgrade of that database will ask for, and is about to ask for what the upgrade has
    /// when it computes the latest metrics. The server is made to believe that the upgrade is the one to be
    /// taken back; then nobody is in its way any more.
    ///
    /// # Panics
    /// If the server refuses a statement.
    #[must_use]
    pub fn that_deadlocks(address: &Address) -> Self {
        let other = Self::of(address);
        if address.is_postgres() {
            // Whoever looks first is taken back.
            other.run("SET deadlock_timeout = '1min'");
            other.run("BEGIN");
            other.run("LOCK TABLE params IN ACCESS SHARE MODE");
            other.begin("LOCK TABLE alembic_version");
        } else {
            // Whoever has written less is taken back.
            other.run("CREATE TEMPORARY TABLE weight (n INTEGER)");
            other.run("BEGIN");
            let rows = vec!["(1)"; 10_000].join(", ");
            other.run(&format!("INSERT INTO weight VALUES {rows}"));
            other.run("SELECT * FROM alembic_mlflow_migrate FOR UPDATE");
            other.begin("DO SLEEP(1.5)");
            other.begin("SELECT * FROM latest_metrics FOR UPDATE");
        }
        other.begin("COMMIT");
        other
    }

    /// Runs a statement.
    ///
    /// # Panics
    /// If the server refuses it.
    #[allow(clippy::panic, reason = "a test's own SQL is right, or the test is wrong")]
    pub fn run(&self, sql: &str) {
        self.attempt(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// Runs a statement that may fail.
    ///
    /// # Errors
    /// What the server says.
    pub fn attempt(&self, sql: &str) -> Done {
        self.begin(sql).recv().map_err(|error| error.to_string())?
    }

    /// Begins a statement, after those that were begun before.
    pub fn begin(&self, sql: &str) -> Receiver<Done> {
        let (done, is_done) = mpsc::channel();
        // If the session is gone, whoever waits for the statement is told.
        let _ = self.statements.send((sql.to_owned(), done));
        is_done
    }

    /// Ends the session when all its statements are done.
    ///
    /// # Panics
    /// If the session has failed as a whole.
    #[allow(clippy::expect_used, reason = "a test without its session cannot go on")]
    pub fn end(self) {
        drop(self.statements);
        self.thread.join().expect("a session").expect("a session");
    }
}

enum Session {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

impl Session {
    async fn of(address: &Address) -> Result<Self, sqlx::Error> {
        Ok(match address.is_postgres() {
            true => Self::Postgres(postgres::connect(address).await?),
            false => Self::Mysql(mysql::connect(address).await?),
        })
    }

    async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Postgres(connection) => statement.execute(connection).await.map(|_| ()),
            Self::Mysql(connection) => statement.execute(connection).await.map(|_| ()),
        }
    }

    async fn end(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(connection) => connection.close().await,
            Self::Mysql(connection) => connection.close().await,
        }
    }
}
