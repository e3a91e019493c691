"""Puts rows into live tables: completes them, keeps every key unique and every reference valid."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from .limits import Limits
from .live import ForeignKey, Table
from .live_tables import read_tables
from .values import SPECIAL_ROLES, Role, Value, Values
from .vocabulary import resembles_known_key, words

Row = dict[str, Value]

_ATTEMPTS = 40
_GENERIC_ROWS = 24


class Filler:
    """One database that is being filled.

    A caller states the columns that matter to it. The rest of the row is made up, and a stated
    column that this revision does not have is left out, so one recipe serves all revisions.
    """

    def __init__(
        self, connection: sa.Connection, seed: int, limits: Limits, *, nan_tie: bool
    ) -> None:
        self.connection = connection
        self.limits = limits
        self.nan_tie = nan_tie
        self.tables = {table.name: table for table in read_tables(connection)}
        self.rows: dict[str, list[Row]] = {}
        self._values = {name: Values(f"{seed}:{name}") for name in self.tables}
        self._pending: dict[str, list[Row]] = {name: [] for name in self.tables}
        self._taken: dict[tuple[str, tuple[str, ...]], set[tuple[Value, ...]]] = {}
        for table in self.tables.values():
            self._read_present_rows(table)

    @property
    def revision(self) -> str | None:
        """The database's revision, None at the base."""
        if not sa.inspect(self.connection).has_table("alembic_version"):
            return None
        found = self.connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        return str(found.scalar_one())

    def values(self, table: str) -> Values:
        """The table's own source of values, so that one table's rows do not change another's."""
        return self._values[table]

    def has_column(self, table: str, column: str) -> bool:
        """Whether this revision has the column."""
        return table in self.tables and column in self.tables[table].columns

    def add(self, name: str, stated: Mapping[str, Value], role: Role = Role.MIXED) -> None:
        """Inserts a row with the stated values. It must be possible where keys are exact."""
        row = self.try_add(name, stated, role)
        if row is None and not self.limits.ignores_case:
            raise ValueError(f"no row of {name} can hold {dict(stated)!r}: a key is taken")

    def try_add(
        self, name: str, stated: Mapping[str, Value], role: Role = Role.MIXED
    ) -> Row | None:
        """Inserts a row with the stated values, unless that would repeat a key."""
        table = self.tables[name]
        for attempt in range(_ATTEMPTS):
            row = self._complete(table, stated, role if attempt == 0 else Role.MIXED)
            if self.limits.ignores_case and resembles_known_key(row.get("key")):
                continue
            if self._take_keys(table, row):
                self.rows[name].append(row)
                self._pending[name].append(row)
                return row
            if all(column in stated for key in table.keys for column in key):
                break
        return None

    def add_generic(self, name: str) -> None:
        """A few dozen rows: one for each role, then mixed ones."""
        for number in range(_GENERIC_ROWS):
            role = SPECIAL_ROLES[number] if number < len(SPECIAL_ROLES) else Role.MIXED
            self.try_add(name, {}, role)

    def insert_pending(self, name: str) -> None:
        """Writes the rows that were added to a table: all at once, since servers are far away."""
        rows, self._pending[name] = self._pending[name], []
        if not rows:
            return
        quote = self.connection.dialect.identifier_preparer.quote_identifier
        columns = ", ".join(quote(column) for column in rows[0])
        mark = "?" if self.connection.dialect.paramstyle == "qmark" else "%s"
        marks = ", ".join(mark for _ in rows[0])
        self.connection.exec_driver_sql(
            f"INSERT INTO {quote(name)} ({columns}) VALUES ({marks})",
            [tuple(row.values()) for row in rows],
        )

    def _complete(self, table: Table, stated: Mapping[str, Value], role: Role) -> Row:
        values = self._values[table.name]
        fit = self.limits.fit
        row = {
            column: fit(table.columns[column], value)
            for column, value in stated.items()
            if column in table.columns
        }
        for foreign_key in table.foreign_keys:
            self._refer(table, foreign_key, row, role)
        for column in table.columns.values():
            if column.name in row:
                continue
            vocabulary = words(table.name, column.name)
            if vocabulary is None:
                value = values.for_column(column, role)
            else:
                value = values.nullable(column, role, values.random.choice(vocabulary))
            row[column.name] = fit(column, value)
        return {column: row[column] for column in table.columns}

    def _refer(self, table: Table, foreign_key: ForeignKey, row: Row, role: Role) -> None:
        """Fills the columns of a foreign key from a parent that agrees with what is stated."""
        missing = [column for column in foreign_key.columns if column not in row]
        if not missing:
            return
        values = self._values[table.name]
        pairs = list(zip(foreign_key.columns, foreign_key.refs, strict=True))
        parents = [
            parent
            for parent in self.rows[foreign_key.table]
            if all(row[column] == parent[ref] for column, ref in pairs if column in row)
        ]
        parent = values.random.choice(parents)
        for column, ref in pairs:
            if column in missing:
                row[column] = values.nullable(table.columns[column], role, parent[ref])

    def _take_keys(self, table: Table, row: Row) -> bool:
        keys = [(key, self._compared(row, key)) for key in table.keys]
        distinct = [(key, value) for key, value in keys if None not in value]
        if any(value in self._taken[table.name, key] for key, value in distinct):
            return False
        for key, value in distinct:
            self._taken[table.name, key].add(value)
        return True

    def _compared(self, row: Row, key: tuple[str, ...]) -> tuple[Value, ...]:
        return tuple(self.limits.fold(row[column]) for column in key)

    def _read_present_rows(self, table: Table) -> None:
        """MLflow's migrations insert rows too: the workspace `default`."""
        quote = self.connection.dialect.identifier_preparer.quote_identifier
        columns = list(table.columns)
        listed = ", ".join(quote(column) for column in columns)
        found = self.connection.exec_driver_sql(f"SELECT {listed} FROM {quote(table.name)}")
        self.rows[table.name] = [dict(zip(columns, row, strict=True)) for row in found]
        for key in table.keys:
            self._taken[table.name, key] = {
                self._compared(row, key) for row in self.rows[table.name]
            }
