//! The SQLite backend of mlflow-migrate.
//!
//! A whole upgrade is one transaction, so an upgrade either completes or leaves the file unchanged.

mod backend;
mod backup;
mod change;
mod connect;
mod connection;
mod database;
pub mod ddl;
mod error;
mod inspect;
mod latest_metrics;
mod lock;
mod options;
mod preflight;
mod progress;
mod render;
mod rows;
mod session;
mod shell;
mod side_files;
mod table_size;
mod url;
mod version_table;

pub use backup::{PendingCopy, backup_path, check_backup, copy, newest_backup, restore};
pub use database::Sqlite;
pub use inspect::read_table;
pub use options::OpenOptions;
pub use render::create_table;
pub use url::path_from_url;
