//! The PostgreSQL backend of mlflow-migrate.
//!
//! A whole upgrade is one transaction, so an upgrade either completes or leaves the database
//! unchanged. The backend reads and changes only the first schema of the connection's
//! `search_path`.
//!
//! ```no_run
//! use mlflow_migrate_backend_postgres::{OpenOptions, Postgres};
//! use mlflow_migrate_core::url::ServerUrl;
//! use mlflow_migrate_core::report::check;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let catalogue = mlflow_migrate_revisions::tracking()?;
//! let url = ServerUrl::parse("postgresql://mlflow@localhost/mlflow")?;
//! let mut database = Postgres::connect(&url, &OpenOptions::default()).await?;
//! let position = check::position(&mut database, &catalogue, None).await?;
//! println!("{} is at {}", url.shown(), position.location.label());
//! # Ok(())
//! # }
//! ```

mod backend;
mod bulk;
mod cancel;
mod calibration;
mod change;
mod commit;
mod connect;
mod database;
mod error;
mod inspect;
mod latest_metrics;
mod lock;
mod log_space;
mod login;
mod online;
mod options;
mod preflight;
mod render;
mod rows;
mod running_step;
mod script;
mod search_path;
mod second_session;
mod sequences;
mod session;
mod statement_progress;
mod statements;
mod table_size;
mod version_table;
mod watch;

pub use database::Postgres;
pub use login::url::{ENVIRONMENT, read_url};
pub use mlflow_migrate_backend_server::certificates::SystemAuthorities;
pub use options::OpenOptions;
pub use script::PostgresScript;
