"""Prints what MLflow's store answers about traces, and to writes of them.

usage: served_traces.py DATABASE      prints one JSON document, in an order of its own

DATABASE is the path of a SQLite file or the URL of a database on a server. The traces are in
experiment 1, and their ids are `tr-` with 32 hexadecimal digits. The program changes some of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections.abc import Callable

from databases import sqlite_path, text_of, url_of

with warnings.catch_warnings():
    # MLflow finds fault with its own mlflow-skinny.
    warnings.simplefilter("ignore")
    from mlflow.entities import Span, TraceInfo, TraceLocation, TraceState
    from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
    from mlflow.entities.trace_status import TraceStatus
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

_EXPERIMENT = "1"

_FILTERS = [
    "tag.`mlflow.traceName` = 'a name'",
    "tag.`mlflow.traceName` != 'a name'",
    "tag.`mlflow.traceName` LIKE '%nam%'",
    "tag.`mlflow.traceName` IS NULL",
    "tag.`mlflow.traceName` IS NOT NULL",
    "tag.other = 'x'",
    "tag.other IS NULL",
    "trace.name = 'a name'",
    "metadata.`mlflow.trace.session` = 'a session'",
    "metadata.`mlflow.trace.session` != 'a session'",
    "metadata.`mlflow.trace.session` IS NULL",
    "metadata.`mlflow.trace.session` IS NOT NULL",
    "metadata.`mlflow.trace.tokenUsage` IS NULL",
    "metadata.`mlflow.trace.tokenUsage` IS NOT NULL",
    "metadata.`mlflow.trace.cost` IS NULL",
    "metadata.`mlflow.trace.cost` IS NOT NULL",
    "metadata.`mlflow.trace.cost` = '{\"total_cost\": 0.5}'",
    "metadata.other = 'x'",
]

_ORDERS = [
    "tag.`mlflow.traceName` ASC",
    "tag.`mlflow.traceName` DESC",
    "metadata.`mlflow.trace.session` ASC",
    "metadata.`mlflow.trace.cost` ASC",
    "tag.other DESC",
]

_METRICS = [
    (MetricViewType.TRACES, "trace_count", ["trace_name"]),
    (MetricViewType.TRACES, "session_count", []),
    (MetricViewType.TRACES, "input_tokens", ["trace_name"]),
    (MetricViewType.TRACES, "total_tokens", []),
    (MetricViewType.SPANS, "span_count", ["span_model_name"]),
    (MetricViewType.SPANS, "total_cost", []),
]

_METRIC_FILTERS = [
    "trace.tag.`mlflow.traceName` = 'a name'",
    "trace.metadata.`mlflow.trace.session` = 'a session'",
    "trace.metadata.`mlflow.trace.tokenUsage` = 'x'",
]


def main() -> int:
    """Asks the store, writes to it, and asks again."""
    database = sys.argv[1]
    path = sqlite_path(database)
    uri = text_of(url_of(database)) if path is None else f"sqlite:///{path.resolve()}"
    with tempfile.TemporaryDirectory() as artifacts:
        store = SqlAlchemyStore(uri, artifacts)
        try:
            before = _answers(store)
            written = _writes(store)
            after = _answers(store)
        finally:
            store.engine.dispose()
    told = {"before": before, "written": written, "after": after}
    print(json.dumps(told, sort_keys=True, indent=1))
    return 0


def _answers(store: SqlAlchemyStore) -> dict[str, object]:
    answers: dict[str, object] = {}
    infos = _searched(store)
    answers["all"] = infos
    for one in _FILTERS:
        answers[one] = _or_error(lambda one=one: _ids(_searched(store, one)))
    for order in _ORDERS:
        answers[order] = _or_error(lambda order=order: _ids(_searched(store, None, order)))
    ids = _ids(infos)
    answers["infos"] = [_shown(store.get_trace_info(one)) for one in ids[:5]]
    answers["batch"] = [_shown(one) for one in store.batch_get_trace_infos(ids[:5])]
    answers["traces"] = [
        _shown(one.info) for one in store.batch_get_traces(ids[:5], location=_EXPERIMENT)
    ]
    answers["correlation"] = _or_error(
        lambda: vars(
            store.calculate_trace_filter_correlation([_EXPERIMENT], _FILTERS[0], _FILTERS[8])
        )
    )
    answers["sessions"] = _or_error(
        lambda: [vars(one) for one in store.find_completed_sessions(_EXPERIMENT, 0, 10**13)]
    )
    for view, name, dimensions in _METRICS:
        for condition in [None, *_METRIC_FILTERS]:
            answers[f"{name} by {dimensions} if {condition}"] = _or_error(
                lambda view=view, name=name, dimensions=dimensions, condition=condition: _metrics(
                    store, view, name, dimensions, condition
                )
            )
    return answers


def _metrics(
    store: SqlAlchemyStore,
    view: MetricViewType,
    name: str,
    dimensions: list[str],
    condition: str | None,
) -> list[str]:
    kind = AggregationType.COUNT if name.endswith("count") else AggregationType.SUM
    found = store.query_trace_metrics(
        [_EXPERIMENT],
        view,
        name,
        [MetricAggregation(kind)],
        dimensions=dimensions,
        filters=[condition] if condition else None,
    )
    return sorted(str(point) for point in found)


def _searched(
    store: SqlAlchemyStore, condition: str | None = None, order: str | None = None
) -> list[dict[str, object]]:
    orders = [order] if order else []
    found, _ = store.search_traces(
        locations=[_EXPERIMENT],
        filter_string=condition,
        order_by=[*orders, "timestamp ASC"],
        max_results=500,
    )
    return [_shown(one) for one in found]


def _shown(info: TraceInfo) -> dict[str, object]:
    return {
        "id": info.trace_id,
        "tags": dict(info.tags),
        "metadata": dict(info.trace_metadata),
        "state": str(info.state),
        "usage": info.token_usage,
        "cost": info.cost,
    }


def _ids(infos: list[dict[str, object]]) -> list[str]:
    return [str(info["id"]) for info in infos]


def _or_error(ask: Callable[[], object]) -> object:
    try:
        answer = ask()
    except Exception as error:  # What MLflow refuses is an answer, too.
        return f"{type(error).__name__}: {error}"
    return json.loads(json.dumps(answer, default=str))


def _writes(store: SqlAlchemyStore) -> dict[str, object]:
    """Changes traces in each way that concerns names, sessions, tokens or costs."""
    ids = _ids(_searched(store))
    name, session = "mlflow.traceName", "mlflow.trace.session"
    usage, cost = '{"input_tokens": 5, "output_tokens": 6, "total_tokens": 11}', '{"total_cost": 2}'
    metadata = {session: "later", "mlflow.trace.tokenUsage": usage, "mlflow.trace.cost": cost}
    writes: dict[str, Callable[[], object]] = {
        "renamed": lambda: store.set_trace_tag(ids[0], name, "renamed"),
        "tagged": lambda: store.set_trace_tag(ids[1], "other", "set"),
        "unnamed": lambda: store.delete_trace_tag(ids[2], name),
        "unnamed twice": lambda: store.delete_trace_tag(ids[2], name),
        "untagged": lambda: store.delete_trace_tag(ids[3], "other"),
        "spans": lambda: len(store.log_spans(_EXPERIMENT, [_span(ids[4]), _span(ids[5])])),
        "begun again": lambda: _shown(store.start_trace(_info(ids[6], metadata))),
        "begun": lambda: _shown(store.start_trace(_info("tr-" + "f" * 32, metadata))),
        "ended": lambda: str(
            store.deprecated_end_trace_v2(
                ids[7], 9_000, TraceStatus.OK, metadata, {name: "ended", "other": "y"}
            )
        ),
        "deleted": lambda: store.delete_traces(_EXPERIMENT, trace_ids=[ids[8]]),
    }
    return {what: _or_error(write) for what, write in writes.items()}


def _info(trace_id: str, metadata: dict[str, str]) -> TraceInfo:
    return TraceInfo(
        trace_id=trace_id,
        trace_location=TraceLocation.from_experiment_id(_EXPERIMENT),
        request_time=5_000,
        state=TraceState.OK,
        trace_metadata=dict(metadata),
        tags={"mlflow.traceName": "begun again", "other": "z"},
    )


def _span(trace_id: str) -> Span:
    attributes = {
        "mlflow.traceRequestId": json.dumps(trace_id),
        "mlflow.chat.tokenUsage": json.dumps(
            {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
        ),
        "mlflow.llm.cost": json.dumps(
            {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}
        ),
        "mlflow.llm.model": json.dumps("a model"),
    }
    return Span.from_dict(
        {
            "trace_id": trace_id,
            "span_id": trace_id[-16:],
            "parent_span_id": None,
            "name": "late",
            "start_time_unix_nano": 6_000_000_000,
            "end_time_unix_nano": 7_000_000_000,
            "status": {"code": "STATUS_CODE_OK", "message": ""},
            "attributes": attributes,
            "events": [],
        }
    )


if __name__ == "__main__":
    sys.exit(main())
