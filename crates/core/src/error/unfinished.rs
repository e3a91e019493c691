//! Describes interrupted upgrades.

use serde::Serialize;

/// The state of an interrupted upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// The revision at which the upgrade began.
    pub from: String,
    /// The target revision; `None` is the base schema.
    pub to: Option<String>,
    /// The start of the upgrade, in milliseconds since 1970.
    pub began_ms: i64,
    /// The number of steps done.
    pub done: usize,
    /// The number of steps.
    pub steps: usize,
    /// The next step, which may be partly done; `None` if only the stamp is missing.
    pub next: Option<String>,
}
