//! Describes interrupted upgrades.

use serde::Serialize;

use super::label;

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

impl Unfinished {
    /// Returns the advice.
    #[must_use]
    pub fn remedy(&self) -> String {
        let to = label(self.to.as_deref());
        format!(
            "finish it with `mlflow-migrate upgrade --to {to}`, or take it back with `mlflow-migrate \
             abort`, if no step stands against that; until then MLflow cannot start"
        )
    }
}
