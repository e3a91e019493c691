//! Describes interrupted upgrades.

use serde::Serialize;

use super::label;

/// What changes a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// An upgrade to a later revision.
    #[default]
    Upgrade,
    /// A downgrade to an earlier revision.
    Downgrade,
    /// A repair at the same revision.
    Repair,
    /// A copy of another database's rows into a new one.
    Copy,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Upgrade => "upgrade",
            Self::Downgrade => "downgrade",
            Self::Repair => "repair",
            Self::Copy => "copy",
        })
    }
}

/// The state of an interrupted upgrade or repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// Whether an upgrade or a repair was interrupted.
    pub operation: Operation,
    /// The revision at which the upgrade began; `None` is the base schema, or an empty database.
    pub from: Option<String>,
    /// Whether the database was empty when the upgrade began.
    #[serde(skip)]
    pub began_empty: bool,
    /// The target revision; `None` is the base schema.
    pub to: Option<String>,
    /// The start of the upgrade, in milliseconds since 1970.
    pub began_ms: i64,
    /// The number of steps done.
    #[serde(rename = "steps_done")]
    pub done: usize,
    /// The number of steps.
    #[serde(rename = "step_count")]
    pub steps: usize,
    /// The next step, which may be partly done; `None` if only the stamp is missing.
    pub next: Option<String>,
}

impl Unfinished {
    /// Returns how much is done; nothing of a copy, which starts over.
    #[must_use]
    pub fn progress(&self) -> String {
        match self.operation {
            Operation::Upgrade | Operation::Downgrade | Operation::Repair => {
                format!(": {} of {} steps are done", self.done, self.steps)
            }
            Operation::Copy => String::new(),
        }
    }

    /// Describes what is unfinished: `an upgrade from base to 7ac759974ad8`.
    #[must_use]
    pub fn describe(&self) -> String {
        let from = match self.began_empty {
            true => "an empty database",
            false => label(self.from.as_deref()),
        };
        described(self.operation, from, self.to.as_deref())
    }
}

/// Describes an operation: `an upgrade from base to 7ac759974ad8`, or `a repair of base`.
pub(crate) fn described(operation: Operation, from: &str, to: Option<&str>) -> String {
    match operation {
        Operation::Upgrade => format!("an upgrade from {from} to {}", label(to)),
        Operation::Downgrade => format!("a downgrade from {from} to {}", label(to)),
        Operation::Repair => format!("a repair of {from}"),
        Operation::Copy => format!("a copy of a database at {}", label(to)),
    }
}
