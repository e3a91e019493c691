"""All tables of a live database, on SQLite or a server."""

from __future__ import annotations

from graphlib import TopologicalSorter

import sqlalchemy as sa

from . import live_server, live_sqlite
from .live import Table

# Not a foreign key, but the one table is computed from the other.
_COMPUTED_FROM = {"latest_metrics": "metrics"}


def read_tables(connection: sa.Connection) -> list[Table]:
    """Every table that MLflow made, each after the tables that it refers to."""
    read = live_sqlite if connection.dialect.name == "sqlite" else live_server
    tables = {table.name: table for table in read.read_tables(connection)}
    order: TopologicalSorter[str] = TopologicalSorter()
    for name, table in tables.items():
        order.add(name, *(key.table for key in table.foreign_keys if key.table != name))
        if name in _COMPUTED_FROM:
            order.add(name, _COMPUTED_FROM[name])
    return [tables[name] for name in order.static_order()]
