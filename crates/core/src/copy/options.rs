//! Holds the options of a copy.

use super::artifact_root::ArtifactRoot;
use crate::data::DataOptions;
use crate::event::cancellation::CancellationToken;
use crate::history::location::Assumption;
use crate::history::target::Target;

/// The options of one copy.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CopyOptions {
    /// The revision to which the destination is upgraded; `None` keeps the source's.
    pub target: Option<Target>,
    /// The user's statement about a source without a version.
    pub assume: Option<Assumption>,
    /// Whether to leave out rows that the destination cannot hold, instead of refusing.
    pub skip_invalid: bool,
    /// Whether experiments get new numbers if the destination cannot hold the old ones.
    pub renumber_experiments: bool,
    /// The prefixes of places of artifacts that are rewritten.
    pub artifact_roots: Vec<ArtifactRoot>,
    /// The name of the source for messages, if it is not the database that is read.
    pub source_name: Option<String>,
    /// Whether to skip the source's own integrity check, where it has one.
    pub skip_check: bool,
    /// The options of the data migrations of the upgrade.
    pub data: DataOptions,
    /// The token through which the user stops the copy.
    pub stop: CancellationToken,
}
