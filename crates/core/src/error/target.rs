//! Describes targets that do not exist, or that the database cannot reach.

use super::ErrorKind;
use crate::graphs::GraphName;

/// The fault of a target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No revision or release has that name.
    #[error("no revision or MLflow release is called {target}")]
    UnknownTarget {
        /// The name.
        target: String,
    },
    /// No file, revision or release has that name, where each of them could be meant.
    #[error("no file, revision or MLflow release is called {name}")]
    UnknownDatabaseOrTarget {
        /// The name.
        name: String,
    },
    /// Several revisions have this beginning.
    #[error("{target} could be any of {}", candidates.join(", "))]
    AmbiguousTarget {
        /// The name.
        target: String,
        /// The revisions.
        candidates: Vec<String>,
    },
    /// The release number is valid, but not in the list of known releases.
    #[error("MLflow {release} is not known to this version of mlflow-migrate")]
    UnknownRelease {
        /// The release.
        release: String,
        /// The newest known release.
        newest: String,
    },
    /// The installed MLflow is the target, and its release could not be read.
    #[error("{python} cannot name its MLflow: {problem}")]
    UnknownInstallation {
        /// The Python interpreter.
        python: String,
        /// The reason.
        problem: String,
    },
    /// Fewer revisions are pending than requested.
    #[error("+{steps} goes beyond the newest revision: only {available} more are known")]
    TargetTooFar {
        /// The requested number of revisions.
        steps: usize,
        /// The number of pending revisions.
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
    /// A downgrade leads back, and the target follows the current revision.
    #[error("the database is at {current}, which is older than {target}")]
    TargetAhead {
        /// The current revision.
        current: String,
        /// The target.
        target: String,
    },
    /// The database holds both graphs, and an argument fits only one of them.
    #[error("{argument} is not clear: the database holds tables of {}", owners(graphs))]
    SeveralGraphs {
        /// The argument, with its value.
        argument: String,
        /// The graphs.
        graphs: Vec<GraphName>,
    },
    /// An empty database was assumed, where one graph has its tables.
    #[error("the database is not empty: it holds tables of {}", owners(graphs))]
    NotEmpty {
        /// The graphs.
        graphs: Vec<GraphName>,
    },
    /// No script can be written for a graph.
    #[error("no script can be written for {}", graph.owner())]
    NoScript {
        /// The graph.
        graph: GraphName,
    },
    /// A script would have nothing to do: the program has to make all of the path.
    #[error("{revision} computes values that SQL does not, so no script can make it")]
    NeedsProgram {
        /// The target.
        revision: String,
    },
    /// The scripts have fewer parts.
    #[error("there is no part {part}: {}", if *parts == 1 { "the script is one part".to_owned() } else { format!("the script has {parts} parts") })]
    NoPart {
        /// The requested part.
        part: usize,
        /// The number of parts.
        parts: usize,
    },
}

/// Names the owners of graphs.
fn owners(graphs: &[GraphName]) -> String {
    graphs.iter().map(|graph| graph.owner()).collect::<Vec<_>>().join(" and of ")
}

impl TargetError {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownTarget { .. }
            | Self::UnknownDatabaseOrTarget { .. }
            | Self::AmbiguousTarget { .. }
            | Self::UnknownRelease { .. }
            | Self::UnknownInstallation { .. }
            | Self::TargetTooFar { .. }
            | Self::TargetAhead { .. }
            | Self::SeveralGraphs { .. }
            | Self::NotEmpty { .. }
            | Self::NoScript { .. }
            | Self::NeedsProgram { .. }
            | Self::NoPart { .. } => ErrorKind::Target,
            Self::TargetBehind { .. } => ErrorKind::TargetBehind,
        }
    }
}
