"""The schema of a database on PostgreSQL, MySQL or MariaDB."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from .live import Column, ForeignKey, Table
from .vocabulary import checked_words

_QUOTED = re.compile(r"'([^']*)'")
_IN_LIST = re.compile(r"\bin\b|= any", re.IGNORECASE)
_JSON_CHECK = re.compile(r"json_valid\(`(\w+)`\)", re.IGNORECASE)


def read_tables(connection: sa.Connection) -> list[Table]:
    """Every table that MLflow made, by name."""
    inspector = sa.inspect(connection)
    names = [name for name in inspector.get_table_names() if not name.startswith("alembic_")]
    json_columns = _mariadb_json(connection)
    return [_read_table(inspector, name, json_columns) for name in sorted(names)]


def _mariadb_json(connection: sa.Connection) -> set[tuple[str, str]]:
    """The tables and columns of MariaDB's JSON: text that a CHECK holds to be JSON."""
    if not getattr(connection.dialect, "is_mariadb", False):
        return set()
    found = connection.exec_driver_sql(
        "SELECT table_name, check_clause FROM information_schema.check_constraints"
        " WHERE constraint_schema = database()"
    )
    return {(table, column) for table, check in found for column in _JSON_CHECK.findall(check)}


def _read_table(
    inspector: sa.Inspector, name: str, json_columns: set[tuple[str, str]]
) -> Table:
    primary = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
    unique = {
        tuple(str(column) for column in index["column_names"])
        for index in (*inspector.get_indexes(name), *inspector.get_unique_constraints(name))
        if index.get("unique", True)
    }
    checks = [str(check["sqltext"]) for check in inspector.get_check_constraints(name)]
    columns = [
        _column(name, found, checks, json_columns)
        for found in inspector.get_columns(name)
        if "computed" not in found
    ]
    return Table(
        name,
        {column.name: column for column in columns},
        (primary, *sorted(unique - {primary})),
        _foreign_keys(inspector, name),
    )


def _foreign_keys(inspector: sa.Inspector, name: str) -> tuple[ForeignKey, ...]:
    keys = (
        ForeignKey(
            tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"])
        )
        for key in inspector.get_foreign_keys(name)
    )
    return tuple(sorted(keys, key=lambda key: key.columns))


def _column(
    table: str, found: Any, checks: list[str], json_columns: set[tuple[str, str]]
) -> Column:
    name, type_ = found["name"], found["type"]
    return Column(
        name=name,
        type="JSON" if (table, name) in json_columns else _type_name(type_),
        length=getattr(type_, "length", None),
        nullable=found["nullable"],
        allowed=_allowed(name, checks) or checked_words(table, name),
        is_single=isinstance(type_, mysql.FLOAT),
    )


def _type_name(type_: sa.types.TypeEngine[Any]) -> str:
    # The more special ones first: a double is a float to SQLAlchemy, and a boolean of MySQL's an
    # integer.
    if isinstance(type_, mysql.TINYINT):
        return "BOOLEAN"
    for kind, name in (
        (sa.Boolean, "BOOLEAN"),
        (sa.BigInteger, "BIGINT"),
        (sa.Integer, "INTEGER"),
        (sa.Float, "FLOAT"),
        (sa.JSON, "JSON"),
        (sa.Date, "DATE"),
        (sa.LargeBinary, "BLOB"),
        (sa.VARCHAR, "VARCHAR"),
        (sa.Text, "TEXT"),
        (mysql.MEDIUMTEXT, "TEXT"),
        (mysql.LONGTEXT, "TEXT"),
    ):
        if isinstance(type_, kind):
            return name
    raise ValueError(f"no values for a column of type {type_!r}")


def _allowed(column: str, checks: list[str]) -> tuple[str | int, ...] | None:
    """The values of the CHECKs that list them; a column with two of them must satisfy both."""
    allowed: tuple[str | int, ...] | None = None
    for check in checks:
        if not re.match(rf"[(\s`\"]*{column}\b", check) or not _IN_LIST.search(check):
            continue
        listed: tuple[str | int, ...] = tuple(_QUOTED.findall(check.replace("\\'", "'")))
        # A CHECK of numbers is that of a boolean.
        listed = listed or (0, 1)
        allowed = listed if allowed is None else tuple(v for v in allowed if v in listed)
    return allowed
