//! Migration graphs, the schema model, planning and data migrations for MLflow's databases.
//!
//! There is no database driver in here. A [`catalogue::Catalogue`] says which revisions exist and
//! what each of them changes; a [`backend::Backend`] knows one database; [`upgrade()`] is the one
//! driver that brings them together.

pub mod abort;
pub mod backend;
pub mod catalogue;
pub mod certificates;
pub mod check;
pub mod data;
pub mod doctor;
mod drift;
pub mod error;
pub mod estimate;
pub mod event;
mod execute;
pub mod graph;
mod invariants;
mod journal;
pub mod locate;
mod losses;
pub mod op;
pub mod parameter;
mod partial;
pub mod plan;
pub mod platform;
pub mod python;
mod recognise;
pub mod release;
mod repair;
pub mod retry;
pub mod revision;
pub mod rule;
pub mod schema;
pub mod session;
pub mod status;
pub mod stop;
pub mod target;
mod upgrade;
pub mod url;
pub mod verify;
pub mod version_table;

pub use error::Error;
pub use journal::FENCE;
pub use upgrade::{Report, Request, StepReport, findings, inspect_and_plan, upgrade};
