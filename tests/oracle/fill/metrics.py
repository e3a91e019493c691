"""Metric histories, and the latest metrics that belong to them."""

from __future__ import annotations

from .rows import Filler, Row
from .values import TEXTS, Value

_LONG_HISTORY = 3_000
_NOW = 1_560_000_000_000
_VALUES = (
    0.0,
    -0.0,
    1e308,
    -1e308,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    5e-324,
    -5e-324,
    0.1,
    -0.5,
    0.30000000000000004,
    2.0**53 + 2,
)
_STEPS = (0, 1, 1, 1, -1, 2**62, -(2**62), 2**63 - 1, -(2**63), 10, 100)
_TIMES = (0, 1, _NOW, _NOW, _NOW, -1, 2**62, 2**63 - 1, -(2**63))

# (step, timestamp, value, is NaN), the newest entry last. A NaN is stored as the value 0.
_HISTORIES = {
    "NaN only": [(0, 1, 0.0, True), (1, 2, 0.0, True)],
    "NaN newest by step": [(0, 9, 5.0, False), (1, 1, 0.0, True)],
    "NaN newest by timestamp": [(3, 1, 5.0, False), (3, 2, 0.0, True)],
    "number newest by step": [(0, 9, 0.0, True), (1, 1, -5.0, False)],
    "number newest by timestamp": [(3, 1, 0.0, True), (3, 2, -5.0, False)],
    "tie of NaN and number, not newest": [
        (1, 1, 0.0, True),
        (1, 1, 0.0, False),
        (1, 1, -7.0, False),
        (2, 1, 1.0, False),
    ],
    "tie of numbers": [(4, 4, -1e308, False), (4, 4, -0.5, False), (4, 4, 5e-324, False)],
    "tie of negative numbers": [(-4, 4, -3.0, False), (-4, 4, -2.0, False)],
    "tie of NaNs that are stored differently": [(4, 4, 0.0, True), (4, 4, 3.0, True)],
    "timestamps run backwards": [(0, 30, 1.0, False), (1, 20, 2.0, False), (2, 10, 3.0, False)],
    "one entry": [(-(2**62), -(2**62), -0.0, False)],
}
_NAN_TIES = {
    "NaN tie with zero": [(1, 1, 0.0, True), (1, 1, 0.0, False)],
    "NaN tie with less": [(1, 1, 0.0, True), (1, 1, -1.0, False)],
    "NaN tie with more": [(1, 1, 0.0, True), (1, 1, 1.0, False)],
    "NaN tie with both": [(1, 1, 0.0, True), (1, 1, 1.0, False), (1, 1, -1.0, False)],
}


def fill_metrics(filler: Filler) -> None:
    """Chosen histories, one of thousands of entries, and random ones full of ties."""
    runs = [row["run_uuid"] for row in filler.rows["runs"]]
    _add_histories(filler, runs[:5])
    _add_long_history(filler, runs[5])
    _add_random_histories(filler, runs[6:])


def fill_latest_metrics(filler: Filler) -> None:
    """What MLflow's server would have kept beside the histories."""
    newest: dict[tuple[Value, Value], Row] = {}
    for row in filler.rows["metrics"]:
        place = (row["run_uuid"], row["key"])
        if place not in newest or _age(row) > _age(newest[place]):
            newest[place] = row
    for _, row in sorted(newest.items(), key=lambda item: str(item[0])):
        filler.add("latest_metrics", row)


def _age(row: Row) -> tuple[Value, ...]:
    """Greater for newer entries; of a NaN and a number that agree in the rest, the number's is."""
    return row["step"], row["timestamp"], row["value"], not row["is_nan"]


def _add_histories(filler: Filler, runs: list[Value]) -> None:
    knows_nan = filler.has_column("metrics", "is_nan")
    # Once latest_metrics exists, nothing computes it again, and a tie harms nobody.
    histories = _HISTORIES
    if filler.nan_tie or "latest_metrics" in filler.tables:
        histories = _HISTORIES | _NAN_TIES
    for number, run in enumerate(runs):
        for key, entries in histories.items():
            ordered = entries if number % 2 else entries[::-1]
            for step, timestamp, value, is_nan in ordered:
                if knows_nan or not is_nan:
                    _add_entry(filler, run, key, step, timestamp, value, is_nan)


def _add_long_history(filler: Filler, run: Value) -> None:
    random = filler.values("metrics").random
    steps = list(range(_LONG_HISTORY))
    random.shuffle(steps)
    for step in steps:
        _add_entry(filler, run, "loss", step, _NOW + step - step % 3 // 2, random.random(), False)


def _add_random_histories(filler: Filler, runs: list[Value]) -> None:
    values = filler.values("metrics")
    knows_nan = filler.has_column("metrics", "is_nan")
    for number, run in enumerate(runs):
        texts = [TEXTS[(number * 3 + extra) % len(TEXTS)] for extra in range(3)]
        keys = (*texts, "loss", values.long_text(250), "")
        # One of those that the server takes for the same: it would keep one latest entry of all.
        for key in {filler.limits.fold(key): key for key in keys}.values():
            for _ in range(12):
                step = values.random.choice(_STEPS)
                timestamp = values.random.choice(_TIMES)
                # Never both kinds at one (step, timestamp): by chance it would be the newest.
                if knows_nan and (step ^ timestamp) % 5 == 0:
                    _add_entry(filler, run, key, step, timestamp, 0.0, True)
                else:
                    value = values.random.choice(_VALUES)
                    _add_entry(filler, run, key, step, timestamp, value, False)


def _add_entry(
    filler: Filler,
    run: Value,
    key: str,
    step: int,
    timestamp: int,
    value: float,
    is_nan: bool,
) -> None:
    """Adds one entry, unless it is there already."""
    filler.try_add(
        "metrics",
        {
            "run_uuid": run,
            "key": key,
            "step": step,
            "timestamp": timestamp,
            "value": value,
            "is_nan": int(is_nan),
        },
    )


RECIPES = {"metrics": fill_metrics, "latest_metrics": fill_latest_metrics}
