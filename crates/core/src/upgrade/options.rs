//! Holds the options of an upgrade.

use std::path::PathBuf;

use crate::data::DataOptions;
use crate::event::cancellation::CancellationToken;
use crate::history::location::Assumption;
use crate::history::target::Target;

/// Where a request leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Course {
    /// To the same revision, or a later one.
    #[default]
    Upgrade,
    /// To the same revision, or an earlier one.
    Downgrade {
        /// Whether rows and values may be lost that the target has no place for.
        discard: bool,
    },
}

/// How fast rows are written while other programs use the database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The rest after each transaction: a multiple of the time that it took.
    pub rest: f64,
    /// The most statements that other sessions may run when work begins; `None` for any number.
    ///
    /// The work is a transaction that writes rows, a change of a table, or an index.
    pub max_load: Option<u64>,
}

impl Default for Pace {
    /// Returns a pace that rests for as long as it works, whatever the load is.
    fn default() -> Self {
        Self { rest: 1.0, max_load: None }
    }
}

/// The options of one upgrade or downgrade.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpgradeOptions {
    /// The revision to reach.
    pub target: Target,
    /// Whether the revision is later or earlier than the database's.
    pub course: Course,
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
    /// How fast `prepare` and `cleanup` write while other programs use the database.
    pub pace: Pace,
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
            course: Course::Upgrade,
            assume: None,
            data: DataOptions::default(),
            accept_drift: false,
            step_by_step: false,
            skip_check: false,
            backup: None,
            pace: Pace::default(),
            follows_copy: false,
            stop: CancellationToken::default(),
        }
    }

    /// Returns options that downgrade to a target, with defaults for the rest.
    ///
    /// `discard` accepts that rows and values are lost.
    #[must_use]
    pub fn back_to(target: Target, discard: bool) -> Self {
        Self { course: Course::Downgrade { discard }, ..Self::to(target) }
    }

    /// Returns whether the request leads to an earlier revision.
    #[must_use]
    pub fn is_downgrade(&self) -> bool {
        matches!(self.course, Course::Downgrade { .. })
    }
}
