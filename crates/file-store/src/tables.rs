//! Names the tables that a file store fills, with their columns.
//!
//! The columns are those of MLflow 3.18's head revision, without the ones that keep the default of
//! the schema.

use mlflow_migrate_core::rows::Row;

/// Rows of one table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRows {
    /// The table.
    pub table: Table,
    /// The columns of each row.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<Row>,
}

/// A table that a file store fills.
///
/// The order is one in which rows can be inserted: a table follows those that it references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Table {
    /// `experiments`
    Experiments,
    /// `experiment_tags`
    ExperimentTags,
    /// `runs`
    Runs,
    /// `params`
    Params,
    /// `tags`
    Tags,
    /// `metrics`
    Metrics,
    /// `latest_metrics`
    LatestMetrics,
    /// `datasets`
    Datasets,
    /// `inputs`, which also holds the outputs of runs
    Inputs,
    /// `input_tags`
    InputTags,
    /// `trace_info`
    TraceInfo,
    /// `trace_tags`
    TraceTags,
    /// `trace_request_metadata`
    TraceRequestMetadata,
    /// `assessments`
    Assessments,
    /// `logged_models`
    LoggedModels,
    /// `logged_model_params`
    LoggedModelParams,
    /// `logged_model_tags`
    LoggedModelTags,
    /// `logged_model_metrics`
    LoggedModelMetrics,
    /// `registered_models`
    RegisteredModels,
    /// `registered_model_tags`
    RegisteredModelTags,
    /// `registered_model_aliases`
    RegisteredModelAliases,
    /// `model_versions`
    ModelVersions,
    /// `model_version_tags`
    ModelVersionTags,
}

impl Table {
    /// All tables, in an order that the foreign keys accept.
    pub const ALL: [Self; 23] = [
        Self::Experiments,
        Self::ExperimentTags,
        Self::Runs,
        Self::Params,
        Self::Tags,
        Self::Metrics,
        Self::LatestMetrics,
        Self::Datasets,
        Self::Inputs,
        Self::InputTags,
        Self::TraceInfo,
        Self::TraceTags,
        Self::TraceRequestMetadata,
        Self::Assessments,
        Self::LoggedModels,
        Self::LoggedModelParams,
        Self::LoggedModelTags,
        Self::LoggedModelMetrics,
        Self::RegisteredModels,
        Self::RegisteredModelTags,
        Self::RegisteredModelAliases,
        Self::ModelVersions,
        Self::ModelVersionTags,
    ];

    /// Returns the table's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Experiments => "experiments",
            Self::ExperimentTags => "experiment_tags",
            Self::Runs => "runs",
            Self::Params => "params",
            Self::Tags => "tags",
            Self::Metrics => "metrics",
            Self::LatestMetrics => "latest_metrics",
            Self::Datasets => "datasets",
            Self::Inputs => "inputs",
            Self::InputTags => "input_tags",
            Self::TraceInfo => "trace_info",
            Self::TraceTags => "trace_tags",
            Self::TraceRequestMetadata => "trace_request_metadata",
            Self::Assessments => "assessments",
            Self::LoggedModels => "logged_models",
            Self::LoggedModelParams => "logged_model_params",
            Self::LoggedModelTags => "logged_model_tags",
            Self::LoggedModelMetrics => "logged_model_metrics",
            Self::RegisteredModels => "registered_models",
            Self::RegisteredModelTags => "registered_model_tags",
            Self::RegisteredModelAliases => "registered_model_aliases",
            Self::ModelVersions => "model_versions",
            Self::ModelVersionTags => "model_version_tags",
        }
    }

    /// Returns the columns of the rows, in their order.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Experiments => &[
                "experiment_id",
                "name",
                "workspace",
                "artifact_location",
                "lifecycle_stage",
                "creation_time",
                "last_update_time",
            ],
            Self::ExperimentTags => &["key", "value", "experiment_id"],
            Self::Runs => &[
                "run_uuid",
                "name",
                "source_type",
                "source_name",
                "entry_point_name",
                "user_id",
                "status",
                "start_time",
                "end_time",
                "deleted_time",
                "source_version",
                "lifecycle_stage",
                "artifact_uri",
                "experiment_id",
            ],
            Self::Params | Self::Tags => &["key", "value", "run_uuid"],
            Self::Metrics | Self::LatestMetrics => {
                &["key", "value", "timestamp", "step", "is_nan", "run_uuid"]
            }
            Self::Datasets => &[
                "dataset_uuid",
                "experiment_id",
                "name",
                "digest",
                "dataset_source_type",
                "dataset_source",
                "dataset_schema",
                "dataset_profile",
            ],
            Self::Inputs => &[
                "input_uuid",
                "source_type",
                "source_id",
                "destination_type",
                "destination_id",
                "step",
            ],
            Self::InputTags => &["input_uuid", "name", "value"],
            Self::TraceInfo => &[
                "request_id",
                "experiment_id",
                "timestamp_ms",
                "execution_time_ms",
                "status",
                "client_request_id",
                "request_preview",
                "response_preview",
                "trace_name",
                "session_id",
                "input_tokens",
                "output_tokens",
                "total_tokens",
                "cache_read_input_tokens",
                "cache_creation_input_tokens",
                "cache_creation_input_tokens_above_1hr",
                "input_cost",
                "output_cost",
                "total_cost",
            ],
            Self::TraceTags | Self::TraceRequestMetadata => &["key", "value", "request_id"],
            Self::Assessments => &[
                "assessment_id",
                "trace_id",
                "experiment_id",
                "trace_timestamp_ms",
                "name",
                "assessment_type",
                "value",
                "error",
                "created_timestamp",
                "last_updated_timestamp",
                "source_type",
                "source_id",
                "run_id",
                "span_id",
                "rationale",
                "overrides",
                "valid",
                "assessment_metadata",
                "aggregate_value",
                "is_numeric_value",
            ],
            Self::LoggedModels => &[
                "model_id",
                "experiment_id",
                "name",
                "artifact_location",
                "creation_timestamp_ms",
                "last_updated_timestamp_ms",
                "status",
                "lifecycle_stage",
                "model_type",
                "source_run_id",
                "status_message",
            ],
            Self::LoggedModelParams => &["model_id", "experiment_id", "param_key", "param_value"],
            Self::LoggedModelTags => &["model_id", "experiment_id", "tag_key", "tag_value"],
            Self::LoggedModelMetrics => &[
                "model_id",
                "metric_name",
                "metric_timestamp_ms",
                "metric_step",
                "metric_value",
                "experiment_id",
                "run_id",
                "dataset_uuid",
                "dataset_name",
                "dataset_digest",
            ],
            Self::RegisteredModels => {
                &["workspace", "name", "creation_time", "last_updated_time", "description"]
            }
            Self::RegisteredModelTags => &["workspace", "name", "key", "value"],
            Self::RegisteredModelAliases => &["workspace", "name", "alias", "version"],
            Self::ModelVersions => &[
                "workspace",
                "name",
                "version",
                "creation_time",
                "last_updated_time",
                "description",
                "user_id",
                "current_stage",
                "source",
                "storage_location",
                "run_id",
                "run_link",
                "status",
                "status_message",
            ],
            Self::ModelVersionTags => &["workspace", "name", "version", "key", "value"],
        }
    }
}
