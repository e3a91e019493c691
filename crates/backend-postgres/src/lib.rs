//! The PostgreSQL backend of mlflow-migrate.
//!
//! A whole upgrade is one transaction, so a database is either upgraded or as it was. Only the
//! schema that a connection's `search_path` begins with is ever read or changed.

mod attempt;
mod backend;
mod cancel;
mod code_of_others;
mod commit;
mod connect;
mod demands;
mod dependents;
mod encoding;
mod endpoint;
mod error;
mod execute;
mod expression;
mod inspect;
mod latest_metrics;
mod lock;
mod method;
mod names;
mod outside;
mod passfile;
mod pooling;
mod preflight;
mod privileges;
mod published;
mod render;
mod row_security;
mod rows;
mod sequences;
mod service;
mod session;
mod session_kind;
mod size;
mod sources;
mod standbys;
mod truncate;
mod upgraders;
mod url;
mod value;
mod verification;
mod version;
mod violations;
#[cfg(target_os = "linux")]
mod way;
#[cfg(not(target_os = "linux"))]
#[path = "way_unseen.rs"]
mod way;
mod wide_names;

pub use connect::{OpenOptions, Postgres};
pub use mlflow_migrate_backend_server::certificates::SystemAuthorities;
pub use url::{ENVIRONMENT, read_url};
