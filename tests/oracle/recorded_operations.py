"""Runs a revision's `upgrade()` without a database, and records what it asks Alembic to do."""

from __future__ import annotations

import dataclasses
import logging
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import alembic
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import AbstractOperations, Operations
from alembic.operations.ops import CreateTableOp, MigrateOperation

# MLflow warns where it finds no real database.
logging.disable(logging.WARNING)

DIALECTS = ("sqlite", "postgresql", "mysql")


@dataclasses.dataclass
class Recording:
    """What a revision does on one dialect."""

    dialect: sa.Dialect
    operations: list[MigrateOperation] = dataclasses.field(default_factory=list)
    statements: list[str] = dataclasses.field(default_factory=list)
    """Statements that a revision runs itself: those of a data migration."""
    trouble: str | None = None
    """What stopped the revision, which wanted to see a real database."""


class _NoRows:
    """The result of every statement: no rows."""

    rowcount = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def _itself(self) -> _NoRows:
        return self

    def _none(self) -> None:
        return None

    def _empty(self, *_: Any) -> list[Any]:
        return []

    mappings = scalars = _itself
    first = fetchone = scalar = scalar_one_or_none = one_or_none = _none
    all = fetchall = fetchmany = _empty


class _Bind:
    """A connection to an empty database of one dialect."""

    def __init__(self, recording: Recording) -> None:
        self.dialect = recording.dialect
        self.name = recording.dialect.name
        self.engine = self
        self._recording = recording

    def execute(self, statement: Any, *_: Any, **__: Any) -> _NoRows:
        self._recording.statements.append(str(statement))
        return _NoRows()

    exec_driver_sql = execute


def record(source: str, name: str) -> list[Recording]:
    """Runs the `upgrade()` of a revision file on each dialect."""
    return [_record(source, name, dialect) for dialect in DIALECTS]


def _record(source: str, name: str, dialect: str) -> Recording:
    recording = Recording(sa.make_url(f"{dialect}://").get_dialect()())
    module = types.ModuleType(name)
    with _recorded(recording):
        try:
            exec(compile(source, name, "exec"), module.__dict__)
            module.upgrade()
        except Exception as error:  # Whatever a revision raises is this program's output.
            recording.trouble = f"{type(error).__name__}: {error}".splitlines()[0]
    return recording


@contextmanager
def _recorded(recording: Recording) -> Iterator[None]:
    """Lets `alembic.op` record."""
    context = MigrationContext.configure(
        dialect=recording.dialect, opts={"as_sql": True, "output_buffer": mock.MagicMock()}
    )

    def invoke(_: AbstractOperations, operation: MigrateOperation) -> Any:
        recording.operations.append(operation)
        return operation.to_table(context) if isinstance(operation, CreateTableOp) else None

    bind = _Bind(recording)
    with (
        mock.patch.object(AbstractOperations, "invoke", invoke),
        mock.patch.object(AbstractOperations, "get_bind", lambda _: bind),
        mock.patch.object(AbstractOperations, "f", lambda _, text: text),
        mock.patch.object(alembic.context, "get_context", lambda: context, create=True),
        Operations.context(context),
    ):
        yield
