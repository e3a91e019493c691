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
mod file;
mod inspect;
mod integrity;
mod late;
mod latest_metrics;
mod lock;
mod method;
mod preflight;
mod progress;
mod rebuild;
mod render;
mod restore;
mod rows;
mod size;
mod unwritable;
mod url;
mod version;

pub use connect::{OpenOptions, Sqlite};
pub use copy::{PendingCopy, copy};
pub use inspect::read_table;
pub use render::create_table;
pub use restore::{backup_path, check_backup, newest_backup, restore};
pub use url::path_from_url;
