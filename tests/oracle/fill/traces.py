"""Traces, and the tags, metadata and metrics from which 75868b020152 fills their new columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from .rows import Filler, Row
from .values import SPECIAL_ROLES, TEXTS, Role, Value

Item = TypeVar("Item")

# Above 250, the number of rows that MLflow reads at a time.
_TRACES = 330
GATEWAY_EVERY = 5

_TOKEN_KEYS = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
)

# JSON texts of a token count, or of a cost: each stands once as the value of each key.
_NUMBERS = (
    "0",
    "-0",
    "1",
    "-5",
    "1.0",
    "1.5",
    "1e3",
    "1E+3",
    "1e400",
    "1e-7",
    "-0.0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "9223372036854775807.0",
    "9007199254740993",
    "1234567890123456789.0",
    "1" * 400,
    "1" * 4300,
    "-" + "1" * 4300,
    "1" * 4301,
    "NaN",
    "Infinity",
    "-Infinity",
    "true",
    "false",
    "null",
    "[]",
    "[1]",
    '{"a": 1}',
    '""',
    '"7"',
    '" 7 "',
    '"\\u00a07\\u2003"',
    '"\\u001c7\\u001f"',
    '"\\u200b7"',
    '"1_000"',
    '"1__0"',
    '"_1"',
    '"1_"',
    '"1_.5"',
    '"+5"',
    '"5."',
    '".5"',
    '".50e1"',
    '"1e3"',
    '"1e-3"',
    '"1000e-3"',
    '"1e999"',
    '"1e18"',
    '"1e19"',
    '"1e999999999"',
    '"1e99999999999999999999"',
    '"0e99999999999999999999"',
    '"0x10"',
    '"1,000"',
    '"1 000"',
    '"NaN"',
    '"sNaN"',
    '"nan123"',
    '"inf"',
    '"-Infinity"',
    '"iNfInItY"',
    '"infinit"',
    '"٣"',
    '"١٢٣"',
    '"१२"',
    '"１２"',
    '"𝟙𝟚"',
    '"1٢"',
    '"-١.٥e١"',
    '"²"',
    '"½"',
    '"一"',
    '"−5"',
    '"9223372036854775807"',
    '"9223372036854775808"',
    '"9223372036854775807.5"',
    '"0.30000000000000004"',
    '"2.2250738585072011e-308"',
    '"5e-324"',
    '"2.4703282292062327e-324"',
    '"1.7976931348623158e308"',
    '"1.7976931348623159e308"',
    '"\\ud83d"',
    '"7\\u0000"',
)

# Whole texts of the metadata: what a JSON parser takes and what it does not.
_OBJECTS = (
    None,
    "",
    " ",
    "{}",
    "null",
    "[]",
    '"text"',
    "5",
    "{not json",
    '{"input_tokens": 1',
    '{"input_tokens": 1,}',
    "{'input_tokens': 1}",
    '{"input_tokens": 01}',
    '{"input_tokens": +1}',
    '{"input_tokens": .5}',
    '{"input_tokens": 5.}',
    '{"input_tokens": 1} x',
    '\ufeff{"input_tokens": 1}',
    '\u00a0{"input_tokens": 1}',
    ' \t\r\n{"input_tokens" : 1 , "output_tokens":2}\n ',
    '{"input_tokens": 1, "input_tokens": 2, "input_cost": 1, "input_cost": 2.5}',
    '{"input_tokens": 1, "input_tokens": null, "input_cost": 1, "input_cost": "x"}',
    '{"input\\u005ftokens": 3, "input\\u005fcost": 3}',
    '{"INPUT_TOKENS": 1, "Input_Cost": 1}',
    '{"input_tokens": 1, "\\ud800": 1, "\\ud83d\\ude42": 2, "input_cost": 0.5}',
    '{"input_tokens": 1, "raw\ttab": 2}',
    '{"input_tokens": 1, "bad escape \\x": 2}',
    '{"input_tokens": 1, "short \\u12": 2}',
    '{"input_tokens": 1, "deep": ' + "[" * 200 + "]" * 200 + "}",
    '{"input_tokens": nan, "input_cost": nan}',
    '{"input_tokens": 1, "unknown": {"input_tokens": 9}, "input_cost": 1e-400}',
    "[" + '{"input_tokens": 1}' + "]",
    json.dumps(json.dumps({"input_tokens": 1, "input_cost": 1})),
)

_SESSIONS: tuple[str | None, ...] = (
    None,
    "",
    "session",
    " session ",
    "s" * 250,
    "s" * 251,
    "🙂" * 250,
    "🙂" * 251,
    "e\u0301" * 126,
    "日" * 8000,
    "5",
    "null",
)
_NAMES: tuple[str | None, ...] = (
    None,
    "",
    "trace",
    "t" * 4096,
    "t" * 4097,
    "🙂" * 4096,
    "🙂" * 4097,
    "x" + "👩‍👩‍👧‍👦" * 1000,
    "n" * 8000,
)
_METRICS: tuple[float | None, ...] = (
    None,
    0.0,
    -0.0,
    7.0,
    -7.0,
    1.5,
    1e15,
    1e16,
    1e17,
    1234567890123456.7,
    2.0**53 + 2,
    1.2345678901234567e18,
    9.2233720368547748e18,
    9.223372036854775807e18,
    -9.223372036854775807e18,
    1e19,
    5e-324,
    1e308,
    float("inf"),
    float("-inf"),
)


def fill_trace_info(filler: Filler) -> None:
    """Traces in every state, ids as both of MLflow's formats have them."""
    values = filler.values("trace_info")
    for number in range(_TRACES):
        prefix = "tr-" if number % 3 else ""
        role = SPECIAL_ROLES[number % 20] if number % 20 < len(SPECIAL_ROLES) else Role.MIXED
        stated = {
            "request_id": prefix + values.identifier(32),
            "status": values.random.choice(("OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED")),
        }
        filler.add("trace_info", stated, role)


