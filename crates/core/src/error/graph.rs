//! Describes sets of revisions that do not form a graph.

use super::Error;
use crate::graphs::GraphName;

/// The reason why a set of revisions does not form a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two revisions have the same id.
    #[error("revision {id} is defined twice")]
    Duplicate {
        /// The id.
        id: String,
    },
    /// The parent of a revision does not exist.
    #[error("revision {id} follows {parent}, which does not exist")]
    UnknownParent {
        /// The revision.
        id: String,
        /// The missing parent.
        parent: String,
    },
    /// Revisions form a cycle.
    #[error("revisions follow each other in a circle: {}", ids.join(", "))]
    Cycle {
        /// The revisions of the cycle, and those after it.
        ids: Vec<String>,
    },
    /// More than one revision has no successor.
    #[error("the graph has several heads: {}", heads.join(", "))]
    SeveralHeads {
        /// The heads.
        heads: Vec<String>,
    },
    /// The graph has no revision at all.
    #[error("the graph is empty")]
    Empty,
}

/// The failure of one graph's upgrade, after that of another.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source} ({} is upgraded, and at {at})", failed.owner(), done.owner())]
pub struct OneGraphDone {
    /// The graph that is upgraded.
    pub done: GraphName,
    /// The revision of that graph.
    pub at: String,
    /// The graph whose upgrade failed.
    pub failed: GraphName,
    /// The cause.
    pub source: Box<Error>,
}
