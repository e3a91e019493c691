"""A database as an old MLflow leaves it after years: metrics, params, tags, and its traces.

Which tables there are follows from the revision: MLflow 2.9 has no traces, MLflow 2.22 no spans.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

import data_metrics
import data_traces
from load import Loader, Row
from oracle import Database, engine_of, make_states
from timed_cases import SPANS_A_TRACE, DataSet


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How many rows: entries of metrics, params (and as many tags), traces."""

    entries: int
    params: int
    traces: int

    @property
    def spans(self) -> int:
        """In all traces, where the revision has them."""
        return self.traces * SPANS_A_TRACE


def fill(sizes: Sizes, state: str, database: Database) -> None:
    """Makes the database at the revision, and its rows, all of them in the experiment 1."""
    make_states({state: database})
    loader = Loader(database)
    data_metrics.fill(loader, DataSet("reference", state, sizes.entries))
    engine = engine_of(database)
    with engine.begin() as connection:
        runs = list(connection.exec_driver_sql("SELECT run_uuid FROM runs").scalars())
        if engine.dialect.name == "postgresql":
            # It has not been asked for the number of the experiment.
            _pass_over(connection, "experiments", "experiment_id")
    columns = ("key", "value", "run_uuid")
    loader.insert("params", columns, _pairs("param", runs, sizes.params))
    loader.insert("tags", columns, _pairs("tag", runs, sizes.params))
    data_traces.add(loader, sizes.traces)


def _pairs(name: str, runs: Sequence[str], size: int) -> Iterator[Row]:
    """Run after run, each with all its keys."""
    for number, run in itertools.product(range(-(-size // len(runs))), runs):
        yield f"{name}_{number}", f"value {number} of the run {run}", run


def _pass_over(connection: sa.Connection, table: str, column: str) -> None:
    connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), 1)")
