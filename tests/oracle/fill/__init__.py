"""Fills a database at any of MLflow's revisions with deterministic rows of awkward values."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from databases import Database, engine_of

from . import assessments, issues, metrics, registry, spans, traces, tracking
from .limits import limits_of
from .rows import Filler

# A table that is not named here gets generic rows.
_RECIPES: dict[str, Callable[[Filler], None]] = {
    **tracking.RECIPES,
    **metrics.RECIPES,
    **registry.RECIPES,
    **traces.RECIPES,
    **spans.RECIPES,
    **assessments.RECIPES,
    **issues.RECIPES,
}


def fill(
    database: Database, seed: int, *, nan_tie: bool = False, charset: str | None = None
) -> None:
    """Fills every table of the database.

    With `nan_tie`, some metrics have a NaN and a number at their newest step and timestamp, which
    MLflow's own 89d4b8295536 does not survive. `charset`: only characters of this set, on MySQL.
    """
    engine = engine_of(database)
    try:
        with engine.begin() as connection:
            _prepare(connection)
            filler = Filler(connection, seed, limits_of(connection, charset), nan_tie=nan_tie)
            for name in filler.tables:
                recipe = _RECIPES.get(name)
                if recipe is None:
                    filler.add_generic(name)
                else:
                    recipe(filler)
                filler.insert_pending(name)
            _finish(connection, filler)
    finally:
        engine.dispose()


def _prepare(connection: sa.Connection) -> None:
    match connection.dialect.name:
        case "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        case "mysql" | "mariadb":
            # MLflow's own default experiment has the id 0, which MySQL would replace by the next.
            connection.exec_driver_sql(
                "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'"
            )


def _finish(connection: sa.Connection, filler: Filler) -> None:
    match connection.dialect.name:
        case "sqlite":
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if orphans:
                raise ValueError(f"rows without their parents: {orphans[:5]}")
        case "postgresql":
            _advance_sequences(connection, filler)


def _advance_sequences(connection: sa.Connection, filler: Filler) -> None:
    """So that MLflow's next row gets a free id, as after rows that it has numbered itself."""
    for table, described in filler.tables.items():
        for column in described.columns:
            found = connection.exec_driver_sql(
                "SELECT pg_get_serial_sequence(%s, %s)", (table, column)
            )
            if sequence := found.scalar_one():
                connection.exec_driver_sql(
                    f'SELECT setval(%s, greatest(max("{column}"), 1)) FROM "{table}"', (sequence,)
                )
