//! Names what 75868b020152 promotes from tags, metadata and metrics to columns of a trace.
//!
//! The names and lengths are those of MLflow's `store/tracking/utils/trace_analytics.py`.

/// The tag that becomes `trace_info.trace_name`.
pub const TRACE_NAME_TAG: &str = "mlflow.traceName";

/// The most characters of a trace's name.
pub const NAME_LENGTH: usize = 4096;

/// The metadata that become `trace_info.session_id`.
pub const SESSION_METADATA: &str = "mlflow.trace.session";

/// The most characters of a session's id.
pub const SESSION_LENGTH: usize = 250;

/// The metadata that hold a trace's numbers of tokens, as JSON.
pub const TOKEN_USAGE_METADATA: &str = "mlflow.trace.tokenUsage";

/// The metadata that hold a trace's costs, as JSON.
pub const COST_METADATA: &str = "mlflow.trace.cost";

/// The keys of the numbers of tokens, also in `trace_metrics`, and the columns that they become.
pub const TOKEN_KEYS: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
];

/// The keys of the costs, also in `span_metrics`, and the columns that they become.
pub const COST_KEYS: [&str; 3] = ["input_cost", "output_cost", "total_cost"];
