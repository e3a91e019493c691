//! Upgrades that were interrupted.

use serde::Serialize;

use super::label;

/// An upgrade that has been interrupted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// Where it began.
    pub from: String,
    /// Where it goes; `None` is the base schema.
    pub to: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// How many of its steps are done.
    pub done: usize,
    /// How many it has.
    pub steps: usize,
    /// The step that comes next, a part of which may be done; without one only the stamp is left.
    pub next: Option<String>,
}

impl Unfinished {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        let to = label(self.to.as_deref());
        format!(
            "finish it with `mlflow-migrate upgrade --to {to}`, or take it back with `mlflow-migrate \
             abort`, if no step stands against that; until then MLflow cannot start"
        )
    }
}
