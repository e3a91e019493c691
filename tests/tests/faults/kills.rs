//! The server is killed, as by the kernel when memory runs out, and started again.
//!
//! `MLFLOW_MIGRATE_SERVER_KILLS` says at how many instants.

use std::time::Duration;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::wait;

use crate::subject::Ground;

fn kills() -> u32 {
    let wanted = std::env::var("MLFLOW_MIGRATE_SERVER_KILLS").ok();
    wanted.map_or(2, |wanted| wanted.parse().unwrap())
}

pub(crate) fn killed_and_restarted(ground: &Ground) {
    let (kills, duration) = (kills(), ground.undisturbed().1);
    for number in 0..kills {
        wait(killed_after(ground, duration * (2 * number + 1) / (2 * kills)));
    }
}

async fn killed_after(ground: &Ground, instant: Duration) {
    let what = format!("killed after {instant:?}");
    let subject = ground.subject().await;
    let private = std::sync::Arc::clone(&ground.private);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(instant);
        private.kill();
    });
    let result = subject.upgrade().await;
    killer.join().unwrap();
    ground.private.restart();
    if let Err(error) = result {
        // It may have been about to connect.
        let kinds = [ErrorKind::ConnectionLost, ErrorKind::Unreachable];
        assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
        assert!(error.hint().is_some(), "{what}: {error:?}");
        subject.assert_sound_after_failure(&what);
    }
    subject.assert_finishes(&what).await;
}
