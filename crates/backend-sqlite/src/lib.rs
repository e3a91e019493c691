//! The SQLite backend of mlflow-migrate.
//!
//! A whole upgrade is one transaction, so an upgrade either completes or leaves the file unchanged.
//!
//! ```
//! use std::sync::Arc;
//!
//! use mlflow_migrate_backend_sqlite::{OpenOptions, Sqlite};
//! use mlflow_migrate_core::event::{NoopObserver, Observer};
//! use mlflow_migrate_core::history::target::Target;
//! use mlflow_migrate_core::{UpgradeOptions, upgrade};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("mlruns.db");
//! let catalogue = mlflow_migrate_revisions::tracking()?;
//! let mut options = OpenOptions::default();
//! options.create = true;
//! let mut database = Sqlite::open(&path, &options).await?;
//! let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
//! let options = UpgradeOptions::to(Target::Head);
//! let report = upgrade(&mut database, &catalogue, &options, &observer).await?;
//! assert!(report.created);
//! # Ok(())
//! # }
//! ```

mod backend;
mod backup;
mod bulk;
mod calibration;
mod change;
mod connect;
mod connection;
mod database;
pub mod ddl;
mod error;
mod file_space;
mod inspect;
mod latest_metrics;
mod lock;
mod options;
mod preflight;
mod progress;
mod render;
mod rows;
mod script;
mod session;
mod side_files;
mod table_size;
mod url;
mod version_table;

pub use backup::{PendingCopy, backup_path, check_backup, copy, newest_backup, restore};
pub use database::Sqlite;
pub use inspect::read_table;
pub use options::OpenOptions;
pub use render::create_table;
pub use script::SqliteScript;
pub use url::path_from_url;
