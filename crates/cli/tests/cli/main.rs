//! The built binary, run as people run it, and the library beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod auth;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod cleanups;
mod commands;
mod copies;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod copies_between_servers;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod copies_findings;
mod copies_of_file_stores;
mod creation;
mod damage;
mod diagnosis;
mod examples;
#[cfg(target_os = "linux")]
mod exhaustion;
mod file_names;
mod help;
mod json;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills_at_steps;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills_of_cleanups;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills_of_copies;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills_of_downgrades;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills_of_preparations;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod kills_of_repairs;
mod library;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(unix)]
mod modes;
mod oracle;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod partial_runs;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod preparations;
#[cfg(unix)]
mod read_only;
mod refused;
mod repairs;
mod restore;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod retries;
mod sandbox;
#[cfg(feature = "postgres")]
mod schema_coverage;
mod scripts;
mod secrets;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod servers;
mod side_files;
#[cfg(unix)]
mod signals;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod silence;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod standbys;
mod strangers;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod trust;
#[cfg(target_os = "linux")]
mod unwritable;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod upgraders;
