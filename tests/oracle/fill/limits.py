"""What a database takes: values are changed, as little as possible, until they are legal in it."""

from __future__ import annotations

import json
import math
import re
import struct
import unicodedata

import sqlalchemy as sa

from .live import Column
from .values import Value

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_GREATEST_SINGLE = 3.4028234663852886e38
_GREATEST_DOUBLE = 1.7976931348623157e308


class Limits:
    """Those of SQLite: it takes everything."""

    ignores_case = False
    """Whether keys are the same that differ by case or accents only."""
    enforces_lengths = False
    """Whether a VARCHAR takes no more than its length."""
    json_is_text = False
    """Whether MLflow finds a column of JSON to be one of text, and so decodes it only once."""
    overflows_to_float = True
    """Whether a generated integer that is too large becomes a float instead of an error."""

    def fit(self, column: Column, value: Value) -> Value:
        """The value itself, or a legal one in its place; one that was fitted stays as it is."""
        return value

    def fold(self, value: Value) -> Value:
        """What a key compares of a value: equal for all that could be equal to the server."""
        return value


class PostgresLimits(Limits):
    """No NUL in text, and only valid JSON; booleans are a type of their own."""

    enforces_lengths = True
    overflows_to_float = False

    def fit(self, column: Column, value: Value) -> Value:
        """As for any."""
        if value is None:
            return None
        if column.type == "BOOLEAN":
            return bool(value)
        if not isinstance(value, str):
            return value
        if column.type == "JSON":
            return value if _is_json(value) else json.dumps({"text": value})
        return value.replace("\x00", "")[: column.length]


class MySqlLimits(Limits):
    """Also only finite numbers, and only characters that the character set has."""

    ignores_case = True
    enforces_lengths = True
    overflows_to_float = False

    def __init__(self, charset: str, *, json_is_text: bool) -> None:
        self._charset = charset
        self.json_is_text = json_is_text

    def fit(self, column: Column, value: Value) -> Value:
        """As for any."""
        if isinstance(value, float):
            return _finite(value, single=column.is_single)
        if not isinstance(value, str):
            return value
        if column.type == "JSON" and not (_is_json(value) and _is_utf8_json(value)):
            value = json.dumps({"text": value})
        if self._charset != "utf8mb4":
            value = "".join(map(self._character, value))
            # A migration writes some of what these stand for into other columns.
            value = _ESCAPE.sub(self._escape, value)
        return value[: column.length]

    def fold(self, value: Value) -> Value:
        """Coarser than any collation, so that equal rows can be put under every one of them."""
        if not isinstance(value, str):
            return value
        folded = unicodedata.normalize("NFKD", value).casefold().replace("ı", "i")
        kept = (
            # To utf8mb4_general_ci all characters beyond the first 65536 are the same.
            character if ord(character) < 0x10000 else "\U00010000"
            for character in unicodedata.normalize("NFKD", folded)
            if unicodedata.category(character)[0] not in "MC"
        )
        return "".join(kept).rstrip()

    def _character(self, character: str) -> str:
        code = ord(character)
        # MySQL's latin1 has other characters than U+0080 to U+009F in their place.
        if self._charset == "latin1" and not (code < 0x80 or 0xA0 <= code <= 0xFF):
            return chr(0xC0 + code % 0x40)
        # The utf8 of MySQL has three bytes a character at most; these are Chinese.
        if self._charset in ("utf8", "utf8mb3") and code > 0xFFFF:
            return chr(0x4E00 + code % 0x1000)
        return character

    def _escape(self, escape: re.Match[str]) -> str:
        code = int(escape[1], 16)
        if 0xD800 <= code <= 0xDFFF:
            # One half of a character beyond U+FFFF, which neither of these sets has.
            code = 0xC0 + code % 0x40
        return f"\\u{ord(self._character(chr(code))):04x}"


def limits_of(connection: sa.Connection, charset: str | None) -> Limits:
    """Those of the database, and of a character set that is narrower than its own."""
    match connection.dialect.name:
        case "sqlite":
            return Limits()
        case "postgresql":
            return PostgresLimits()
        case _:
            own = connection.exec_driver_sql("SELECT @@character_set_database").scalar_one()
            json_is_text = bool(getattr(connection.dialect, "is_mariadb", False))
            return MySqlLimits(charset or own, json_is_text=json_is_text)


def _is_json(text: str) -> bool:
    """Whether it is JSON by the standard, which has no NaN and no infinity."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return "\\u0000" not in text


def _is_utf8_json(text: str) -> bool:
    """Whether nothing in it is beyond UTF-8 or a double, as which MySQL keeps it."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


def _finite(value: float, *, single: bool) -> float:
    greatest = _GREATEST_SINGLE if single else _GREATEST_DOUBLE
    value = math.copysign(min(abs(value), greatest), value)
    return struct.unpack("f", struct.pack("f", value))[0] if single else value
