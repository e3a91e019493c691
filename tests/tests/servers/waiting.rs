//! Whom each step keeps waiting, compared with what the server says.

use std::collections::BTreeMap;

use mlflow_migrate_core::backend::{Backend, SessionMode};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::plan::{Plan, Step, TableChange, TableLock, Waiting, step_by_step};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::{UpgradeOptions, inspect_and_plan};
use mlflow_migrate_tests::capability::{MYSQL, POSTGRES, SQLITE};
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::other_session::OtherSession;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{fill, tests};

use crate::common::address_of;
use crate::interruptions::swaps::swapping_from;

pub(crate) const TESTS: &[Test] = tests![
    the_locks_of_postgres => POSTGRES,
    the_locks_of_mysql => MYSQL,
    the_locks_of_sqlite => SQLITE,
    a_log_keeps_no_reader_waiting => SQLITE,
];

/// Rows for more than the page cache of an upgrade.
const STEPS: i64 = 96;

/// Plans an upgrade as far as the server can go, and returns the plan with the live schema.
async fn planned(server: &TestServer, backend: &mut dyn Backend) -> (Plan, Schema) {
    let options = UpgradeOptions::to(Target::parse(server.head()));
    inspect_and_plan(backend, server.catalogue(), &options).await.unwrap()
}

/// The changes of an upgrade, or of each revision by itself.
async fn changes(
    server: &TestServer,
    backend: &mut dyn Backend,
    each_by_itself: bool,
) -> (Vec<TableChange>, Schema) {
    let (plan, live) = planned(server, backend).await;
    let plans = if each_by_itself {
        let (catalogue, platform, to) =
            (server.catalogue(), backend.platform(), plan.to.as_deref());
        step_by_step(catalogue, platform, &live, &plan.from, to).unwrap()
    } else {
        vec![plan]
    };
    (plans.iter().flat_map(Plan::changes).cloned().collect(), live)
}

type Held = BTreeMap<String, String>;

/// The strongest lock of every table that another session holds and others can wait for.
fn held(database: &dyn TestDatabase, live: &Schema) -> Held {
    let found = database.query(
        "SELECT c.relname::text, (array_agg(l.mode ORDER BY CASE l.mode \
         WHEN 'AccessExclusiveLock' THEN 0 WHEN 'ShareRowExclusiveLock' THEN 1 ELSE 2 END))[1] \
         FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation \
         WHERE l.pid <> pg_backend_pid() AND c.relkind = 'r' AND l.granted AND l.mode IN \
         ('AccessExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock') \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname",
    );
    let named = found.into_iter().filter_map(|row| match <[Cell; 2]>::try_from(row) {
        Ok([Cell::Text(table), Cell::Text(mode)]) => Some((table, mode)),
        _ => None,
    });
    named.filter(|(table, _)| live.table(table).is_some()).collect()
}

/// Adds locks to those that a transaction holds already.
fn add(held: &mut Held, locks: Vec<TableLock>, live: &Schema) {
    let strength = |mode: &str| match mode {
        "AccessExclusiveLock" => 2,
        "ShareRowExclusiveLock" => 1,
        _ => 0,
    };
    for lock in locks {
        let words =
            lock.lock.split(' ').map(|word| word[..1].to_owned() + &word[1..].to_lowercase());
        let (table, mode) = (lock.table.unwrap(), words.collect::<String>() + "Lock");
        let known = held.get(&table);
        if live.table(&table).is_some() && known.is_none_or(|it| strength(it) < strength(&mode)) {
            held.insert(table, mode);
        }
    }
}

/// Compares with `pg_locks` after each change, in the one transaction of an upgrade.
async fn the_locks_of_postgres(server: &TestServer) {
    for (start, each_by_itself) in [("7ac759974ad8", false), ("base", true)] {
        let database = server.at(start).await;
        let mut backend = database.connect().await.unwrap();
        backend.begin(SessionMode::Upgrade).await.unwrap();
        let (changes, live) = changes(server, &mut *backend, each_by_itself).await;
        let mut expected = Held::new();
        for change in changes {
            let method = backend.describe_change(&change).unwrap();
            add(&mut expected, method.locks, &live);
            backend.apply_change(&change, &Progress::silent()).await.unwrap();
            let found = held(&*database, &live);
            assert_eq!(found, expected, "{start}, {}: {}", change.after.name, method.summary);
        }
        backend.rollback().await.unwrap();
    }
}

