//! Holds the revisions, their order, and the revision of a database.

pub mod catalogue;
pub mod graph;
pub mod location;
pub mod release;
pub mod revision;
pub mod target;
pub mod version_table;
