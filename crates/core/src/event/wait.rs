//! What an upgrade waits for.

use serde::Serialize;

/// A wait for other sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// What the upgrade waits for.
    #[serde(rename = "wait_reason")]
    pub reason: WaitReason,
    /// The sessions that the upgrade waits for, as far as the server shows them.
    pub holders: Vec<String>,
    /// When the upgrade that is waited for began, in milliseconds since 1970, where it has noted that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began_ms: Option<i64>,
    /// How long the upgrade has waited so far, in seconds.
    pub waited_seconds: u64,
    /// How long it waits at most, in seconds; `None` without a limit.
    pub limit_seconds: Option<u64>,
}

/// What an upgrade waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WaitReason {
    /// A lock on a table, or on a file.
    Lock,
    /// Another upgrade by this program.
    Upgrade,
    /// MLflow's own upgrade, or another session that changes tables.
    MlflowUpgrade,
    /// Less load: other sessions run more statements than [`Pace::max_load`](crate::upgrade::options::Pace).
    Load,
}
