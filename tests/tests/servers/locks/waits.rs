//! What an upgrade tells while it waits, and what `doctor` tells before.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mlflow_migrate_core::UpgradeOptions;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::{Event, Wait, WaitReason};
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::doctor::{Warning, diagnose};
use mlflow_migrate_core::report::status::{Status, status, upgraders};
use mlflow_migrate_tests::capability::SERVER;
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Upgrade, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::others::Reader;
use crate::common::{address_of, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    whoever_has_a_table_open_is_named => SERVER,
    another_upgrade_is_told_at_once => SERVER,
    the_step_of_a_running_upgrade_is_seen => SERVER,
];

const OLD: &str = "451aebb31d03";
const LONG: Waits = Waits { table: Duration::from_secs(20), upgrader: Duration::from_secs(20) };

/// The waits among the events, and whether each is over.
fn waits(events: &[Event]) -> (Vec<Wait>, usize) {
    let waits = events.iter().filter_map(|event| match event {
        Event::Waiting(wait) => Some(wait.clone()),
        _ => None,
    });
    let over = events.iter().filter(|event| matches!(event, Event::WaitOver { .. })).count();
    (waits.collect(), over)
}

async fn whoever_has_a_table_open_is_named(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    database.run("CREATE TABLE own (id INTEGER NOT NULL PRIMARY KEY)");
    let (other, other_session) = Reader::of_table(&address, "own").await;
    let (reader, session) = Reader::of_table(&address, "metrics").await;
    let number = session.to_string();
    let mut backend = open(&address, LONG).await.unwrap();
    let request = UpgradeOptions::to(Target::parse(server.head()));
    let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    let ends: Vec<&str> = found
        .warnings
        .iter()
        .filter_map(|warning| match warning {
            Warning::TableInUse(user) => Some(user.end.as_str()),
            _ => None,
        })
        .collect();
    assert!(ends.iter().any(|end| end.contains(&number)), "{session}: {ends:?}");
    // A MySQL server without performance_schema lists transactions, but not their tables.
    if server.is_postgres() {
        let of_other = other_session.to_string();
        assert!(!ends.iter().any(|end| end.contains(&of_other)), "{other_session}: {ends:?}");
    }
    other.end().await;
    let upgrade = Upgrade::default();
    let upgrading = upgrade.run_on(server.catalogue(), &mut *backend, server.head());
    let ending = async {
        tokio::time::sleep(Duration::from_millis(3500)).await;
        reader.end().await;
    };
    let ((upgraded, events), ()) = tokio::join!(upgrading, ending);
    upgraded.unwrap();
    let (waits, over) = waits(&events);
    let [wait] = &waits[..] else { panic!("{waits:?}") };
    assert_eq!((wait.reason, wait.limit_seconds, over), (WaitReason::Lock, Some(20), 1));
    assert!(wait.holders.iter().any(|holder| holder.contains(&number)), "{session}: {wait:?}");
}

async fn another_upgrade_is_told_at_once(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let mut first = open(&address, LONG).await.unwrap();
    first.begin(SessionMode::Upgrade).await.unwrap();
    let mut second = open(&address, LONG).await.unwrap();
    let upgrade = Upgrade::default();
    let upgrading = upgrade.run_on(server.catalogue(), &mut *second, server.head());
    let ending = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        first.rollback().await.unwrap();
    };
    let ((upgraded, events), ()) = tokio::join!(upgrading, ending);
    upgraded.unwrap();
    let (waits, over) = waits(&events);
    let [wait] = &waits[..] else { panic!("{waits:?}") };
    assert_eq!((wait.reason, wait.waited_seconds, over), (WaitReason::Upgrade, 0, 1));
    assert_eq!(wait.holders.len(), 1, "{wait:?}");
}

/// Looks from another session while the upgrade is about to create a table.
async fn the_step_of_a_running_upgrade_is_seen(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    let (seen, look_at) = (Arc::new(Mutex::new(None)), address.clone());
    let at = Arc::clone(&seen);
    let look = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async {
            let second = Duration::from_secs(1);
            let waits = Waits { table: second, upgrader: second };
            let mut backend = open(&look_at, waits).await.unwrap();
            let running = upgraders(&mut *backend).await.unwrap();
            (running, status(&mut *backend, &catalogue, None).await)
        });
        *at.lock().unwrap() = Some(found);
        true
    };
    let quote = if server.is_postgres() { '"' } else { '`' };
    let text = format!("CREATE TABLE {quote}registered_models{quote}");
    let proxy = Proxy::before(&address, &text, 1, look);
    to_newest(server, &address.through_port(proxy.port())).await.unwrap();
    let (running, status) = seen.lock().unwrap().take().unwrap();
    assert_eq!(running.sessions.len(), 1, "{running:?}");
    let step = running.step.unwrap();
    if server.is_postgres() {
        // The upgrade may hold tables that the other session would have to read.
        let is_read = match &status {
            Ok(status) => matches!(status, Status::Settled(_)),
            Err(error) => error.kind() == ErrorKind::Locked,
        };
        assert!(is_read, "{status:?}");
        assert_eq!(step.title.as_deref(), Some("create table registered_models"), "{step:?}");
        assert!(step.step > Some(1) && step.step < step.step_count, "{step:?}");
    } else {
        let Ok(Status::Unfinished(found)) = status else { panic!("{status:?}") };
        assert_eq!(found.next.as_deref(), Some("create table registered_models"));
    }
}
