//! The revisions, their order, and where a database is among them.

pub mod catalogue;
pub mod graph;
pub mod location;
pub mod release;
pub mod revision;
pub mod target;
pub mod version_table;
