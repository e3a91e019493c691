"""The schema of a SQLite file."""

from __future__ import annotations

import re

import sqlalchemy as sa

from .live import Column, ForeignKey, Table

_CHECK_IN = re.compile(r"CHECK\s*\(\s*\"?(\w+)\"?\s+IN\s*\(([^)]*)\)\s*\)", re.IGNORECASE)
_LENGTH = re.compile(r"\((\d+)\)")


def read_tables(connection: sa.Connection) -> list[Table]:
    """Every table that MLflow made, by name."""
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = [name for (name,) in found if not name.startswith(("sqlite_", "alembic_"))]
    return [_read_table(connection, name) for name in sorted(names)]


def _read_table(connection: sa.Connection, name: str) -> Table:
    (sql,) = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE name = ?", (name,)
    ).one()
    allowed = _allowed_values(sql)
    columns: dict[str, Column] = {}
    primary: dict[int, str] = {}
    for _, column, type_, not_null, _, key_position, hidden in connection.exec_driver_sql(
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
    indexes = connection.exec_driver_sql(f'PRAGMA index_list("{name}")').fetchall()
    for _, index, unique, origin, _ in indexes:
        if unique and origin != "pk":
            info = connection.exec_driver_sql(f'PRAGMA index_info("{index}")')
            keys.append(tuple(column for _, _, column in info))
    return Table(name, columns, tuple(keys), _read_foreign_keys(connection, name))


def _read_foreign_keys(connection: sa.Connection, name: str) -> tuple[ForeignKey, ...]:
    found: dict[int, tuple[str, list[str], list[str]]] = {}
    for number, _, table, column, ref, *_ in connection.exec_driver_sql(
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
