//! Handles Ctrl-C and SIGTERM.
//!
//! The first signal asks an upgrade to stop at the next safe point. The second signal ends the
//! process immediately. Ending the process is safe too: to the database, it is a client that was
//! killed.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::event::cancellation::CancellationToken;

use crate::render::Renderer;

/// The exit code of a process that Ctrl-C has ended: 128 plus the signal's number.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of a process that SIGTERM has ended.
pub(crate) const TERMINATED: u8 = 143;

/// The signal that the process has received.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    code: AtomicU8,
}

impl Signals {
    /// Returns the exit code for the received signal.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.code.load(Ordering::SeqCst) {
            0 => INTERRUPTED,
            code => code,
        }
    }

    /// Waits for a signal, and asks the upgrade to stop.
    ///
    /// Returns only if nothing has been changed yet, so the command can end immediately. Otherwise
    /// waits for the upgrade or a second signal to end the process.
    pub(crate) async fn end(&self, stop: &CancellationToken, renderer: &Arc<dyn Renderer>) {
        self.code.store(next().await, Ordering::SeqCst);
        stop.request();
        if !stop.is_working() {
            return;
        }
        let message =
            "stopping at the next safe point (Ctrl-C again stops immediately, which is safe too)";
        renderer.notify(&Event::Notice { message: message.to_owned() });
        std::process::exit(next().await.into());
    }
}

/// Waits for the next signal, and returns its exit code.
#[cfg(unix)]
async fn next() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let listeners = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    // Without a listener the signal itself ends the process.
    let (Ok(mut interrupt), Ok(mut terminate)) = listeners else { return pending().await };
    tokio::select! {
        _ = interrupt.recv() => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    }
}

/// Waits for the next signal, and returns its exit code.
#[cfg(not(unix))]
async fn next() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => INTERRUPTED,
        Err(_) => pending().await,
    }
}
