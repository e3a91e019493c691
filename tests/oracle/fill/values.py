"""Values that a careless migration would spoil, for a column of any type."""

from __future__ import annotations

import json
import random
from enum import Enum, auto

from .live import Column

Value = str | int | float | bytes | None


class Role(Enum):
    """What a row is there to show; every column of it is chosen accordingly."""

    MIXED = auto()
    NULLS = auto()
    FULL = auto()
    LONGEST = auto()
    EMPTY = auto()
    LEAST = auto()
    GREATEST = auto()


SPECIAL_ROLES = tuple(role for role in Role if role is not Role.MIXED)

TEXTS = (
    "plain",
    "Plain",
    " leading and trailing ",
    'it\'s "quoted" `here`',
    "100% %s %(name)s %%",
    "back\\slash \\n \\u0041",
    "line\nbreak\ttab\r\n",
    "caf\u00e9",
    "cafe\u0301",
    "日本語のテキスト",
    "🙂 👩‍👩‍👧‍👦 \U0010fffd",
    "\u200bzero width\u200b",
    "\ufeffbyte order mark",
    "ß ẞ İ ı Σ ς σ",
    "NULL",
    "null",
    "nan",
    "0",
    "-0",
    "007",
    "1e3",
    "1.0",
    "0x10",
    "9223372036854775808",
    "true",
    "'; DROP TABLE runs; --",
    "/* comment */ -- x",
    "a/b/c.d-e f",
    "control \x01\x1f\x7f",
    ":name ?1 $2 @three",
    "{not json",
)

# A JSON column of SQLite has NUMERIC affinity: a bare number is stored as a number, and keeping the
# storage class is part of keeping the value.
JSON_TEXTS = (
    "{}",
    "[]",
    "null",
    "true",
    "0",
    "-1",
    "12345678901234567890",
    "1.5",
    "1e3",
    "1E400",
    '""',
    '"text"',
    '"5"',
    '{"a": 1, "a": 2}',
    '{"a": NaN, "b": Infinity, "c": -Infinity}',
    '{"nested": {"list": [1, [2, [3, {"deep": null}]]]}}',
    '{"日本": "🙂", "escaped": "\\u65e5\\ud83d\\ude42", "lone": "\\ud800"}',
    '  {"spaces" : [ 1 ,2 ]}  ',
    '{"quote": "it\'s \\"x\\"", "percent": "100%", "backslash": "\\\\"}',
    '{"big": 123456789012345678901234567890, "float": 0.1, "negative zero": -0.0}',
)

REALS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.1,
    0.1 + 0.2,
    1 / 3,
    1e308,
    -1e308,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    1e16,
    2.0**53 + 2,
    9.223372036854775807e18,
    float("inf"),
    float("-inf"),
)

_BYTES = (b"\x00", b"\xff\xfe", b"plain text", b"'quoted'", bytes(range(256)))
_DAYS = ("1970-01-01", "1969-12-31", "2024-02-29", "2026-10-01", "9999-12-31", "0001-01-01")
_ID_ENDINGS = ("_id", "_uuid", "_hash")
_NOW_MS = 1_750_000_000_000


class Values:
    """Chooses values; equal seeds choose equal ones."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def for_column(self, column: Column, role: Role) -> Value:
        """A value that the column accepts, apart from keys."""
        if column.allowed is not None:
            return self.nullable(column, role, self.random.choice(column.allowed))
        return self.nullable(column, role, self._of_type(column, role))

    def nullable(self, column: Column, role: Role, value: Value) -> Value:
        """The value, or NULL where the column and the row's role allow it."""
        if not column.nullable or role is Role.FULL:
            return value
        if role is Role.NULLS or (role is Role.MIXED and self.random.random() < 0.2):
            return None
        return value

    def text(self, length: int | None, role: Role = Role.MIXED) -> str:
        """Text of at most `length` characters; without a limit, sometimes far more than a page."""
        if role is Role.EMPTY:
            return ""
        if role is Role.LONGEST:
            return self.long_text(length or 10_000)
        text = self.random.choice(TEXTS)
        if self.random.random() < 0.5:
            text = f"{text} {self.random.randrange(10**6)}"
        return text[:length]

    def long_text(self, length: int) -> str:
        """Exactly `length` characters, of one to four bytes each."""
        unit = self.random.choice(("x", "é", "語", "🙂", "a'b\"c\\%_ "))
        return (unit * length)[:length]

    def identifier(self, length: int | None) -> str:
        """A hexadecimal id, as MLflow makes them."""
        return f"{self.random.getrandbits(128):032x}"[: length or 32]

    def integer(self, bits: int, role: Role = Role.MIXED) -> int:
        """An integer of so many bits, often at the edge."""
        limit = 1 << (bits - 1)
        if role is Role.LEAST:
            return -limit
        if role is Role.GREATEST:
            return limit - 1
        return self.random.choice((0, 1, -1, limit - 1, -limit, self.random.randrange(10**6)))

    def milliseconds(self, role: Role = Role.MIXED) -> int:
        """A time as MLflow stores it, rarely an impossible one."""
        if role is not Role.MIXED or self.random.random() < 0.1:
            return self.integer(64, role)
        return _NOW_MS + self.random.randrange(10**10)

    def real(self, role: Role = Role.MIXED) -> float:
        """A double, often an awkward one."""
        if role in (Role.LEAST, Role.GREATEST):
            return -1.7976931348623157e308 if role is Role.LEAST else 1.7976931348623157e308
        return self.random.choice((*REALS, self.random.uniform(-1e6, 1e6)))

    def json(self, role: Role = Role.MIXED) -> str:
        """The text of a JSON value."""
        if role is Role.EMPTY:
            return "{}"
        if role is Role.LONGEST:
            return json.dumps({"list": list(range(2_000)), "text": self.long_text(5_000)})
        return self.random.choice(JSON_TEXTS)

    def _of_type(self, column: Column, role: Role) -> Value:
        match column.type:
            case "VARCHAR" if column.name == "id" or column.name.endswith(_ID_ENDINGS):
                return self.identifier(column.length)
            case "VARCHAR" | "TEXT":
                return self.text(column.length, role)
            case "BIGINT":
                return self.milliseconds(role)
            case "INTEGER":
                return self.integer(32, role)
            case "BOOLEAN":
                return self.random.randrange(2)
            case "FLOAT":
                return self.real(role)
            case "JSON":
                return self.json(role)
            case "BLOB":
                return b"" if role is Role.EMPTY else self.random.choice(_BYTES)
            case "DATE":
                return self.random.choice(_DAYS)
            case other:
                raise ValueError(f"no values for a column of type {other} ({column.name})")
