"""Assessments, whose values 75868b020152 turns into numbers where it can."""

from __future__ import annotations

import json

from .rows import Filler, Row
from .values import SPECIAL_ROLES, Role

# MLflow's server can show these.
_READABLE = (
    "true",
    "false",
    "1",
    "0",
    "-0.0",
    "1.5",
    "-1e308",
    "1e308",
    "5e-324",
    "1e-400",
    "1E+2",
    "12345678901234567890",
    "9007199254740993",
    "0.1",
    '"yes"',
    '"no"',
    '" YES "',
    '"No\\n"',
    '"\\u001cyes\\u001f"',
    '"\\u00a0no\\u3000"',
    '"\\u200byes"',
    '"ye\\u0053"',
    '"yeſ"',
    '"ｙｅｓ"',
    '"\\u0130yes"',
    '"true"',
    '"1"',
    '""',
    '"maybe"',
    "{}",
    "[]",
    '["yes"]',
    '{"yes": 1}',
    ' "yes" ',
    "\t1\n",
)
# These it stores when another program has written them, and then fails to show: they stand on the
# traces of one experiment, so that the others can still be searched.
_UNREADABLE = (
    "null",
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "1" + "0" * 308,
    "1" + "0" * 309,
    "-1" + "0" * 400,
    "1797693134862315807" + "9" * 290,
    "1797693134862315708" + "0" * 290,
    "1" * 4300,
    "1" * 4301,
    "yes",
    " Yes ",
    "no",
    "YES\u001f",
    "\u00a0no\u2003",
    "\ufeffyes",
    "\ufeff1",
    "nope",
    "",
    "'yes'",
    '"yes',
    '"yes" x',
    '"raw\ttab"',
    "01",
    "+1",
    "1.",
    ".5",
    "1e",
    "0x1",
    "1_000",
    "١",
    "True",
    "{1: 2}",
    '"\\ud800"',
    '"\\x"',
    "[" * 200 + "]" * 200,
    '{"a": 1,}',
)


def fill_assessments(filler: Filler) -> None:
    """Every value on its own trace, then more of the readable ones, so that they fill pages."""
    traces = filler.rows["trace_info"]
    secluded = traces[0]["experiment_id"]
    apart = [trace for trace in traces if trace["experiment_id"] == secluded]
    others = [trace for trace in traces if trace["experiment_id"] != secluded]
    for number, value in enumerate(_UNREADABLE):
        _add_assessment(filler, apart[number % len(apart)], value, number)
    for number in range(8 * len(_READABLE)):
        value = _READABLE[number % len(_READABLE)]
        _add_assessment(filler, others[number % len(others)], value, number)


def _add_assessment(filler: Filler, trace: Row, value: str, number: int) -> None:
    values = filler.values("assessments")
    error = json.dumps({"error_code": "E", "error_message": values.text(50)})
    stated = {
        "assessment_id": f"a-{values.identifier(32)}",
        "trace_id": trace["request_id"],
        "assessment_type": values.random.choice(("feedback", "expectation")),
        "value": value,
        "error": values.random.choice((None, error)),
        "source_type": values.random.choice(("HUMAN", "LLM_JUDGE", "CODE")),
        "assessment_metadata": values.random.choice((None, "{}", '{"k": "v 🙂"}')),
    }
    role = SPECIAL_ROLES[number % 14] if number % 14 < len(SPECIAL_ROLES) else Role.MIXED
    filler.add("assessments", stated, role)


RECIPES = {"assessments": fill_assessments}
