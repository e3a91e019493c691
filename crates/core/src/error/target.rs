//! Targets that are none, or that the database cannot go to.

use super::ErrorKind;

/// What is wrong with a target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No revision or release has that name.
    #[error("no revision or MLflow release is called {target}")]
    UnknownTarget {
        /// The name.
        target: String,
    },
    /// Several revisions begin like that.
    #[error("{target} could be any of {}", candidates.join(", "))]
    AmbiguousTarget {
        /// The name.
        target: String,
        /// The revisions.
        candidates: Vec<String>,
    },
    /// There is such a release number, but not in the list of known releases.
    #[error("MLflow {release} is not known to this version of mlflow-migrate")]
    UnknownRelease {
        /// The release.
        release: String,
        /// The newest known one.
        newest: String,
    },
    /// There are not so many revisions left.
    #[error("+{steps} goes beyond the newest revision: only {available} more are known")]
    TargetTooFar {
        /// How many were asked for.
        steps: usize,
        /// How many there are.
        available: usize,
    },
    /// The target does not follow the current revision.
    #[error("the database is at {current}, which is newer than {target}")]
    TargetBehind {
        /// The current revision.
        current: String,
        /// The target.
        target: String,
    },
}

impl TargetError {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownTarget { .. }
            | Self::AmbiguousTarget { .. }
            | Self::UnknownRelease { .. }
            | Self::TargetTooFar { .. } => ErrorKind::Target,
            Self::TargetBehind { .. } => ErrorKind::TargetBehind,
        }
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::UnknownTarget { .. } | Self::AmbiguousTarget { .. } => {
                "`mlflow-migrate history` lists every revision and its MLflow release".to_owned()
            }
            Self::UnknownRelease { newest, .. } => {
                format!("the newest known release is {newest}; `--to head` goes there")
            }
            Self::TargetTooFar { .. } => "`--to head` goes to the newest revision".to_owned(),
            Self::TargetBehind { .. } => {
                "there is no way back; restore the backup that was made before the upgrade"
                    .to_owned()
            }
        }
    }
}
