//! What an upgrade tells while it waits, and what `doctor` tells before.

use std::time::Duration;

use mlflow_migrate_core::UpgradeOptions;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::event::{Event, Wait, WaitReason};
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::doctor::{Warning, diagnose};
use mlflow_migrate_tests::capability::SERVER;
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Upgrade, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::others::Reader;
use crate::common::address_of;

pub(crate) const TESTS: &[Test] = tests![
    whoever_has_a_table_open_is_named => SERVER,
    another_upgrade_is_told_at_once => SERVER,
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
