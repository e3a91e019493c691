"""The upgrades that are timed: which rows, from which revision, to which."""

from __future__ import annotations

import dataclasses

REFERENCE_ENTRIES = 466_860
"""Metric entries of the data set in MLflow's README on 89d4b8295536."""

DEFAULT_TRACES = 100_000
SPANS_A_TRACE = 10


@dataclasses.dataclass(frozen=True)
class DataSet:
    """Rows at a revision. `size` counts metric entries, or traces."""

    shape: str
    state: str
    size: int

    @property
    def rows(self) -> int:
        """What a plot shows the time against: metric entries, or spans."""
        return self.size * SPANS_A_TRACE if self.shape == TRACES else self.size


@dataclasses.dataclass(frozen=True)
class Case:
    """One upgrade that is timed."""

    name: str
    data: DataSet
    target: str


EMPTY = "empty"
"""The shape without rows, and without any table."""

METRIC_SHAPES = ("reference", "many-keys", "skewed")
TRACES = "traces"

_BEFORE_LATEST_METRICS = "7ac759974ad8"
_BEFORE_TRACE_ANALYTICS = "b7e2c1a4d9f3"

# Shape, revision, target, and how often the entries that are asked for.
_CASES = {
    "reference": ("reference", _BEFORE_LATEST_METRICS, "head", 1),
    "base": ("reference", "base", "head", 1),
    "tenfold": ("reference", _BEFORE_LATEST_METRICS, "head", 10),
    "many-keys": ("many-keys", _BEFORE_LATEST_METRICS, "head", 1),
    "skewed": ("skewed", _BEFORE_LATEST_METRICS, "head", 1),
    "latest": ("reference", _BEFORE_LATEST_METRICS, "89d4b8295536", 1),
    "traces": (TRACES, _BEFORE_TRACE_ANALYTICS, "head", 1),
    "backfill": (TRACES, _BEFORE_TRACE_ANALYTICS, "75868b020152", 1),
    "empty": (EMPTY, "", "head", 0),
}
NAMES = tuple(_CASES)


def case_of(name: str, entries: int, traces: int) -> Case:
    """The case of this name, on so many metric entries or traces."""
    shape, state, target, times = _CASES[name]
    size = times * (traces if shape == TRACES else entries)
    return Case(name, DataSet(shape, state, size), target)
