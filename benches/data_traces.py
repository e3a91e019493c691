"""Traces of an application with a model, as MLflow's server stored them before 75868b020152.

That revision computes columns of traces, spans and assessments from tags, metadata, metrics and
JSON texts. Each trace is one question to an agent: ten spans, three of them calls of a model.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from load import Loader, Row
from timed_cases import SPANS_A_TRACE, DataSet

Number = TypeVar("Number", int, float)

_START_MS = 1_750_000_000_000
_BETWEEN_TRACES_MS = 2_000
_SPAN_NS = 150_000_000
# Type and name of the spans at each place; the first is the parent of the others.
_KINDS = (
    ("AGENT", "answer"),
    ("RETRIEVER", "search_documents"),
    ("CHAT_MODEL", "plan"),
    ("TOOL", "look_up_order"),
    ("TOOL", "look_up_customer"),
    ("CHAT_MODEL", "decide"),
    ("TOOL", "check_policy"),
    ("RERANKER", "rank"),
    ("CHAT_MODEL", "write"),
    ("PARSER", "parse"),
)
_MODELS = (("gpt-4o", "openai"), ("claude-sonnet-4", "anthropic"), ("gemini-2.5-pro", "google"))
# A call of a model quotes so much, any other span that.
_LONG, _SHORT = 500, 120
_WORDS = (
    "order",
    "refund",
    "customer",
    "shipped",
    "policy",
    "answer",
    "within",
    "days",
    "the",
    "of",
)
# One trace in so many goes through a gateway, which leaves the sum of the costs to the upgrade.
_GATEWAY_EVERY = 10
_ASSESSED = (
    ("correct", "feedback", "true"),
    ("relevance", "feedback", '"yes"'),
    ("score", "feedback", "0.75"),
    ("expected_answer", "expectation", '"the order is refunded within 14 days"'),
)
_ASSESSED_EVERY = 2

_TRACE_INFO = (
    "request_id",
    "experiment_id",
    "timestamp_ms",
    "execution_time_ms",
    "status",
    "request_preview",
    "response_preview",
)
_SPANS = (
    "trace_id",
    "experiment_id",
    "span_id",
    "parent_span_id",
    "name",
    "type",
    "status",
    "start_time_unix_nano",
    "end_time_unix_nano",
    "content",
    "dimension_attributes",
)
_SPAN_METRICS = ("trace_id", "span_id", "key", "value")
_ASSESSMENTS = (
    "assessment_id",
    "trace_id",
    "name",
    "assessment_type",
    "value",
    "created_timestamp",
    "last_updated_timestamp",
    "source_type",
    "source_id",
    "rationale",
    "valid",
)


def fill(loader: Loader, data: DataSet) -> None:
    """Adds an experiment, and traces with all that belongs to them, in the order of their time."""
    loader.insert("experiments", ("experiment_id", "name", "lifecycle_stage"), [(1, "e", "active")])
    add(loader, data.size)


def add(loader: Loader, size: int) -> None:
    """Adds traces to the experiment 1.

    An older revision lacks tables and columns; what they would hold is left out.
    """
    traces, pair = _Traces(size), ("request_id", "key", "value")
    loader.insert_known("trace_info", _TRACE_INFO, traces.infos())
    loader.insert_known("trace_tags", pair, traces.tags())
    loader.insert_known("trace_request_metadata", pair, traces.metadata())
    loader.insert_known("trace_metrics", pair, traces.metrics())
    loader.insert_known("spans", _SPANS, traces.spans())
    loader.insert_known("span_metrics", _SPAN_METRICS, traces.span_metrics())
    loader.insert_known("assessments", _ASSESSMENTS, traces.assessments())


class _Traces:
    """The rows of all tables; everything follows from a trace's number and a span's place in it."""

    def __init__(self, size: int) -> None:
        chance = random.Random(75868)
        self._ids = [f"tr-{chance.getrandbits(128):032x}" for _ in range(size)]
        self._texts = [" ".join(chance.choices(_WORDS, k=_LONG // 5)) for _ in range(997)]

    def infos(self) -> Iterator[Row]:
        for number, trace in enumerate(self._ids):
            question, answer = self._text(number, 0, 200), self._text(number, 1, 400)
            duration = SPANS_A_TRACE * _SPAN_NS // 1_000_000
            yield trace, 1, _time_of(number), duration, _status(number), question, answer

    def tags(self) -> Iterator[Row]:
        for trace in self._ids:
            yield trace, "mlflow.artifactLocation", f"mlflow-artifacts:/1/traces/{trace}/artifacts"
            yield trace, "mlflow.trace.spansLocation", "TRACKING_STORE"
            yield trace, "mlflow.traceName", "answer"

    def metadata(self) -> Iterator[Row]:
        for number, trace in enumerate(self._ids):
            for key, value in self._metadata_of(number).items():
                yield trace, key, value

    def _metadata_of(self, number: int) -> dict[str, str]:
        found = {
            "mlflow.source.name": "/srv/agent/serve.py",
            "mlflow.source.type": "LOCAL",
            "mlflow.trace.infoFinalized": "true",
            "mlflow.trace.session": f"session-{number // 5}",
            "mlflow.trace.sizeBytes": "14523",
            "mlflow.trace.sizeStats": '{"total_size_bytes": 14523, "num_spans": 10, "max": 3210}',
            "mlflow.trace.tokenUsage": json.dumps(_total(_tokens, number)),
            "mlflow.trace.user": f"user-{number % 1000}",
            "mlflow.traceInputs": self._text(number, 0, 200),
            "mlflow.traceOutputs": self._text(number, 1, 400),
            "mlflow.trace_schema.version": "3",
            "mlflow.user": "agent",
        }
        if number % _GATEWAY_EVERY:
            found["mlflow.trace.cost"] = json.dumps(_total(_costs, number))
        else:
            found["mlflow.gateway.endpointId"] = f"e-{number % 7}"
        return found

    def metrics(self) -> Iterator[Row]:
        for number, trace in enumerate(self._ids):
            for key, value in _total(_tokens, number).items():
                yield trace, key, float(value)

    def spans(self) -> Iterator[Row]:
        for number, trace in enumerate(self._ids):
            parent = _span_id(number, 0)
            for place, (kind, name) in enumerate(_KINDS):
                span = _span_id(number, place)
                start = _time_of(number) * 1_000_000 + place * _SPAN_NS
                end = start + _SPAN_NS
                content = self._content(number, place, start, end)
                above = parent if place else None
                dimensions = json.dumps(_dimensions(number)) if _calls_model(place) else None
                yield trace, 1, span, above, name, kind, "OK", start, end, content, dimensions

    def _content(self, number: int, place: int, start: int, end: int) -> str:
        kind, name = _KINDS[place]
        length = _LONG if _calls_model(place) else _SHORT
        attributes: dict[str, Any] = {
            "mlflow.traceRequestId": self._ids[number],
            "mlflow.spanType": kind,
            "mlflow.spanFunctionName": name,
            "mlflow.spanInputs": {"messages": [{"content": self._text(number, place, length)}]},
            "mlflow.spanOutputs": {"content": self._text(number, place + 1, length)},
        }
        if _calls_model(place):
            attributes |= _dimensions(number) | {
                "mlflow.chat.tokenUsage": _tokens(number, place),
                "mlflow.llm.cost": _costs(number, place),
            }
        span: dict[str, Any] = {
            "trace_id": _base64(self._ids[number].removeprefix("tr-")),
            "span_id": _base64(_span_id(number, place)),
            "parent_span_id": _base64(_span_id(number, 0)) if place else None,
            "name": name,
            "kind": "SPAN_KIND_INTERNAL",
            "start_time_unix_nano": start,
            "end_time_unix_nano": end,
            "events": [],
            "status": {"code": "STATUS_CODE_OK", "message": ""},
            "attributes": {key: json.dumps(value) for key, value in attributes.items()},
            "links": [],
        }
        return json.dumps(span)

    def span_metrics(self) -> Iterator[Row]:
        for number, trace in enumerate(self._ids):
            for place in filter(_calls_model, range(SPANS_A_TRACE)):
                for key, value in _costs(number, place).items():
                    yield trace, _span_id(number, place), key, value

    def assessments(self) -> Iterator[Row]:
        for number in range(0, len(self._ids), _ASSESSED_EVERY):
            name, kind, value = _ASSESSED[number // _ASSESSED_EVERY % len(_ASSESSED)]
            identifier = f"a-{_span_id(number, 0)}{_span_id(number, 1)}"
            time = _time_of(number) + 60_000
            reason = self._text(number, 2, 200)
            trace = self._ids[number]
            source = ("LLM_JUDGE", "judge")
            yield identifier, trace, name, kind, value, time, time, *source, reason, True

    def _text(self, number: int, place: int, length: int) -> str:
        return self._texts[(number * SPANS_A_TRACE + place) % len(self._texts)][:length]


def _calls_model(place: int) -> bool:
    return _KINDS[place][0] == "CHAT_MODEL"


def _dimensions(number: int) -> dict[str, str]:
    model, provider = _MODELS[number % len(_MODELS)]
    return {"mlflow.llm.model": model, "mlflow.llm.provider": provider}


def _tokens(number: int, place: int) -> dict[str, int]:
    read, written = 300 + number % 701, 20 + (number + place) % 97
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}


def _costs(number: int, place: int) -> dict[str, float]:
    tokens = _tokens(number, place)
    read, written = tokens["input_tokens"] * 2.5e-06, tokens["output_tokens"] * 1e-05
    return {"input_cost": read, "output_cost": written, "total_cost": read + written}


def _total(of_span: Callable[[int, int], dict[str, Number]], number: int) -> dict[str, Number]:
    calls = [of_span(number, place) for place in filter(_calls_model, range(SPANS_A_TRACE))]
    return {key: sum(call[key] for call in calls) for key in calls[0]}


def _status(number: int) -> str:
    return "ERROR" if number % 50 == 0 else "OK"


def _time_of(number: int) -> int:
    return _START_MS + number * _BETWEEN_TRACES_MS


def _span_id(number: int, place: int) -> str:
    """Different for each span, and in no order, as random ones are."""
    return f"{(number * SPANS_A_TRACE + place + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}"


def _base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()
