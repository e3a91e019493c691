//! Describes why a copy cannot be made, or is no copy.

use std::collections::BTreeSet;

use super::{CopyFinding, ErrorKind};

/// An obstacle to a copy, or a difference of a copy from its source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Rows cannot be copied as they are.
    #[error(
        "rows of {} cannot be copied as they are",
        findings.iter().map(|it| it.table.as_str()).collect::<BTreeSet<_>>().into_iter()
            .collect::<Vec<_>>().join(", ")
    )]
    Uncopied {
        /// The rows, one entry per column and reason.
        findings: Vec<CopyFinding>,
    },
    /// The destination of a copy is not empty.
    #[error("{name}: {problem}")]
    NotEmpty {
        /// The destination.
        name: String,
        /// What it holds.
        problem: String,
    },
    /// Two databases cannot be compared, since they are at different revisions.
    #[error("{name}: it is at {found}, and the source at {expected}")]
    NotComparable {
        /// The destination.
        name: String,
        /// The revision of the destination, in words.
        found: String,
        /// The revision of the source, in words.
        expected: String,
    },
    /// The tables of a copy differ from their source.
    #[error(
        "the rows of these tables are not those of the source: {}",
        tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    Unequal {
        /// The tables.
        tables: Vec<String>,
    },
}

impl CopyError {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Uncopied { .. } => ErrorKind::Refused,
            Self::NotEmpty { .. } | Self::NotComparable { .. } => ErrorKind::NotEmpty,
            Self::Unequal { .. } => ErrorKind::Unverified,
        }
    }
}
