//! Holds the options of an upgrade.

use std::path::PathBuf;

use crate::data::DataOptions;
use crate::event::cancellation::CancellationToken;
use crate::history::location::Assumption;
use crate::history::target::Target;

/// The options of one upgrade.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpgradeOptions {
    /// The revision to reach.
    pub target: Target,
    /// The user's statement about a database without a version.
    pub assume: Option<Assumption>,
    /// The options of the data migrations.
    pub data: DataOptions,
    /// Whether to continue although the schema differs from its revision, where that is possible.
    pub accept_drift: bool,
    /// Whether to verify and stamp each revision separately, as Alembic does.
    ///
    /// Otherwise the planner merges changes of different revisions.
    pub step_by_step: bool,
    /// Whether to skip the database's own integrity check, where it has one.
    pub skip_check: bool,
    /// The path to which the database is copied before its first change, if any.
    pub backup: Option<PathBuf>,
    /// How long `prepare` rests after it has written rows: a multiple of the time that this took.
    pub throttle: f64,
    /// Whether the database is a copy that was just filled, so that the same copy resumes the upgrade.
    pub(crate) follows_copy: bool,
    /// The token through which the user stops the upgrade.
    pub stop: CancellationToken,
}

impl UpgradeOptions {
    /// Returns options that upgrade to a target, with defaults for the rest.
    #[must_use]
    pub fn to(target: Target) -> Self {
        Self {
            target,
            assume: None,
            data: DataOptions::default(),
            accept_drift: false,
            step_by_step: false,
            skip_check: false,
            backup: None,
            throttle: 1.0,
            follows_copy: false,
            stop: CancellationToken::default(),
        }
    }
}