def fill_trace_tags(filler: Filler) -> None:
    """Names of any length, and tags that look like the name but are not."""
    for number, trace in enumerate(_ids(filler)):
        on_trace: Row = {"request_id": trace}
        if number % 4:
            name = _nth(_NAMES, number // 4 * 3 + number % 4)
            filler.add("trace_tags", {**on_trace, "key": "mlflow.traceName", "value": name})
        if number % 9 == 0:
            # On a server that takes it for the name, it is the name of those that have no other.
            filler.add("trace_tags", {**on_trace, "key": "MLFLOW.TRACENAME", "value": "other"})
        if number % 16 == 8:
            filler.add("trace_tags", {**on_trace, "key": "mlflow.traceName ", "value": "blank"})
        if number < 60:
            filler.add("trace_tags", {**on_trace, "key": TEXTS[number % len(TEXTS)]})
        if number < 20:
            long_key = filler.values("trace_tags").long_text(250)
            filler.add("trace_tags", {**on_trace, "key": long_key}, Role.LONGEST)


def fill_trace_request_metadata(filler: Filler) -> None:
    """Session, token usage and cost, in every form that a JSON text can take."""
    usages = _usages(_TOKEN_KEYS)
    costs = _usages(("input_cost", "output_cost", "total_cost"))
    for number, trace in enumerate(_ids(filler)):
        on_trace: Row = {"request_id": trace}
        through_gateway = number % GATEWAY_EVERY == 0
        stated = {
            "mlflow.trace.session": _nth(_SESSIONS, number) if number % 5 else "session",
            "mlflow.trace.tokenUsage": _nth(usages, number + number // len(usages)),
            "mlflow.trace_schema.version": "3",
        }
        # Through the gateway and without a total cost, the costs of the spans are summed up.
        if not through_gateway:
            stated["mlflow.trace.cost"] = _nth(costs, number + number // len(costs))
        else:
            mark = ("mlflow.gateway.endpointId", "MLFLOW.GATEWAY.ENDPOINTID")[number % 20 == 15]
            stated[mark] = f"e-{number}"
            if number % 3 == 0:
                stated["mlflow.trace.cost"] = '{"input_cost": 1.5, "total_cost": "none"}'
            if number % 7 == 0:
                stated["mlflow.trace.cost"] = '{"total_cost": 0}'
        if number % 11 == 0:
            stated["MLFLOW.TRACE.SESSION"] = "not a session"
            stated["mlflow.trace.session "] = "nor this"
            stated["mlflow.trace.tokenusage"] = '{"input_tokens": 99}'
        if number < 40:
            stated[TEXTS[number % len(TEXTS)]] = filler.values("trace_request_metadata").text(250)
        for key, value in stated.items():
            filler.add("trace_request_metadata", {**on_trace, "key": key, "value": value})


def fill_trace_metrics(filler: Filler) -> None:
    """Token counts, valid or not: even one that is not hides that of the metadata."""
    for number, trace in enumerate(_ids(filler)):
        on_trace: Row = {"request_id": trace}
        if number % 3 == 0:
            for place, key in enumerate(_TOKEN_KEYS[: number % 7]):
                value = _nth(_METRICS, number // 3 + place)
                filler.add("trace_metrics", {**on_trace, "key": key, "value": value})
        if number % 10 == 0:
            for key in ("Input_Tokens", "latency", ""):
                filler.add("trace_metrics", {**on_trace, "key": key})


def _usages(keys: Sequence[str]) -> list[str | None]:
    """Every odd object, then objects with each odd number under each key in turn."""
    texts: list[str | None] = list(_OBJECTS)
    step = len(keys)
    for first in range(0, len(_NUMBERS)):
        chosen = [_NUMBERS[(first + place * step) % len(_NUMBERS)] for place in range(step)]
        pairs = (f'"{key}": {number}' for key, number in zip(keys, chosen, strict=True))
        text = "{" + ", ".join(pairs) + "}"
        # A number of more than 4300 digits spoils the whole object, and 8000 characters are the
        # column's limit.
        texts.append(text if len(text) <= 8000 else f'{{"{keys[0]}": {chosen[0]}}}')
    return texts


def _ids(filler: Filler) -> list[Value]:
    return [row["request_id"] for row in filler.rows["trace_info"]]


def _nth(items: Sequence[Item], number: int) -> Item:
    return items[number % len(items)]


RECIPES = {
    "trace_info": fill_trace_info,
    "trace_tags": fill_trace_tags,
    "trace_request_metadata": fill_trace_request_metadata,
    "trace_metrics": fill_trace_metrics,
}
