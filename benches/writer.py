"""Logs to a database by the client code of the MLflow that runs it, until SIGTERM: an old MLflow.

usage: writer.py URL FILE      with the Python of that MLflow (old_mlflow.sh makes it)

FILE gets a line for each call of the tracking store, a JSON list: when it began, in seconds of the
epoch; how many seconds it took; its name; and the error, or null. Runs get batches of metrics,
params and tags, and where that MLflow has them, there are traces, spans and assessments.
"""

from __future__ import annotations

import inspect
import json
import logging
import random
import signal
import sys
import time
import uuid
import warnings
from collections.abc import Callable
from typing import Any

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from mlflow.entities import Metric, Param, RunTag  # noqa: E402
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: E402

_METRICS_A_BATCH = 10
_BATCHES_A_RUN = 200
_BETWEEN_CALLS = 0.01
# So many batches to a trace.
_TRACE_EVERY = 3
_USAGE = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}

Calls = list[tuple[str, Callable[[], Any]]]
"""Calls of the store, each with its name, in the order in which a client makes them."""


class Writer:
    """One client, which makes one call after another."""

    def __init__(self, url: str, out: Any) -> None:
        self._store = SqlAlchemyStore(url, "/tmp/mlflow-migrate-writer")
        self._out = out
        self._experiment = self._store.create_experiment(f"writer {uuid.uuid4().hex}")
        self._batches = 0
        self._run = ""
        self._trace = _trace_of(self._store)

    def round(self) -> None:
        """Logs a batch, and now and then begins a run, or logs a trace."""
        number = self._batches
        if number % _BATCHES_A_RUN == 0:
            self._call("create_run", self._begin_run)
        now = int(time.time() * 1000)
        metrics = [
            Metric(f"metric_{each}", random.random(), now, number)
            for each in range(_METRICS_A_BATCH)
        ]
        params = [Param(f"param_{number}", "value")] if number % 10 == 0 else []
        tags = [RunTag("step", str(number))]
        self._call("log_batch", lambda: self._store.log_batch(self._run, metrics, params, tags))
        if self._trace and number % _TRACE_EVERY == 0:
            for name, call in self._trace(self._store, self._experiment):
                self._call(name, call)
        self._batches += 1

    def _begin_run(self) -> None:
        now = int(time.time() * 1000)
        self._run = self._store.create_run(self._experiment, "writer", now, [], "run").info.run_id

    def _call(self, name: str, call: Callable[[], Any]) -> None:
        began, clock, error = time.time(), time.perf_counter(), None
        try:
            call()
        except Exception as raised:  # noqa: BLE001
            code = getattr(raised, "error_code", type(raised).__name__)
            error = f"{code}: {str(raised)[:500]}"
        line = [round(began, 4), round(time.perf_counter() - clock, 5), name, error]
        self._out.write(f"{json.dumps(line)}\n")
        time.sleep(_BETWEEN_CALLS)


def _trace_of(store: Any) -> Callable[[Any, str], Calls] | None:
    """What logs a trace with this MLflow; None if it has no traces."""
    if not _can(store, "start_trace"):
        return None
    is_old = "timestamp_ms" in inspect.signature(store.start_trace).parameters
    return _trace_by_parts if is_old else _whole_trace


def _can(store: Any, name: str) -> bool:
    """Whether this store can do it: the abstract one has the method, and refuses."""
    bases = [base for base in type(store).mro() if not base.__name__.startswith("Abstract")]
    return any(name in vars(base) for base in bases)


def _trace_by_parts(store: Any, experiment: str) -> Calls:
    """A trace as MLflow 2 logs it: its begin, its end, a tag."""
    from mlflow.entities.trace_status import TraceStatus

    now = int(time.time() * 1000)
    begun: list[str] = []
    metadata = {"mlflow.traceInputs": "a question", "mlflow.user": "writer"}
    tags = {"mlflow.traceName": "answer"}

    def start() -> None:
        begun.append(store.start_trace(experiment, now, metadata, tags).request_id)

    def end() -> None:
        store.end_trace(
            begun[0], now + 100, TraceStatus.OK, {"mlflow.traceOutputs": "an answer"}, {}
        )

    return [
        ("start_trace", start),
        ("end_trace", end),
        ("set_trace_tag", lambda: store.set_trace_tag(begun[0], "rating", "good")),
    ]


def _whole_trace(store: Any, experiment: str) -> Calls:
    """A trace as MLflow 3 logs it: as a whole, then its spans, a tag, and an assessment."""
    from mlflow.entities import TraceInfo, TraceLocation, TraceState

    number = uuid.uuid4().int
    trace = f"tr-{number:032x}"
    info = TraceInfo(
        trace_id=trace,
        trace_location=TraceLocation.from_experiment_id(experiment),
        request_time=int(time.time() * 1000),
        state=TraceState.OK,
        request_preview="a question",
        response_preview="an answer",
        execution_duration=100,
        trace_metadata={
            "mlflow.trace.session": f"session-{number % 5}",
            "mlflow.trace.tokenUsage": json.dumps(_USAGE),
        },
        tags={"mlflow.traceName": "answer"},
    )
    calls: Calls = [("start_trace", lambda: store.start_trace(info))]
    if _can(store, "log_spans"):
        spans = _spans(number, trace)
        calls.append(("log_spans", lambda: store.log_spans(experiment, spans)))
    calls.append(("set_trace_tag", lambda: store.set_trace_tag(trace, "rating", "good")))
    if _can(store, "create_assessment"):
        assessment = _assessment(trace)
        calls.append(("create_assessment", lambda: store.create_assessment(assessment)))
    return calls


def _spans(number: int, trace: str) -> list[Any]:
    """A parent, and a call of a model."""
    from mlflow.entities.span import create_mlflow_span
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, TraceFlags

    begin = time.time_ns()
    parent, found = None, []
    for name, kind in (("answer", "AGENT"), ("write", "CHAT_MODEL")):
        context = SpanContext(number, random.getrandbits(63) + 1, False, TraceFlags(1))
        attributes = {
            "mlflow.traceRequestId": trace,
            "mlflow.spanType": kind,
            "mlflow.spanInputs": {"messages": [{"content": "a question"}]},
        }
        if kind == "CHAT_MODEL":
            attributes |= {"mlflow.chat.tokenUsage": _USAGE, "mlflow.llm.model": "gpt-4o"}
        span = ReadableSpan(
            name=name,
            context=context,
            parent=parent,
            resource=Resource.get_empty(),
            attributes={key: json.dumps(value) for key, value in attributes.items()},
            start_time=begin,
            end_time=begin + 100_000_000,
        )
        found.append(create_mlflow_span(span, trace, kind))
        parent = context
    return found


def _assessment(trace: str) -> Any:
    from mlflow.entities import AssessmentSource, Feedback

    source = AssessmentSource(source_type="HUMAN", source_id="writer")
    return Feedback(trace_id=trace, name="correct", value=True, source=source)


def main() -> None:
    """Logs until it is told to end."""
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
    url, path = sys.argv[1:]
    with open(path, "w", buffering=1) as out:
        writer = Writer(url, out)
        while not over:
            writer.round()


if __name__ == "__main__":
    main()
