//! Plans and executes upgrades of MLflow's databases, over a graph of revisions.
//!
//! This crate contains no database driver. A [`history::catalogue::Catalogue`] holds the revisions
//! and their changes, and a [`backend::Backend`] accesses one database. [`upgrade()`] is the one
//! driver that connects them. A program uses them through `Migrator` of the package `mlflow-migrate`.
//!
//! Revisions are lists of edits, and form a graph:
//!
//! ```
//! use mlflow_migrate_core::history::graph::Graph;
//! use mlflow_migrate_core::history::revision::{BASE, Revision};
//! use mlflow_migrate_core::schema::big_integer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metric_step = Revision::new("451aebb31d03")
//!     .after(BASE)
//!     .on("2019-04-22")
//!     .titled("metrics have a step")
//!     .add_column("metrics", big_integer("step").not_null().server_default("0"));
//! let user_tags = Revision::new("90e64c465722").after("451aebb31d03");
//! let graph = Graph::new(vec![user_tags, metric_step])?;
//! assert_eq!(graph.head()?, "90e64c465722");
//! let path = graph.path(None, Some("90e64c465722")).unwrap_or_default();
//! assert_eq!(path.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! | room | what it holds |
//! |---|---|
//! | [`schema`] | the model: tables, edits of them, comparison |
//! | [`graphs`] | MLflow's migration graphs by name |
//! | [`error`], [`url`], [`event`] | what goes wrong, what a URL names, what happens |
//! | [`rows`], [`data`] | what a data migration may use, and the data migrations |
//! | [`history`], [`plan`] | revisions and releases, and the steps along them |
//! | [`script`] | upgrades as scripts for the database's own client |
//! | [`backend`] | what a database must offer |
//! | [`upgrade`](mod@upgrade), [`report`] | the driver, and the answers that change nothing |
//! | [`prepare`](mod@prepare) | what an upgrade needs, made while MLflow still runs |
//! | [`cleanup`](mod@cleanup) | what an upgrade has left, removed while MLflow runs again |
//! | [`copy`](mod@copy) | the way into another database |

pub mod backend;
pub mod cleanup;
pub mod copy;
pub mod data;
pub mod error;
pub mod event;
pub mod graphs;
pub mod history;
mod locate;
mod online;
pub mod plan;
pub mod prepare;
pub mod report;
pub mod rows;
pub mod schema;
pub mod script;
pub mod upgrade;
pub mod url;

pub use error::Error;
pub use upgrade::inspection::inspect_and_plan;
pub use upgrade::journal::FENCE;
pub use upgrade::options::{Course, UpgradeOptions};
pub use upgrade::report::{StepReport, UpgradeReport};
pub use upgrade::upgrade;
