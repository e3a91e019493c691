"""Runs and their metric histories, from which 89d4b8295536 computes the latest metrics.

`reference` is the data set that MLflow's README on this migration gives a time for: 186 runs, 3702
metrics, 466,860 entries. Of another size it has more or fewer runs of the same kind, as on a server
that is used for longer.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator

from load import Loader
from timed_cases import REFERENCE_ENTRIES, DataSet

_RUNS = 186
_METRICS = 3702
_KEYS_OF_MANY = 3000
_ENTRIES_OF_MANY = 10
# So many runs log at the same time, each a value of all its metrics at each of its steps.
_CONCURRENT = 4
_START = 1_560_000_000_000
_METRICS_COLUMNS = ("key", "value", "timestamp", "run_uuid", "step", "is_nan")

_Entry = tuple[str, float, int, str, int, bool]


@dataclasses.dataclass(frozen=True)
class _Run:
    """One run: a history for each key, which is the metric's number; so many entries each."""

    identifier: str
    histories: list[int]


def fill(loader: Loader, data: DataSet) -> None:
    """Adds an experiment, runs, and metric entries in the order in which a server logs them."""
    chance = random.Random(89)
    runs = [
        _Run(f"{chance.getrandbits(128):032x}", histories)
        for histories in _SHAPES[data.shape](data.size)
    ]
    loader.insert("experiments", ("experiment_id", "name", "lifecycle_stage"), [(1, "e", "active")])
    loader.insert(
        "runs",
        ("run_uuid", "experiment_id", "status", "source_type", "lifecycle_stage"),
        ((run.identifier, 1, "FINISHED", "LOCAL", "active") for run in runs),
    )
    latest: dict[tuple[str, str], _Entry] = {}
    loader.insert_known("metrics", _METRICS_COLUMNS, _noted(_entries(runs, chance), latest))
    loader.insert_known("latest_metrics", _METRICS_COLUMNS, latest.values())


def _noted(entries: Iterator[_Entry], latest: dict[tuple[str, str], _Entry]) -> Iterator[_Entry]:
    """The entries; the last one of each metric of a run is kept, as MLflow keeps it."""
    for entry in entries:
        latest[entry[3], entry[0]] = entry
        yield entry


def _entries(runs: list[_Run], chance: random.Random) -> Iterator[_Entry]:
    begin = _START
    for first in range(0, len(runs), _CONCURRENT):
        together = runs[first : first + _CONCURRENT]
        steps = max(max(run.histories) for run in together)
        for step, run in itertools.product(range(steps), together):
            time = begin + 1000 * step
            for metric, length in enumerate(run.histories):
                if step < length:
                    value = chance.random()
                    yield f"metric_{metric}", value, time, run.identifier, step, False
        begin += 1000 * steps


def _reference(entries: int) -> list[list[int]]:
    runs = max(1, round(_RUNS * entries / REFERENCE_ENTRIES))
    metrics = max(1, round(_METRICS * entries / REFERENCE_ENTRIES))
    return _grouped(_shares(entries, metrics), runs)


def _many_keys(entries: int) -> list[list[int]]:
    runs = max(1, round(entries / _KEYS_OF_MANY / _ENTRIES_OF_MANY))
    return _grouped(_shares(entries, runs * _KEYS_OF_MANY), runs)


def _skewed(entries: int) -> list[list[int]]:
    """The reference, with half of all entries in one run."""
    one = _shares(entries // 2, _METRICS // _RUNS)
    return [one, *_reference(entries - entries // 2)]


def _shares(total: int, parts: int) -> list[int]:
    """The total in parts that differ by one at most; none is empty."""
    parts = min(parts, total)
    least, more = divmod(total, parts)
    return [least + (part < more) for part in range(parts)]


def _grouped(lengths: list[int], groups: int) -> list[list[int]]:
    return [lengths[group::groups] for group in range(min(groups, len(lengths)))]


_SHAPES = {"reference": _reference, "many-keys": _many_keys, "skewed": _skewed}
