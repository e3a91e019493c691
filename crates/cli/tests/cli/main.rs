//! The built binary, run as people run it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod commands;
mod help;
#[cfg(target_os = "linux")]
mod memory;
mod oracle;
#[cfg(unix)]
mod read_only;
mod refused;
mod sandbox;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod servers;
#[cfg(unix)]
mod signals;
