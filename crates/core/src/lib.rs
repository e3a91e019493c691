//! Plans and executes upgrades of MLflow's databases, over a graph of revisions.
//!
//! This crate contains no database driver. A [`history::catalogue::Catalogue`] holds the revisions
//! and their changes, and a [`backend::Backend`] accesses one database. [`upgrade()`] is the one
//! driver that connects them.

pub mod backend;
pub mod data;
pub mod error;
pub mod event;
pub mod history;
mod locate;
pub mod plan;
pub mod report;
pub mod rows;
pub mod schema;
pub mod upgrade;
pub mod url;

pub use error::Error;
pub use upgrade::inspection::inspect_and_plan;
pub use upgrade::journal::FENCE;
pub use upgrade::options::UpgradeOptions;
pub use upgrade::preflight::findings;
pub use upgrade::report::{StepReport, UpgradeReport};
pub use upgrade::upgrade;
