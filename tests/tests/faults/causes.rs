//! How faults are brought about, and removed again.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use mlflow_migrate_core::Error;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::database::Cell;
use mlflow_migrate_tests::private_server::PrivateServer;
use mlflow_migrate_tests::server::query;
use mlflow_migrate_tests::{mysql, postgres};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use crate::subject::USER;

/// Where a fault comes.
pub(crate) struct Place {
    pub(crate) private: Arc<PrivateServer>,
    /// The database that is upgraded, for an administrator.
    pub(crate) administrator: Address,
}

impl Place {
    fn is_postgres(&self) -> bool {
        self.administrator.is_postgres()
    }

    fn query(&self, sql: &str) -> Vec<Vec<Cell>> {
        query(&self.administrator, sql)
    }

    /// Sets a global variable of MySQL, and tells how to set it back.
    fn set(&self, variable: &str, value: &str) -> Removal {
        let before = self.query(&format!("SELECT @@GLOBAL.{variable}"));
        let [[Cell::Integer(before)]] = before.iter().map(Vec::as_slice).collect::<Vec<_>>()[..]
        else {
            panic!("{variable} is {before:?}")
        };
        self.query(&format!("SET GLOBAL {variable} = {value}"));
        self.later(format!("SET GLOBAL {variable} = {before}"))
    }

    fn later(&self, sql: String) -> Removal {
        let administrator = self.administrator.clone();
        Box::new(move || {
            query(&administrator, &sql);
        })
    }
}

/// Removes a fault.
pub(crate) type Removal = Box<dyn FnOnce() + Send>;

/// There is less room than the new tables take.
pub(crate) fn full_disk(place: &Place) -> Removal {
    let ballast = place.private.leave_room(256 * 1024).unwrap();
    Box::new(|| drop(ballast))
}

/// Less than the statements of data migrations may take.
pub(crate) fn small_packets(place: &Place) -> Removal {
    place.set("max_allowed_packet", "16384")
}

/// Less than the journal takes, in which a table of somebody's is described.
pub(crate) fn packets_smaller_than_the_journal(place: &Place) -> Removal {
    let columns: Vec<String> = (0..900).map(|number| format!("c{number} INTEGER")).collect();
    place.query(&format!("CREATE TABLE wide ({})", columns.join(", ")));
    let set_back = place.set("max_allowed_packet", "65536");
    let drop = place.later("DROP TABLE wide".to_owned());
    Box::new(|| {
        set_back();
        drop();
    })
}

pub(crate) fn enough_packets(place: &Place) -> Removal {
    place.set("max_allowed_packet", "1048576")
}

pub(crate) fn read_only(place: &Place) -> Removal {
    if !place.is_postgres() {
        return place.set("read_only", "ON");
    }
    place.query("ALTER SYSTEM SET default_transaction_read_only = on");
    place.query("SELECT pg_reload_conf()");
    let administrator = place.administrator.clone();
    Box::new(move || {
        let reset = "ALTER SYSTEM RESET default_transaction_read_only";
        query(&administrator, reset);
        query(&administrator, "SELECT pg_reload_conf()");
    })
}

pub(crate) fn revoked(place: &Place) -> Removal {
    let name = &place.administrator.database;
    let (what, user) = match place.is_postgres() {
        true => ("CREATE ON SCHEMA public".to_owned(), USER.to_owned()),
        false => (format!("ALL ON {name}.*"), format!("{USER}@'%'")),
    };
    place.query(&format!("REVOKE {what} FROM {user}"));
    place.later(format!("GRANT {what} TO {user}"))
}

pub(crate) fn ended_sessions(place: &Place) -> Removal {
    if place.is_postgres() {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename";
        place.query(&format!("{sql} = '{USER}'"));
    } else {
        let other = Other::of(place);
        let sql = "SELECT id FROM information_schema.processlist WHERE user";
        for id in place.query(&format!("{sql} = '{USER}'")).into_iter().flatten() {
            let Cell::Integer(id) = id else { panic!("{id:?}") };
            // Those that copy rows end by themselves when one of them has.
            let _ = other.attempt(&format!("KILL {id}"));
        }
        other.end();
    }
    Box::new(|| {})
}

