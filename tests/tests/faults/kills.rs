//! The server is killed, as by the kernel when memory runs out, and started again.
//!
//! `MLFLOW_MIGRATE_SERVER_KILLS` says at how many instants.

use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::{Error, UpgradeReport};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::wait;

use crate::subject::{Ground, Subject};

fn kills() -> u32 {
    let wanted = std::env::var("MLFLOW_MIGRATE_SERVER_KILLS").ok();
    wanted.map_or(2, |wanted| wanted.parse().unwrap())
}

pub(crate) fn killed_and_restarted(ground: &Ground) {
    let head = ground.server().head();
    let (kills, duration) = (kills(), ground.undisturbed(head).duration);
    for number in 0..kills {
        wait(killed_after(ground, duration * (2 * number + 1) / (2 * kills)));
    }
}

/// A server without a crash-safe data dictionary damages a table itself when it dies within a statement that
/// makes or changes one: MySQL 5.6 may then not even start again. So it dies between two statements, and
/// just after it has written rows.
pub(crate) fn killed_between_statements(ground: &Ground) {
    const BEFORE: [&str; 3] = [
        "CREATE TABLE `latest_metrics`",
        "INSERT INTO latest_metrics",
        "CREATE TABLE `registered_models`",
    ];
    for text in BEFORE {
        wait(killed_at(ground, text, |address, text, time, act| {
            Proxy::before(address, text, time, act)
        }));
    }
    wait(killed_at(ground, "INSERT INTO latest_metrics", |address, text, time, act| {
        Proxy::after(address, text, time, act)
    }));
}

type ProxyAt = fn(&Address, &str, u64, Box<dyn FnOnce() -> bool + Send>) -> Proxy;

async fn killed_at(ground: &Ground, text: &str, proxy: ProxyAt) {
    let subject = ground.subject(ground.server().head()).await;
    let private = Arc::clone(&ground.private);
    let kill = move || {
        private.kill();
        false
    };
    let proxy = proxy(&subject.address(), text, 1, Box::new(kill));
    let result = subject.upgrade_through(proxy.port()).await;
    assert!(result.is_err(), "{text} did not come");
    judge(ground, &subject, result, &format!("killed at {text}")).await;
}

async fn killed_after(ground: &Ground, instant: Duration) {
    let subject = ground.subject(ground.server().head()).await;
    let private = Arc::clone(&ground.private);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(instant);
        private.kill();
    });
    let result = subject.upgrade().await;
    killer.join().unwrap();
    judge(ground, &subject, result, &format!("killed after {instant:?}")).await;
}

/// Starts the server again: the upgrade has told what happened, has left a database from which one can go
/// on, and the same command does.
async fn judge(
    ground: &Ground,
    subject: &Subject<'_>,
    result: Result<UpgradeReport, Error>,
    what: &str,
) {
    ground.private.restart();
    if let Err(error) = result {
        // It may have been about to connect.
        let kinds = [ErrorKind::ConnectionLost, ErrorKind::Unreachable];
        assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
        assert!(hint(&error).is_some(), "{what}: {error:?}");
        subject.assert_sound_after_failure(what);
    }
    subject.assert_finishes(what).await;
}

/// Such a server that dies while it creates a table leaves the table's definition: of one of MLflow's while an upgrade is on its way, and of the journal as it begins.
pub(crate) fn only_the_definition_of_a_table(ground: &Ground) {
    wait(async {
        let target = ground.server().head();
        let (begun, fresh) = (ground.subject(target).await, ground.subject(target).await);
        let proxy = Proxy::cut_at(&begun.address(), "CREATE TABLE `registered_models`", 1);
        begun.upgrade_through(proxy.port()).await.unwrap_err();
        let copy = |file: &str, from: &Subject<'_>, to: &Subject<'_>| {
            let folder = |of: &Subject<'_>| ground.private.folder_of(&of.address().database);
            std::fs::copy(folder(from).join(file), folder(to).join(file)).unwrap();
        };
        copy("alembic_mlflow_migrate.frm", &begun, &fresh);
        fresh.assert_finishes("the journal").await;
        copy("registered_models.frm", &fresh, &begun);
        begun.assert_finishes("a table of MLflow's").await;
    });
}
