//! Reads an MLflow file store, the folder `mlruns`, as rows of MLflow's database.
//!
//! The rows are those that `mlflow migrate-filestore` of MLflow 3.18 writes, column by column, for
//! the schema of its head revision. Files are read in parallel, but rows arrive in one order, which
//! depends on the store alone. Memory grows with the number of runs and traces, by some bytes each,
//! and not with their metrics.
//!
//! MLflow's command ends at the first file that it cannot take. This crate reads on, and a
//! [`ReadReport`] names what is malformed, and what MLflow's command leaves out silently.

mod claims;
mod collector;
mod columns;
mod entities;
mod error;
mod files;
mod json;
mod metric_lines;
mod output;
mod pipeline;
mod reason;
mod report;
mod request_time;
mod store;
mod tables;
mod uuid;
mod yaml;

#[cfg(test)]
mod tests;

pub use error::FileStoreError;
pub use reason::Reason;
pub use report::{Entries, Entry, ReadReport};
pub use store::{FileStore, ReadOptions};
pub use tables::{Table, TableRows};
