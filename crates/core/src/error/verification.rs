//! Describes results that differ from the plan.

use crate::error::Violation;
use crate::schema::Difference;

/// A difference between the result and the plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerificationError {
    /// The upgrade would have left orphaned rows.
    #[error("the upgrade would break foreign keys: {violations}")]
    ForeignKeys {
        /// The foreign keys, with their row counts.
        violations: String,
    },
    /// The schema differs from the plan. The upgrade was rolled back where the database can.
    #[error(
        "the upgraded schema is not the planned one: {}",
        differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Unverified {
        /// The differences.
        differences: Vec<Difference>,
    },
    /// The schema is as planned, but rows are not. Rolled back where the database can.
    #[error(
        "the upgraded rows are not as they should be: {}",
        violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    UnverifiedRows {
        /// The violations, one entry per kind.
        violations: Vec<Violation>,
    },
}
