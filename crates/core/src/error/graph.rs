//! Sets of revisions that are no graph.

/// Why a set of revisions is not a usable graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two revisions have one id.
    #[error("revision {id} is defined twice")]
    Duplicate {
        /// The id.
        id: String,
    },
    /// A revision follows one that does not exist.
    #[error("revision {id} follows {parent}, which does not exist")]
    UnknownParent {
        /// The revision.
        id: String,
        /// What it claims to follow.
        parent: String,
    },
    /// Revisions follow each other in a circle.
    #[error("revisions follow each other in a circle: {}", ids.join(", "))]
    Cycle {
        /// The revisions in the circle, and those behind it.
        ids: Vec<String>,
    },
    /// More than one revision has nothing after it.
    #[error("the graph has several heads: {}", heads.join(", "))]
    SeveralHeads {
        /// The heads.
        heads: Vec<String>,
    },
    /// The graph has no revision at all.
    #[error("the graph is empty")]
    Empty,
}
