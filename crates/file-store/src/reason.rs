//! Holds why an entry of a file store is left out.

use thiserror::Error;

/// The reason why an entry of a file store is left out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file or folder cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The folder has no file that describes the entry, such as `meta.yaml`.
    #[error("has no {0}")]
    NoDescription(&'static str),
    /// The file holds bytes that are not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// The name of the file holds bytes that are not UTF-8.
    #[error("has a name that is not UTF-8")]
    NameNotUtf8,
    /// The file is larger than this program reads.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    /// The file is not YAML as PyYAML reads it.
    #[error("is no valid YAML: {0}")]
    InvalidYaml(String),
    /// The YAML has a type or a size that no column takes.
    #[error("has YAML that no column takes: {0}")]
    UnsupportedYaml(&'static str),
    /// The YAML document is not a mapping.
    #[error("is no YAML mapping")]
    NotAMapping,
    /// A field that the row needs is missing or null.
    #[error("has no value for {0}")]
    Missing(&'static str),
    /// A field has a value of another type.
    #[error("has a value for {field} that is no {expected}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// The type of its column.
        expected: &'static str,
    },
    /// A field has a value that the CHECK of its column refuses.
    #[error("has a value for {field} that MLflow does not know: {value}")]
    Unknown {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
    },
    /// A line of a metric's file is malformed.
    #[error("line {0} is malformed")]
    Line(u64),
    /// A line of a metric's file repeats the key of an earlier line.
    #[error("line {0} repeats an earlier line")]
    RepeatedLine(u64),
    /// A line of a metric's file refers to a run that is not there.
    #[error("refers to the run {0}, which does not exist")]
    NoSuchRun(String),
    /// An earlier entry has the same key.
    #[error("has the key of an earlier entry: {0}")]
    Duplicate(String),
    /// The experiment of the entry is left out.
    #[error("belongs to an experiment that is left out")]
    NoExperiment,
    /// The folder has no name of an experiment, which is an integer.
    #[error("has a name that is no experiment id")]
    NotAnExperiment,
    /// The entry has no id.
    #[error("has neither run_uuid nor run_id")]
    NoRunId,
    /// MLflow reads inputs only where the experiment has a folder `datasets`.
    #[error("belongs to an experiment without datasets, of which MLflow reads no inputs")]
    NoDatasets,
    /// The input names a dataset that is not there, or a kind of source that MLflow does not read.
    #[error("refers to a source that does not exist")]
    NoSource,
    /// The assessment holds neither feedback nor an expectation.
    #[error("holds neither feedback nor an expectation")]
    NoAssessment,
    /// The alias holds no version.
    #[error("holds no version")]
    NoVersion,
}
