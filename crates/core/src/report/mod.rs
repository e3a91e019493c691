//! Holds the read-only answers about a database.

pub mod alembic_cost;
pub mod check;
pub mod diff;
pub(crate) mod disk_use;
pub mod doctor;
pub mod downgrade;
mod edit_words;
pub mod estimate;
pub mod graphs;
pub mod live_script;
pub mod preview;
pub mod session;
pub mod show;
pub mod status;
pub mod verify;
mod warning;
