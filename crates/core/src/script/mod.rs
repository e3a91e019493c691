//! Writes upgrades as scripts, for the database's own client instead of this program.
//!
//! A script makes what an upgrade makes from the same start, by the same plan. The model's schema of
//! a revision takes the place of a live one. A data migration that reads rows needs the program, so
//! the scripts end before its revision, and the next one begins after it.

mod dialect;
mod recorder;
mod segments;
mod text;

pub use dialect::{ScriptDialect, ended};

use crate::data::DataOptions;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::plan::Plan;
use crate::schema::Schema;

/// How scripts are written.
#[derive(Clone, Copy, Debug)]
pub struct ScriptOptions {
    /// The options of the data migrations.
    pub data: DataOptions,
    /// Whether each revision has a plan and a version of its own.
    pub step_by_step: bool,
    /// Returns the command that upgrades the database to a revision by the program.
    pub command: fn(&str) -> String,
}

/// The scripts of an upgrade, in the order in which they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The revision before; `None` is the base schema, or an empty database.
    pub from: Option<String>,
    /// The target revision.
    pub to: Option<String>,
    /// The parts, at least one.
    pub parts: Vec<Part>,
}

/// One script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The revision before.
    pub from: Option<String>,
    /// The revision after.
    pub to: Option<String>,
    /// The revision to which the program upgrades before this script.
    pub program_before: Option<String>,
    /// The revision to which the program upgrades after this script.
    pub program_after: Option<String>,
    /// The script.
    pub script: String,
}

/// Writes the scripts from a schema to a revision.
///
/// # Errors
/// If there is no such path, a change cannot be expressed, or only the program can make the path.
pub async fn write(
    catalogue: &Catalogue,
    dialect: &dyn ScriptDialect,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
    options: &ScriptOptions,
) -> Result<Script, Error> {
    let segments = segments::cut(catalogue, dialect, live, from, to, options).await?;
    let mut parts = Vec::new();
    for number in 1..=segments.len() {
        parts.push(text::part(catalogue, dialect, &segments, number, options).await?);
    }
    Ok(Script { from: from.revision.clone(), to: to.map(ToOwned::to_owned), parts })
}

/// Writes the steps of a plan, without guard and version.
///
/// A data migration that needs the program leaves a comment.
///
/// # Errors
/// If a change cannot be expressed.
pub async fn steps(
    dialect: &dyn ScriptDialect,
    plan: &Plan,
    live: &Schema,
    data: &DataOptions,
) -> Result<String, Error> {
    text::steps(dialect, plan, live, data).await
}