/// Somebody else has written to rows, and has not committed.
pub(crate) fn locked_rows(place: &Place) -> Removal {
    let other = Other::of(place);
    other.run("BEGIN");
    other.run("UPDATE metrics SET value = value");
    Box::new(move || other.end())
}

/// Somebody else has what the upgrade will ask for, and then asks for what the upgrade has. The server
/// is made to believe that the upgrade is the one to be taken back.
pub(crate) fn deadlock(place: &Place) -> Removal {
    let other = Other::of(place);
    if place.is_postgres() {
        // Whoever looks first is taken back.
        other.run("SET deadlock_timeout = '1min'");
        other.run("BEGIN");
        other.run("LOCK TABLE params IN ACCESS SHARE MODE");
        other.begin("LOCK TABLE alembic_version");
    } else {
        // Whoever has written less is taken back.
        other.run("CREATE TABLE IF NOT EXISTS test.weight (n INTEGER)");
        other.run("BEGIN");
        let rows = vec!["(1)"; 10_000].join(", ");
        other.run(&format!("INSERT INTO test.weight VALUES {rows}"));
        other.run("SELECT * FROM alembic_mlflow_migrate FOR UPDATE");
        other.begin("DO SLEEP(0.5)");
        other.begin("SELECT * FROM latest_metrics FOR UPDATE");
    }
    Box::new(move || other.end())
}

/// An error about a lock tells who is in the way, where the server does.
#[track_caller]
pub(crate) fn assert_names_the_other(error: &Error) {
    match error {
        Error::Interrupted { source, .. } => assert_names_the_other(source),
        Error::Locked { holders, .. } => assert!(!holders.is_empty(), "{error}"),
        Error::Conflict { problem, .. } => {
            assert!(problem.to_lowercase().contains("deadlock"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// Another session, in a thread of its own, so that it can wait for the upgrade.
struct Other {
    statements: Sender<(String, Sender<Result<(), String>>)>,
    thread: JoinHandle<()>,
}

enum Session {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

impl Other {
    fn of(place: &Place) -> Self {
        let address = place.administrator.clone();
        let (statements, due) = mpsc::channel::<(String, Sender<_>)>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let mut session = Session::of(&address).await;
                while let Ok((sql, done)) = due.recv() {
                    // Nobody may have waited for it.
                    let _ = done.send(session.run(&sql).await);
                }
                session.end().await;
            });
        });
        Self { statements, thread }
    }

    /// Runs a statement.
    fn run(&self, sql: &str) {
        self.attempt(sql).unwrap();
    }

    /// Runs a statement that may fail.
    fn attempt(&self, sql: &str) -> Result<(), String> {
        self.begin(sql).recv().unwrap()
    }

    /// Begins a statement.
    fn begin(&self, sql: &str) -> Receiver<Result<(), String>> {
        let (done, is_done) = mpsc::channel();
        self.statements.send((sql.to_owned(), done)).unwrap();
        is_done
    }

    fn end(self) {
        drop(self.statements);
        self.thread.join().unwrap();
    }
}

impl Session {
    async fn of(address: &Address) -> Self {
        match address.is_postgres() {
            true => Self::Postgres(postgres::connect(address).await.unwrap()),
            false => Self::Mysql(mysql::connect(address).await.unwrap()),
        }
    }

    async fn run(&mut self, sql: &str) -> Result<(), String> {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let done = match self {
            Self::Postgres(connection) => statement.execute(connection).await.map(|_| ()),
            Self::Mysql(connection) => statement.execute(connection).await.map(|_| ()),
        };
        done.map_err(|error| error.to_string())
    }

    async fn end(self) {
        match self {
            Self::Postgres(connection) => connection.close().await.unwrap(),
            Self::Mysql(connection) => connection.close().await.unwrap(),
        }
    }
}
