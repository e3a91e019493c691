//! What is asserted of every backend, written once.
//!
//! A [`harness`] runs each test on every [`server`]: SQLite always, the others where they are given. It
//! runs the trials of all programs in `tests/tests`.
//! [`mod@reference`] is what MLflow's own migrations make there.

pub mod address;
pub mod capability;
pub mod conformance;
pub mod connect;
pub mod database;
pub mod dump;
pub mod fill;
pub mod fuzzing;
pub mod harness;
pub mod json_schema;
pub mod mysql;
pub mod oracle;
pub mod other_session;
pub mod pooler;
pub mod postgres;
pub mod private_cluster;
pub mod private_server;
pub mod proxy;
pub mod reference;
pub mod server;
pub mod small_disk;
pub mod sqlite;
pub mod unique;
mod wait;

pub use wait::wait;
