//! The built binary, run as people run it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod commands;
mod diagnosis;
mod help;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills_at_steps;
#[cfg(target_os = "linux")]
mod memory;
mod oracle;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod partial_runs;
#[cfg(unix)]
mod read_only;
mod refused;
mod sandbox;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod servers;
#[cfg(unix)]
mod signals;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod upgraders;
