//! Collects the queries that find the rows of an error.

use super::{CopyError, Error};

impl Error {
    /// Returns the queries that find all rows that the error is about, where SQL can.
    #[must_use]
    pub fn queries(&self) -> Vec<&str> {
        match self {
            Self::Refused { findings } => {
                findings.iter().filter_map(|finding| finding.query.as_deref()).collect()
            }
            Self::Copy(CopyError::Uncopied { findings }) => {
                findings.iter().filter_map(|finding| finding.query.as_deref()).collect()
            }
            Self::Constraint(error) => error.query().into_iter().collect(),
            _ => Vec::new(),
        }
    }
}
