//! Galera: every node takes writes, and alters tables at the same place in the order of all changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::{Event, Progress};
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Upgrade, Waits};
use mlflow_migrate_tests::private_cluster::PrivateCluster;
use mlflow_migrate_tests::{mysql, wait};

use super::{LIMIT, Needs, PATIENCE, Subject, Test, WAITS, assert_one_has_worked};

/// After how many seconds a second upgrade begins; more where this variable names them.
const DELAYS: &str = "MLFLOW_MIGRATE_CLUSTER_DELAYS";

pub(crate) const TESTS: &[Test] = &[
    ("undisturbed", Needs::Working, undisturbed),
    ("two_upgraders_on_two_nodes", Needs::Working, two_upgraders_on_two_nodes),
    ("eight_upgraders_on_three_nodes", Needs::Working, eight_upgraders_on_three_nodes),
    ("a_writer_on_another_node", Needs::Working, a_writer_on_another_node),
    ("settings_of_a_node", Needs::Alone, settings_of_a_node),
    ("a_session_that_is_not_replicated", Needs::Alone, a_session_that_is_not_replicated),
    ("an_owner_who_is_at_work", Needs::Working, an_owner_who_is_at_work),
    ("an_owner_who_is_gone", Needs::Waiting, an_owner_who_is_gone),
    ("a_lock_that_was_taken_over", Needs::Working, a_lock_that_was_taken_over),
    ("another_node_that_stands_still", Needs::Alone, another_node_that_stands_still),
    ("a_node_apart", Needs::Alone, a_node_apart),
    ("a_node_killed", Needs::Alone, a_node_killed),
];

fn undisturbed(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    assert!(!subject.upgraded_through(2).steps.is_empty());
    subject.assert_equal();
    assert!(subject.upgraded_through(3).steps.is_empty());
    let tables = "SELECT COUNT(*) FROM information_schema.TABLES \
                  WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'alembic_mlflow%'";
    assert_eq!(subject.count(1, tables), "[Integer(0)]");
}

fn two_upgraders_on_two_nodes(cluster: &PrivateCluster) {
    let delays = std::env::var(DELAYS).unwrap_or_else(|_| "0 1 2 5".to_owned());
    for delay in delays.split_whitespace().map(|seconds| seconds.parse().unwrap()) {
        let subject = Subject::new(cluster);
        assert_one_has_worked(vec![
            subject.upgrade(1, Duration::ZERO),
            subject.upgrade(2, Duration::from_secs_f64(delay)),
        ]);
        subject.assert_equal();
    }
}

fn eight_upgraders_on_three_nodes(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    let upgrades = (0..8).map(|number| subject.upgrade(number % 3 + 1, Duration::ZERO));
    assert_one_has_worked(upgrades.collect());
    subject.assert_equal();
}

/// No lock of the upgrade's node keeps it out. Every row that it was told to be there is there.
fn a_writer_on_another_node(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    let (is_over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let writer = {
        let (is_over, written, address) =
            (Arc::clone(&is_over), Arc::clone(&written), subject.at_node(3));
        thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                let number = written.load(Ordering::SeqCst);
                let sql = format!(
                    "INSERT INTO metrics (run_uuid, \"key\", step, timestamp, value, is_nan) \
                     VALUES ('run {:028}', 'written', {number}, {number}, 1, FALSE)",
                    7
                );
                // One that is refused was not written.
                if mysql::attempt(&address, &sql).is_ok() {
                    written.fetch_add(1, Ordering::SeqCst);
                }
                thread::sleep(Duration::from_millis(2));
            }
        })
    };
    while written.load(Ordering::SeqCst) == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    let mut result = subject.upgrade(1, Duration::ZERO).join().unwrap();
    // Rows that come while metrics are counted can be told as such.
    if result.is_err() {
        is_over.store(true, Ordering::SeqCst);
        result = subject.upgrade(1, Duration::ZERO).join().unwrap();
    }
    is_over.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    result.unwrap();
    let written = written.load(Ordering::SeqCst);
    let rows = "SELECT COUNT(*) FROM metrics WHERE \"key\" = 'written'";
    assert_eq!(subject.count(1, rows), format!("[Integer({written})]"));
    subject.assert_equal();
}

/// How a node alters tables by default, and what it refuses to create.
fn settings_of_a_node(cluster: &PrivateCluster) {
    for (set, reset) in [
        ("wsrep_OSU_method = 'RSU'", "wsrep_OSU_method = 'TOI'"),
        ("wsrep_mode = 'REQUIRED_PRIMARY_KEY'", "wsrep_mode = ''"),
        ("wsrep_mode = 'STRICT_REPLICATION'", "wsrep_mode = ''"),
        ("wsrep_max_ws_rows = 500", "wsrep_max_ws_rows = 0"),
        (
            "wsrep_trx_fragment_size = 100, wsrep_trx_fragment_unit = 'rows'",
            "wsrep_trx_fragment_size = 0, wsrep_trx_fragment_unit = 'bytes'",
        ),
    ] {
        let subject = Subject::new(cluster);
        for part in set.split(", ") {
            cluster.run(1, &format!("SET GLOBAL {part}"));
        }
        let result = subject.upgrade(1, Duration::ZERO).join().unwrap();
        for part in reset.split(", ") {
            cluster.run(1, &format!("SET GLOBAL {part}"));
        }
        assert!(result.is_ok(), "{set}: {result:?}");
        subject.assert_equal();
    }
}

