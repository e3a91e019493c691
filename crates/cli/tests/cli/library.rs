//! What a program sees that embeds the library.

use mlflow_migrate::{CancellationToken, ErrorKind, Migrator, Target, UpgradeOptions};

use crate::sandbox::Sandbox;

async fn migrator(sandbox: &Sandbox) -> Migrator {
    Migrator::connect(sandbox.path("mlruns.db").to_str().unwrap()).await.unwrap()
}

fn requested() -> CancellationToken {
    let token = CancellationToken::default();
    token.request();
    token
}

/// Whichever way the caller gives it.
#[tokio::test]
async fn a_token_stops_an_upgrade() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let before = sandbox.files();
    let head = UpgradeOptions::to(Target::Head);
    let mut in_options = head.clone();
    in_options.stop = requested();
    let of_options = migrator(&sandbox).await.upgrade(&in_options).await.unwrap_err();
    let cancelled = migrator(&sandbox).await.cancelled_by(requested()).upgrade(&head).await;
    assert_eq!(of_options.kind(), ErrorKind::Stopped);
    assert_eq!(cancelled.unwrap_err().kind(), ErrorKind::Stopped);
    assert!(sandbox.files() == before, "the database has changed");
}

/// A program with several threads can spawn them.
#[tokio::test]
async fn work_can_move_to_another_thread() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let mut migrator = migrator(&sandbox).await;
    let upgraded = tokio::spawn(async move {
        let options = UpgradeOptions::to(Target::Head);
        migrator.plan(&options).await?;
        migrator.upgrade(&options).await?;
        migrator.verify(true).await
    });
    assert!(upgraded.await.unwrap().unwrap().is_sound());
}
