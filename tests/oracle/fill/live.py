"""The schema that a SQLite database really has, as far as a filler of rows must know it.

Read from the catalogue and not from a list of MLflow's tables, so that the filler works at every
revision, and fills a table that a later MLflow adds.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from graphlib import TopologicalSorter

_CHECK_IN = re.compile(r"CHECK\s*\(\s*\"?(\w+)\"?\s+IN\s*\(([^)]*)\)\s*\)", re.IGNORECASE)
_LENGTH = re.compile(r"\((\d+)\)")

# Not a foreign key, but the one table is computed from the other.
_COMPUTED_FROM = {"latest_metrics": "metrics"}


@dataclass(frozen=True)
class Column:
    """One column that can be written to."""

    name: str
    type: str
    length: int | None
    nullable: bool
    allowed: tuple[str | int, ...] | None
    """What the table's CHECKs let in, None if they let in everything."""


@dataclass(frozen=True)
class ForeignKey:
    """Columns that hold a key of a row in another table."""

    columns: tuple[str, ...]
    table: str
    refs: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table: what its rows need to be accepted."""

    name: str
    columns: dict[str, Column]
    keys: tuple[tuple[str, ...], ...]
    """The primary key and everything else that is unique."""
    foreign_keys: tuple[ForeignKey, ...]


def read_tables(connection: sqlite3.Connection) -> list[Table]:
    """Every table that MLflow made, each after the tables that it refers to."""
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not name.startswith(("sqlite_", "alembic_"))
    ]
    tables = {name: _read_table(connection, name) for name in sorted(names)}
    order: TopologicalSorter[str] = TopologicalSorter()
    for name, table in tables.items():
        order.add(name, *(key.table for key in table.foreign_keys if key.table != name))
        if name in _COMPUTED_FROM:
            order.add(name, _COMPUTED_FROM[name])
    return [tables[name] for name in order.static_order()]


def _read_table(connection: sqlite3.Connection, name: str) -> Table:
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()
    allowed = _allowed_values(sql)
    columns: dict[str, Column] = {}
    primary: dict[int, str] = {}
    for _, column, type_, not_null, _, key_position, hidden in connection.execute(
        f'PRAGMA table_xinfo("{name}")'
    ):
        if hidden:
            continue
        length = _LENGTH.search(type_)
        columns[column] = Column(
            name=column,
            type=_LENGTH.sub("", type_).upper().strip(),
            length=int(length.group(1)) if length else None,
            nullable=not not_null and not key_position,
            allowed=allowed.get(column),
        )
        if key_position:
            primary[key_position] = column
    keys = [tuple(primary[position] for position in sorted(primary))]
    indexes = connection.execute(f'PRAGMA index_list("{name}")').fetchall()
    for _, index, unique, origin, _ in indexes:
        if unique and origin != "pk":
            info = connection.execute(f'PRAGMA index_info("{index}")')
            keys.append(tuple(column for _, _, column in info))
    return Table(name, columns, tuple(keys), _read_foreign_keys(connection, name))


def _read_foreign_keys(connection: sqlite3.Connection, name: str) -> tuple[ForeignKey, ...]:
    found: dict[int, tuple[str, list[str], list[str]]] = {}
    for number, _, table, column, ref, *_ in connection.execute(
        f'PRAGMA foreign_key_list("{name}")'
    ):
        _, columns, refs = found.setdefault(number, (table, [], []))
        columns.append(column)
        refs.append(ref)
    # Sorted, since Alembic writes the constraints of a table that it rebuilds in a random order.
    keys = (
        ForeignKey(tuple(columns), table, tuple(refs)) for table, columns, refs in found.values()
    )
    return tuple(sorted(keys, key=lambda key: key.columns))


def _allowed_values(sql: str) -> dict[str, tuple[str | int, ...]]:
    """The values of each `CHECK (column IN (...))`; a column with two of them must satisfy both."""
    allowed: dict[str, tuple[str | int, ...]] = {}
    for column, values in _CHECK_IN.findall(sql):
        listed = tuple(_literal(value.strip()) for value in values.split(","))
        before = allowed.get(column, listed)
        allowed[column] = tuple(value for value in before if value in listed)
    return allowed


def _literal(text: str) -> str | int:
    return text.strip("'") if text.startswith("'") else int(text)
