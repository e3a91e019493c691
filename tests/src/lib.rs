//! What is asserted of every backend, written once.

pub mod database;
pub mod reference;
pub mod sqlite;
