"""Writes millions of rows into a database, the quick way of each server."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import PoolProxiedConnection

from oracle import Database, engine_of

Row = tuple[Any, ...]

_ROWS_A_STATEMENT = 5_000


class Loader:
    """A database that is being filled with rows that are known to fit together."""

    def __init__(self, database: Database) -> None:
        self._engine = engine_of(database)
        self._copy_into = {"postgresql": _by_copy, "sqlite": _by_insert}.get(
            self._engine.dialect.name, _by_long_inserts
        )

    def columns(self, table: str) -> set[str]:
        """The columns of the table at this revision; none if it has no such table."""
        inspector = sa.inspect(self._engine)
        if not inspector.has_table(table):
            return set()
        return {each["name"] for each in inspector.get_columns(table)}

    def insert_known(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Adds rows to a table that this revision may lack, without the columns that it lacks."""
        known = self.columns(table)
        places = [place for place, column in enumerate(columns) if column in known]
        if len(places) == len(columns):
            self.insert(table, columns, rows)
        elif places:
            kept = [columns[place] for place in places]
            self.insert(table, kept, (tuple(row[place] for place in places) for row in rows))

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Adds rows in the given order."""
        quote = self._engine.dialect.identifier_preparer.quote_identifier
        into = f"{quote(table)} ({', '.join(map(quote, columns))})"
        connection = self._engine.raw_connection()
        try:
            self._copy_into(connection, into, len(columns), rows)
            connection.commit()
        finally:
            connection.close()


def _by_insert(
    connection: PoolProxiedConnection, into: str, width: int, rows: Iterable[Row]
) -> None:
    marks = ", ".join("?" * width)
    cursor = connection.cursor()
    for batch in _batches(rows):
        cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", batch)


def _by_copy(connection: PoolProxiedConnection, into: str, width: int, rows: Iterable[Row]) -> None:
    cursor = connection.cursor()
    cursor.execute("SET session_replication_role = replica")
    with cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _by_long_inserts(
    connection: PoolProxiedConnection, into: str, width: int, rows: Iterable[Row]
) -> None:
    """PyMySQL makes long statements of each batch; a commit after it spares long undo logs."""
    marks = ", ".join(["%s"] * width)
    cursor = connection.cursor()
    cursor.execute("SET SESSION foreign_key_checks = 0, unique_checks = 0")
    for batch in _batches(rows):
        cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", batch)
        connection.commit()


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, _ROWS_A_STATEMENT)):
        yield batch
