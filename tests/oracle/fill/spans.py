"""Spans and their metrics, from which 75868b020152 fills the columns for costs and models."""

from __future__ import annotations

import json

from .rows import Filler, Row
from .traces import GATEWAY_EVERY
from .values import SPECIAL_ROLES, Role

# More spans in one trace than MLflow reads at a time.
_CROWDED = 270
_MODEL = "mlflow.llm.model"
_PROVIDER = "mlflow.llm.provider"

# Only what MLflow's own migration accepts; it stops at anything else.
_DIMENSIONS = (
    None,
    "null",
    "{}",
    f'{{"{_MODEL}": "gpt-4"}}',
    f'{{"{_PROVIDER}": "openai"}}',
    f'{{"{_MODEL}": "gpt-4", "{_PROVIDER}": "openai"}}',
    f'{{"{_MODEL}": null, "{_PROVIDER}": null}}',
    f'{{"{_MODEL}": "", "{_PROVIDER}": " "}}',
    f'{{"{_MODEL}": "first", "{_MODEL}": "second"}}',
    f'{{"{_MODEL}": "m\\u00f6del \\ud83d\\ude42 日本 \\" \\\\ \\n", "{_PROVIDER}": "5"}}',
    ' { "mlflow.llm\\u002emodel" :\t"escaped key" }\n',
    f'{{"{_MODEL}": "{"x" * 500}", "{_PROVIDER}": "{"x" * 501}"}}',
    f'{{"{_MODEL}": "{"🙂" * 500}", "{_PROVIDER}": "{"🙂" * 501}"}}',
    json.dumps({_MODEL: "🙂" * 600, _PROVIDER: "e\u0301" * 300}),
    # A JSON string that holds JSON is parsed twice; these stand last.
    '"{}"',
    '"null"',
    json.dumps(json.dumps({_MODEL: "twice", _PROVIDER: None})),
)
_PARSED_TWICE = 3
_COSTS = (
    None,
    0.0,
    -0.0,
    0.1,
    0.30000000000000004,
    -1.5,
    1e-300,
    5e-324,
    1e308,
    float("inf"),
    float("-inf"),
)
# SQLite adds up with more or fewer bits by its version; these sums are exact in all of them.
_EXACT_COSTS = (
    None,
    0.0,
    0.25,
    0.5,
    -0.75,
    1024.125,
    2.0**-20,
    3.0,
    1e-305,
    5e-324,
    float("inf"),
)
_COST_KEYS = ("input_cost", "output_cost", "total_cost")


def fill_spans(filler: Filler) -> None:
    """None to two spans a trace, and one trace with very many."""
    for number, trace in enumerate(filler.rows["trace_info"]):
        for place in range(_CROWDED if number == 1 else number % 3):
            _add_span(filler, trace, number + place)


def fill_span_metrics(filler: Filler) -> None:
    """Costs, valid or not, and metrics that are no costs."""
    values = filler.values("span_metrics")
    through_gateway = {row["request_id"] for row in filler.rows["trace_info"][::GATEWAY_EVERY]}
    for number, span in enumerate(filler.rows["spans"]):
        on_span = {"trace_id": span["trace_id"], "span_id": span["span_id"]}
        costs = _EXACT_COSTS if span["trace_id"] in through_gateway else _COSTS
        for key in _COST_KEYS:
            if number % 4:
                value = values.random.choice(costs)
                filler.add("span_metrics", {**on_span, "key": key, "value": value})
        if number % 6 == 0:
            for key in ("Total_Cost", "latency", ""):
                filler.add("span_metrics", {**on_span, "key": key})


def _add_span(filler: Filler, trace: Row, number: int) -> None:
    values = filler.values("spans")
    dimensions = _DIMENSIONS[:-_PARSED_TWICE] if filler.limits.json_is_text else _DIMENSIONS
    start = values.random.choice((1_750_000_000_000_000_000, 0, 1)) + number
    stated = {
        "trace_id": trace["request_id"],
        "experiment_id": trace["experiment_id"],
        "span_id": values.identifier(16),
        "status": values.random.choice(("OK", "ERROR", "UNSET")),
        "type": values.random.choice((None, "LLM", "CHAIN", "größe", "T" * 500)),
        "start_time_unix_nano": start,
        "end_time_unix_nano": values.random.choice((None, start, start + 10**9, start - 1)),
        "content": json.dumps(
            {"name": values.text(200), "n": number}, ensure_ascii=bool(number % 2)
        ),
        "dimension_attributes": dimensions[number % len(dimensions)],
    }
    if number % 50 == 7 and filler.limits.overflows_to_float:
        # The generated duration overflows, and SQLite turns it into a float.
        stated |= {"start_time_unix_nano": -(2**63), "end_time_unix_nano": 2**63 - 1}
    role = SPECIAL_ROLES[number % 12] if number % 12 < len(SPECIAL_ROLES) else Role.MIXED
    filler.add("spans", stated, role)


RECIPES = {"spans": fill_spans, "span_metrics": fill_span_metrics}
