//! What an upgrade is asked for.

use std::path::PathBuf;

use crate::data::DataOptions;
use crate::event::cancellation::CancellationToken;
use crate::history::location::Assumption;
use crate::history::target::Target;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct UpgradeOptions {
    /// Where to go.
    pub target: Target,
    /// What the user says about a database without a version.
    pub assume: Option<Assumption>,
    /// What the data migrations are told.
    pub data: DataOptions,
    /// Whether it goes on with a schema that is not what its revision says, where that is possible.
    pub accept_drift: bool,
    /// Whether the revisions go one by one, each of them verified and stamped, as with Alembic,
    /// instead of what belongs together being done at once.
    pub step_by_step: bool,
    /// Whether the database is taken for whole without its own check, where it has one.
    pub skip_check: bool,
    /// Where the database is copied to before its first change, if it is.
    pub backup: Option<PathBuf>,
    /// With what the upgrade can be asked to end.
    pub stop: CancellationToken,
}

impl UpgradeOptions {
    /// Everything to a target, at once.
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
            stop: CancellationToken::default(),
        }
    }
}