/// Asks the server for `LOCK=NONE`, and where it refuses that, for `LOCK=SHARED`.
async fn the_locks_of_mysql(server: &TestServer) {
    for each_by_itself in [false, true] {
        let database = server.at("451aebb31d03").await;
        // MariaDB does since 11.2, with exceptions, so the plan does not rely on it.
        let copies_online = OtherSession::of(&address_of(&*database))
            .attempt("ALTER TABLE experiments FORCE, ALGORITHM=COPY, LOCK=NONE")
            .is_ok();
        let mut backend = swapping_from(&address_of(&*database), u64::MAX).await;
        backend.begin(SessionMode::Read).await.unwrap();
        let (changes, _) = changes(server, &mut backend, each_by_itself).await;
        let described: Vec<_> =
            changes.iter().map(|change| backend.describe_change(change).unwrap()).collect();
        backend.rollback().await.unwrap();
        let session = OtherSession::of(&address_of(&*database));
        session.run("SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'");
        for (change, method) in changes.iter().zip(described) {
            let mut waiting = Waiting::Nobody;
            for statement in &method.statements {
                if !statement.starts_with("ALTER TABLE") {
                    session.run(statement);
                } else if session.attempt(&format!("{statement}, LOCK=NONE")).is_err() {
                    session.run(&format!("{statement}, LOCK=SHARED"));
                    waiting = Waiting::Writers;
                }
            }
            let own = Some(change.after.name.clone());
            let said = method.locks.iter().find(|lock| lock.table == own);
            let said = said.map_or(Waiting::Nobody, |lock| lock.waiting);
            // Some servers change the collation of a column without an index in place.
            let is_cautious = method.summary.starts_with("copy: modify column")
                || copies_online && method.summary.starts_with("copy: ");
            assert!(
                said == waiting || is_cautious && said > waiting,
                "{}: {}: {said:?}, not {waiting:?}",
                change.after.name,
                method.summary
            );
        }
        session.end();
    }
}

/// What another connection to a file can do: read, and write.
fn can(database: &dyn TestDatabase) -> [bool; 2] {
    let other = rusqlite::Connection::open(database.path().unwrap()).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    ["SELECT count(*) FROM alembic_version", "BEGIN IMMEDIATE; ROLLBACK"]
        .map(|sql| other.execute_batch(sql).is_ok())
}

async fn the_locks_of_sqlite(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, STEPS);
    database.run("UPDATE metrics SET key = key || hex(zeroblob(100))");
    let mut backend = database.connect().await.unwrap();
    backend.begin(SessionMode::Upgrade).await.unwrap();
    let (plan, _) = planned(server, &mut *backend).await;
    let mut strongest = Waiting::Nobody;
    for step in &plan.steps {
        let Step::Change(change) = step else { continue };
        let locks = backend.describe_change(change).unwrap().locks;
        strongest = locks.iter().map(|lock| lock.waiting).max().max(Some(strongest)).unwrap();
        backend.apply_change(change, &Progress::silent()).await.unwrap();
        let [reads, writes] = can(&*database);
        assert!(!writes, "{}", change.after.name);
        // Where readers are said to wait, they do once the changes are larger than the cache.
        assert!(reads || strongest == Waiting::ReadersAndWriters, "{}", change.after.name);
        if change.after.name == "metrics" {
            assert!(!reads, "the rows of metrics fit into the cache");
        }
    }
    assert_eq!(strongest, Waiting::ReadersAndWriters);
    backend.rollback().await.unwrap();
    assert_eq!(can(&*database), [true, true]);
}

async fn a_log_keeps_no_reader_waiting(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, STEPS);
    database.run("UPDATE metrics SET key = key || hex(zeroblob(100))");
    database.query("PRAGMA journal_mode = WAL");
    let mut backend = database.connect().await.unwrap();
    backend.begin(SessionMode::Upgrade).await.unwrap();
    let (plan, _) = planned(server, &mut *backend).await;
    for change in plan.changes() {
        let locks = backend.describe_change(change).unwrap().locks;
        assert!(locks.iter().all(|lock| lock.waiting == Waiting::Writers), "{locks:?}");
        backend.apply_change(change, &Progress::silent()).await.unwrap();
        assert_eq!(can(&*database), [true, false], "{}", change.after.name);
    }
    backend.rollback().await.unwrap();
}
