"""Issues with their categories, and jobs: what 8b6ad64cb8f5 and dc11669786a5 read."""

from __future__ import annotations

import json

from .rows import Filler
from .values import SPECIAL_ROLES, Role

# Lists of strings only: MLflow's own migration fails half-way at anything else.
_CATEGORIES = (
    None,
    "[]",
    " [ ] ",
    '["latency"]',
    '["latency", "cost", "quality"]',
    '["Latency", " latency ", "LATENCY"]',
    '["a", "A ", "b", " a", "B"]',
    '["", " ", "\\t\\n"]',
    '["\\u001cseparators\\u001f", "separators"]',
    '["\\u00a0no-break\\u3000", "no-break", "\\u200bzero width", "zero width"]',
    '["\\ufeffmark", "mark"]',
    '["ΟΔΥΣΣΕΥΣ", "οδυσσευς", "ΟΔΥΣΣΕΥΣ Σ", "Σ", "σ", "ς", "ΑΣ\'", "Α.Σ"]',
    '["İSTANBUL", "istanbul", "i\\u0307stanbul", "ISTANBUL", "ıstanbul"]',
    '["STRASSE", "straße", "STRAẞE"]',
    '["日本", "\\u65e5\\u672c", "🙂", "\\ud83d\\ude42"]',
    '["caf\\u00e9", "cafe\\u0301", "CAFÉ"]',
    '["Ǆ", "ǅ", "ǆ", "ﬁ", "FI", "K", "k", "Ω", "ω", "Ꭰ", "ꭰ", "𐐀", "𐐨", "Ა", "ა"]',
    '["quote\'s", "\\"double\\"", "100%", "back\\\\slash", "a/b", "a\\/b"]',
    '\t["spaces around"]\r\n',
    json.dumps(["long " + "🙂" * 3000]),
    json.dumps([f"category {number}" for number in range(600)]),
)
_ISSUE_ROUNDS = 3
_STATUSES = range(6)
_JOBS_PER_STATUS = 5


def fill_issues(filler: Filler) -> None:
    """Every list of categories a few times."""
    values = filler.values("issues")
    for number in range(_ISSUE_ROUNDS * len(_CATEGORIES)):
        stated = {
            "issue_id": f"iss-{values.identifier(32)}",
            "categories": _CATEGORIES[number % len(_CATEGORIES)],
        }
        role = SPECIAL_ROLES[number % 20] if number % 20 < len(SPECIAL_ROLES) else Role.MIXED
        filler.add("issues", stated, role)


def fill_jobs(filler: Filler) -> None:
    """Jobs in every status; those that wait or run are the ones that get cancelled."""
    for status in _STATUSES:
        for number in range(_JOBS_PER_STATUS):
            role = SPECIAL_ROLES[(number + status) % len(SPECIAL_ROLES)] if number else Role.MIXED
            filler.add("jobs", {"status": status}, role)


RECIPES = {"issues": fill_issues, "jobs": fill_jobs}
