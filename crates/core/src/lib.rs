//! Migration graphs, the schema model, planning and data migrations for MLflow's databases.
//!
//! There is no database driver in here. A [`catalogue::Catalogue`] says which revisions exist and
//! what each of them changes; a [`backend::Backend`] knows one database; [`upgrade()`] is the one
//! driver that brings them together.

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
