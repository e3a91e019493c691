//! The PostgreSQL backend of mlflow-migrate.
//!
//! A whole upgrade is one transaction, so a database is either upgraded or as it was. Only the
//! schema that a connection's `search_path` begins with is ever read or changed.

mod backend;
mod cancel;
mod change;
mod commit;
mod connect;
mod database;
mod error;
mod inspect;
mod latest_metrics;
mod lock;
mod login;
mod options;
mod preflight;
mod render;
mod rows;
mod sequences;
mod session;
mod statements;
mod table_size;
mod version_table;

pub use database::Postgres;
pub use login::url::{ENVIRONMENT, read_url};
pub use mlflow_migrate_backend_server::certificates::SystemAuthorities;
pub use options::OpenOptions;
