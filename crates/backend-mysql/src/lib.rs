//! The MySQL and MariaDB backend of mlflow-migrate.
//!
//! Every change of a table commits by itself there, so an upgrade is not one transaction: a journal
//! in the database tells how far it has come, and a named lock keeps other upgraders out.

mod backend;
mod background;
mod cancel;
mod claim;
mod cluster;
mod connect;
mod connection;
mod error;
mod execute;
mod features;
mod inspect;
mod journal;
mod latest_metrics;
mod limits;
mod lock;
mod login;
mod method;
mod options;
mod preflight;
mod probe;
mod quoting;
mod ranged;
mod render;
mod rows;
mod swap;
#[cfg(test)]
#[path = "../../backend-server/documented/table.rs"]
mod table;
mod table_size;
mod tables;
mod text_protocol;
mod truncate;
mod upgraders;
mod value;
mod version_table;
mod watch;

pub use connect::Mysql;
pub use features::Features;
pub use login::read_url;
pub use mlflow_migrate_backend_server::certificates::SystemAuthorities;
pub use options::{ENVIRONMENT, OpenOptions};
