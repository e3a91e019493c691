//! Ctrl-C and SIGTERM.
//!
//! The first one asks an upgrade to end where that is safe, the second one ends the process at once.
//! That is safe, too: the database sees what it sees when a process is killed.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::event::cancellation::CancellationToken;

use crate::render::Renderer;

/// The exit code of a process that Ctrl-C has ended: 128 and the signal's number.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of a process that SIGTERM has ended.
pub(crate) const TERMINATED: u8 = 143;

/// How often somebody who waits looks for a signal.
const GLANCE: Duration = Duration::from_millis(50);

/// The signals that have come.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    code: AtomicU8,
}

impl Signals {
    /// The exit code that tells of the signal.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.code.load(Ordering::SeqCst) {
            0 => INTERRUPTED,
            code => code,
        }
    }

    /// Waits for a signal, and asks for an end. Returns only if nothing has been changed yet, so that
    /// nobody has to wait for that end.
    pub(crate) async fn end(&self, stop: &CancellationToken, renderer: &Arc<dyn Renderer>) {
        self.code.store(next().await, Ordering::SeqCst);
        stop.request();
        if !stop.is_working() {
            return;
        }
        let message = "stopping where that is safe; once more stops at once, which is safe, too";
        renderer.notify(&Event::Notice { message: message.to_owned() });
        std::process::exit(next().await.into());
    }
}

/// Waits, and tells whether that was to the end: nobody has asked for another one meanwhile.
pub(crate) async fn wait(duration: Duration, stop: &CancellationToken) -> bool {
    let asked = async {
        while !stop.is_requested() {
            tokio::time::sleep(GLANCE).await;
        }
    };
    tokio::time::timeout(duration, asked).await.is_err()
}

/// The exit code for the next signal.
#[cfg(unix)]
async fn next() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let listeners = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    // A process that cannot listen is ended by the signal itself.
    let (Ok(mut interrupt), Ok(mut terminate)) = listeners else { return pending().await };
    tokio::select! {
        _ = interrupt.recv() => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    }
}

/// The exit code for the next signal.
#[cfg(not(unix))]
async fn next() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => INTERRUPTED,
        Err(_) => pending().await,
    }
}
