//! The MySQL and MariaDB backend of mlflow-migrate.
//!
//! Every DDL statement commits on these servers, so an upgrade is not one transaction. A journal in
//! the database records the upgrade's progress, and a named lock keeps other upgraders out.
//!
//! ```no_run
//! use mlflow_migrate_backend_mysql::{Mysql, OpenOptions};
//! use mlflow_migrate_core::url::ServerUrl;
//! use mlflow_migrate_core::report::check;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let catalogue = mlflow_migrate_revisions::tracking()?;
//! let url = ServerUrl::parse("mysql+pymysql://mlflow@localhost/mlflow")?;
//! let mut database = Mysql::connect(&url, &OpenOptions::default()).await?;
//! let position = check::position(&mut database, &catalogue, None).await?;
//! println!("{} is at {}", url.shown(), position.location.label());
//! # Ok(())
//! # }
//! ```

mod backend;
mod background;
mod bulk;
mod calibration;
mod cancel;
mod change;
mod cluster;
mod connect;
mod connection;
mod database;
mod error;
mod exchange;
mod features;
mod flushing;
mod foreign_keys;
mod inspect;
mod journal;
mod latest_metrics;
mod limits;
mod lock;
mod login;
mod online;
mod options;
mod preflight;
mod privileges;
mod quoting;
mod ranged;
mod render;
mod rows;
mod running_step;
mod script;
mod session;
mod swap;
mod swap_tables;
#[cfg(test)]
#[path = "../../backend-server/documented/table.rs"]
mod table;
mod table_facts;
mod table_size;
mod tables;
mod text_protocol;
mod version_table;
mod watched;

pub use database::Mysql;
pub use features::Features;
pub use login::read_url;
pub use mlflow_migrate_backend_server::certificates::SystemAuthorities;
pub use options::{ENVIRONMENT, OpenOptions};
pub use script::MysqlScript;
