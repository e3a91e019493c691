//! Holds the read-only answers about a database.

pub mod alembic_cost;
pub mod check;
pub mod doctor;
pub mod estimate;
pub mod preview;
pub mod session;
pub mod status;
pub mod verify;
mod warning;