fn a_session_that_is_not_replicated(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    cluster.run(1, "SET GLOBAL wsrep_on = OFF");
    let result = subject.upgrade(1, Duration::ZERO).join().unwrap();
    cluster.run(1, "SET GLOBAL wsrep_on = ON");
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerLimit, "{error}");
    subject.assert_equal();
    subject.upgraded_through(1);
}

/// Who waits for another upgrade at another node, and for how long, is told who that is.
fn an_owner_who_is_at_work(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    wait(async {
        let mut owner = open(&subject.at_node(1), WAITS).await.unwrap();
        owner.begin(SessionMode::Upgrade).await.unwrap();
        let waits = Waits { upgrader: Duration::from_secs(3), ..WAITS };
        let mut other = open(&subject.at_node(2), waits).await.unwrap();
        let error = other.begin(SessionMode::Upgrade).await.unwrap_err();
        let Error::Locked { holders, .. } = &error else { panic!("{error:?}") };
        let port = subject.at_node(1).port.to_string();
        assert!(holders.iter().any(|holder| holder.contains(&port)), "{port}: {holders:?}");
        owner.rollback().await.unwrap();
        // What is released is there for others at once.
        other.begin(SessionMode::Upgrade).await.unwrap();
        other.rollback().await.unwrap();
    });
    subject.assert_equal();
}

/// A process that is killed leaves its row: at its own node nobody waits, at others for a while.
fn an_owner_who_is_gone(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    for (node, patience) in [(1, Duration::from_secs(10)), (2, PATIENCE)] {
        wait(async {
            let mut owner = open(&subject.at_node(1), WAITS).await.unwrap();
            owner.begin(SessionMode::Upgrade).await.unwrap();
            drop(owner);
        });
        let began = std::time::Instant::now();
        wait(async {
            let mut next = open(&subject.at_node(node), WAITS).await.unwrap();
            next.begin(SessionMode::Upgrade).await.unwrap();
            next.rollback().await.unwrap();
        });
        assert!(began.elapsed() < patience, "node {node}: {:?}", began.elapsed());
    }
    subject.upgraded_through(3);
    subject.assert_equal();
}

/// An upgrade that was taken for dead does nothing more.
fn a_lock_that_was_taken_over(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    wait(async {
        let mut owner = open(&subject.at_node(1), WAITS).await.unwrap();
        owner.begin(SessionMode::Upgrade).await.unwrap();
        let workers = owner.accelerate().unwrap().workers(&Progress::silent()).await.unwrap();
        assert!(!workers.is_empty());
        let seize = "SET SESSION wsrep_sync_wait = 7; \
                     UPDATE alembic_mlflow_migrate SET note = '{}'";
        mysql::run(&subject.at_node(2), seize);
        tokio::time::sleep(Duration::from_secs(3)).await;
        let error = owner.resumable().unwrap().begin_journal("{}").await.unwrap_err();
        assert!(matches!(error, Error::LockLost { .. }), "{error:?}");
        // Nor do those who work for it.
        for mut worker in workers {
            let error = worker.transactions().unwrap().begin_rows().await.unwrap_err();
            assert!(matches!(error, Error::LockLost { .. }), "{error:?}");
        }
        owner.rollback().await.unwrap();
    });
    let rows = "SELECT note FROM alembic_mlflow_migrate";
    assert_eq!(subject.count(3, rows), "[Text(\"{}\")]");
    mysql::run(&subject.at_node(2), "DROP TABLE alembic_mlflow_migrate");
    subject.upgraded_through(2);
    subject.assert_equal();
}

/// The others wait for it until they give it up. The upgrade says what it waits for, and goes on.
fn another_node_that_stands_still(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    let upgrade = || {
        wait(async {
            let waits = Waits { table: Duration::from_secs(1), ..WAITS };
            let mut backend = open(&subject.at_node(1), waits).await.unwrap();
            let upgrade = Upgrade::default();
            let upgraded = upgrade.run_on(cluster.server().catalogue(), &mut *backend, "head");
            tokio::time::timeout(LIMIT, upgraded).await.unwrap()
        })
    };
    let (result, events) = thread::scope(|scope| {
        let upgrade = scope.spawn(upgrade);
        subject.wait_for_steps(1);
        cluster.signal(3, "STOP");
        upgrade.join().unwrap()
    });
    cluster.signal(3, "CONT");
    assert!(result.is_ok(), "{result:?}");
    let is_told = |event: &Event| matches!(event, Event::Notice { message } if message.contains("at one statement for"));
    assert!(events.iter().any(is_told), "{events:?}");
    subject.assert_equal();
}

/// A node without a majority refuses everything: it is not reachable, and nobody else holds anything.
fn a_node_apart(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    cluster.run(1, "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'");
    let began = std::time::Instant::now();
    let is_apart = || mysql::attempt(&subject.at_node(1), "SELECT 1 FROM runs LIMIT 1").is_err();
    while !is_apart() {
        assert!(began.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(100));
    }
    let result = subject.upgrade(1, Duration::ZERO).join().unwrap();
    cluster.run(1, "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'");
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
    while is_apart() {
        assert!(began.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(100));
    }
    subject.upgraded_through(1);
    subject.assert_equal();
}

/// What it was at goes on through another node.
fn a_node_killed(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    let upgrade = subject.upgrade(2, Duration::ZERO);
    subject.wait_for_steps(2);
    cluster.kill(2);
    let error = upgrade.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error:?}");
    assert!(!subject.upgraded_through(1).steps.is_empty());
    cluster.restart(2);
    subject.assert_equal();
}
