//! The SQLite backend of mlflow-migrate.
//!
//! A whole upgrade is one transaction, so a file is either upgraded or as it was.

mod backend;
mod connect;
mod consistency;
mod copy;
pub mod ddl;
mod error;
mod execute;
mod inspect;
mod latest_metrics;
mod lock;
mod method;
mod preflight;
mod progress;
mod rebuild;
mod render;
mod rows;
mod size;
mod url;
mod version;

pub use connect::{OpenOptions, Sqlite};
pub use copy::{PendingCopy, copy};
pub use url::path_from_url;
