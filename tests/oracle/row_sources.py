"""The rows of a database, each value in a form that is equal only if the value is the same."""

from __future__ import annotations

import datetime
import sqlite3
import struct
import time
from abc import ABC, abstractmethod
from collections import Counter
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from databases import Database, engine_of, sqlite_path

_HOUR_MS = 3_600_000
# Into these MLflow's migrations write floats. On PostgreSQL the driver decides whether zero keeps its
# sign: psycopg 3 sends a float, psycopg2 the digits of a NUMERIC, which has no -0.
_COSTS = ("input_cost", "output_cost", "total_cost")
_WRITTEN_FLOATS = {
    "latest_metrics": ("value",),
    "trace_info": _COSTS,
    "spans": _COSTS,
    "assessments": ("aggregate_value",),
}

Cell = tuple[str, bytes | int | None]
"""A value's type, and the value."""
Row = tuple[Cell, ...]


class RowSource(ABC):
    """A database that is read."""

    @abstractmethod
    def tables(self) -> set[str]:
        """The names of all tables."""

    @abstractmethod
    def columns(self, table: str) -> list[str]:
        """All columns in their order, the generated ones too."""

    @abstractmethod
    def rows(self, table: str, columns: list[str]) -> Counter[Row]:
        """All rows, and how often each is there."""

    @abstractmethod
    def last_hour(self) -> range:
        """The times in milliseconds that an upgrade of this database can have seen."""

    @abstractmethod
    def close(self) -> None:
        """Ends the connection."""


def open_rows(database: Database) -> RowSource:
    """Opens a database that must exist, without changing it."""
    path = sqlite_path(database)
    return ServerRows(database) if path is None else SqliteRows(path)


class SqliteRows(RowSource):
    """Those of a SQLite file, with the storage class as the type; text is not decoded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        self._connection.text_factory = bytes

    def tables(self) -> set[str]:
        """As for any."""
        found = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name.decode() for (name,) in found if not name.startswith(b"sqlite_")}

    def columns(self, table: str) -> list[str]:
        """As for any."""
        found = self._connection.execute(f"PRAGMA table_xinfo({_quote(table)})")
        return [row[1].decode() for row in found]

    def rows(self, table: str, columns: list[str]) -> Counter[Row]:
        """As for any."""
        selected = ", ".join(f"typeof({_quote(name)}), {_quote(name)}" for name in columns)
        found = self._connection.execute(f"SELECT {selected} FROM {_quote(table)}")
        return Counter(
            tuple(
                (kind.decode(), struct.pack(">d", value) if kind == b"real" else value)
                for kind, value in zip(row[::2], row[1::2], strict=True)
            )
            for row in found
        )

    def last_hour(self) -> range:
        """The hour before the file was last written."""
        end = int(self._path.stat().st_mtime * 1000) + 1000
        return range(end - _HOUR_MS, end)

    def close(self) -> None:
        """As for any."""
        self._connection.close()


class ServerRows(RowSource):
    """Those of a database on a server, with the driver's type for a value as its type."""

    def __init__(self, database: Database) -> None:
        self._engine = engine_of(database)
        self._connection = self._engine.connect()
        self._inspector = sa.inspect(self._connection)

    def tables(self) -> set[str]:
        """As for any."""
        return set(self._inspector.get_table_names())

    def columns(self, table: str) -> list[str]:
        """As for any."""
        return [column["name"] for column in self._inspector.get_columns(table)]

    def rows(self, table: str, columns: list[str]) -> Counter[Row]:
        """As for any."""
        quote = self._engine.dialect.identifier_preparer.quote_identifier
        types = {column["name"]: column["type"] for column in self._inspector.get_columns(table)}
        exact = {name: self._exact(quote(name), types[name]) for name in columns}
        if self._engine.dialect.name == "postgresql":
            for name in set(_WRITTEN_FLOATS.get(table, ())) & set(columns):
                exact[name] = f"{exact[name]} + 0"
        selected = ", ".join(exact[name] for name in columns)
        found = self._connection.exec_driver_sql(f"SELECT {selected} FROM {quote(table)}")
        return Counter(tuple(map(_cell, row)) for row in found)

    def last_hour(self) -> range:
        """The hour before now, since a server does not tell when a database was written."""
        end = int(time.time() * 1000) + 1000
        return range(end - _HOUR_MS, end)

    def close(self) -> None:
        """As for any."""
        self._connection.close()
        self._engine.dispose()

    def _exact(self, column: str, type_: object) -> str:
        # MySQL shows six digits of a FLOAT, and all of the double that it is in a calculation.
        if isinstance(type_, mysql.FLOAT):
            return f"{column} * 1e0"
        # Parsed, two texts of JSON could be the same.
        if isinstance(type_, sa.JSON) and self._engine.dialect.name == "postgresql":
            return f"{column}::text"
        return column


def _cell(value: object) -> Cell:
    match value:
        case None:
            return "null", None
        case bool():
            return "boolean", int(value)
        case int():
            return "integer", value
        case float():
            return "real", struct.pack(">d", value)
        case str():
            return "text", value.encode()
        case bytes():
            return "blob", value
        case datetime.date():
            return "date", value.isoformat().encode()
        case Decimal():
            return "decimal", str(value).encode()
        case _:
            raise TypeError(f"no comparison for a {type(value).__name__}: {value!r}")


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
