//! Results that are not what was planned.

use crate::error::Violation;
use crate::schema::Difference;

/// What the comparison with the plan has found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerificationError {
    /// The upgrade would have left references without their row.
    #[error("the upgrade would break foreign keys: {violations}")]
    ForeignKeys {
        /// Which, and how many.
        violations: String,
    },
    /// The result is not what was planned; it has been taken back where the database can.
    #[error(
        "the upgraded schema is not the planned one: {}",
        differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Unverified {
        /// The differences.
        differences: Vec<Difference>,
    },
    /// The schema is as planned, but not the rows; it has been taken back where the database can.
    #[error(
        "the upgraded rows are not as they should be: {}",
        violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    UnverifiedRows {
        /// What is wrong with them, a kind each.
        violations: Vec<Violation>,
    },
}

impl VerificationError {
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::ForeignKeys { .. } | Self::Unverified { .. } => {
                "nothing was changed; please report this with the output of `mlflow-migrate check`"
            }
            Self::UnverifiedRows { .. } => {
                "nothing was changed; a trigger or another program has written to these tables: stop \
                 that, and run the command again"
            }
        }
    }
}
