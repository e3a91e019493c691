"""Columns that hold one of a few words, which no CHECK of the database names.

MLflow's own code reads these rows after the upgrade, and refuses a word that it does not know.
"""

from __future__ import annotations

_STAGES = ("None", "Staging", "Production", "Archived", "Deleted_Internal")
_WORKSPACES = ("default", "team-a", "Team-A", "größe")

_BY_TABLE: dict[tuple[str, str], tuple[str | int, ...]] = {
    # MLflow without workspaces refuses a database that has one of these elsewhere.
    ("experiments", "workspace"): ("default",),
    ("registered_models", "workspace"): ("default",),
    ("webhooks", "workspace"): ("default",),
    ("model_versions", "status"): ("PENDING_REGISTRATION", "FAILED_REGISTRATION", "READY"),
    ("logged_models", "status"): (1, 2, 3),
    ("webhooks", "status"): ("ACTIVE", "DISABLED"),
    ("webhook_events", "entity"): ("registered_model", "model_version", "prompt"),
    ("webhook_events", "action"): ("created", "updated", "deleted", "set", "dropped"),
    ("inputs", "source_type"): ("DATASET", "RUN_OUTPUT"),
    ("inputs", "destination_type"): ("RUN", "MODEL_INPUT"),
    ("entity_associations", "source_type"): ("trace", "run"),
    ("entity_associations", "destination_type"): ("run", "experiment"),
    ("endpoint_bindings", "resource_type"): ("scorer", "job"),
    ("endpoint_model_mappings", "linkage_type"): ("PRIMARY", "FALLBACK"),
    ("endpoints", "routing_strategy"): ("REQUEST_BASED_TRAFFIC_SPLIT",),
    ("budget_policies", "budget_unit"): ("USD",),
    ("budget_policies", "duration_unit"): ("DAYS", "WEEKS", "MONTHS"),
    ("budget_policies", "target_scope"): ("GLOBAL", "WORKSPACE"),
    ("budget_policies", "budget_action"): ("ALERT", "REJECT"),
    ("guardrails", "stage"): ("BEFORE", "AFTER"),
    ("guardrails", "action"): ("VALIDATION", "SANITIZATION"),
    ("label_schemas", "type"): ("FEEDBACK", "EXPECTATION"),
    ("label_schemas", "input_type"): ("categorical", "numeric", "text"),
    ("label_schemas", "input_config"): ('{"options": ["yes", "no"]}', "{}"),
    ("review_queues", "queue_type"): ("SHARED", "PERSONAL"),
    ("review_queue_items", "item_type"): ("TRACE", "SESSION"),
    ("review_queue_items", "status"): ("PENDING", "COMPLETED"),
    ("issues", "status"): ("pending", "resolved", "rejected"),
    ("issues", "severity"): ("low", "medium", "high"),
    ("mcp_server_versions", "status"): ("draft", "active", "deprecated"),
    ("mcp_access_endpoints", "transport_type"): ("streamable-http", "sse"),
    ("skill_versions", "status"): ("active", "deprecated"),
    ("skill_versions", "source_type"): ("git", "upload"),
    ("sql_trace_rollup_rebuild_queue", "rollup_family"): ("trace", "span_cost", "assessment"),
}

# MySQL before 8.0 ignores the CHECKs that name these.
_CHECKED: dict[tuple[str, str], tuple[str | int, ...]] = {
    ("runs", "status"): ("SCHEDULED", "FAILED", "FINISHED", "RUNNING"),
    ("runs", "source_type"): ("NOTEBOOK", "JOB", "LOCAL", "UNKNOWN", "PROJECT"),
    ("runs", "lifecycle_stage"): ("active", "deleted"),
    ("experiments", "lifecycle_stage"): ("active", "deleted"),
    ("logged_models", "lifecycle_stage"): ("active", "deleted"),
}

# By these MLflow's own code finds the rows that it reads. On a server that ignores case it takes
# others for them, and loses or spoils them; `mlflow.traceName` and `mlflow.gateway.endpointId` are
# not among these, since it asks the server alone.
_KEYS = (
    "mlflow.user",
    "mlflow.trace.session",
    "mlflow.trace.tokenUsage",
    "mlflow.trace.cost",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "input_cost",
    "output_cost",
    "total_cost",
)
_KEYS_BY_LOWER = {key.lower(): key for key in _KEYS}

_BY_COLUMN: dict[str, tuple[str | int, ...]] = {
    "workspace": _WORKSPACES,
    "current_stage": _STAGES,
    "kek_version": (1, 2),
    "version_major": (0, 1, 2**31 - 1),
    "retry_count": (0, 1, 3),
}


def words(table: str, column: str) -> tuple[str | int, ...] | None:
    """The words that the column may hold, None if it is free text."""
    return _BY_TABLE.get((table, column)) or _BY_COLUMN.get(column)


def checked_words(table: str, column: str) -> tuple[str | int, ...] | None:
    """The words that a CHECK would let in, on a server that ignores it."""
    return _CHECKED.get((table, column))


def resembles_known_key(key: object) -> bool:
    """Whether a key is one of MLflow's own but for its case, and blanks at its end."""
    return isinstance(key, str) and _KEYS_BY_LOWER.get(key.lower().rstrip(" "), key) != key
