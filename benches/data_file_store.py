"""A file store as MLflow's FileStore leaves it, written with plain files: MLflow takes minutes."""

from __future__ import annotations

import json
import random
from pathlib import Path

RUNS = 2_000
LINES = 100_000
_METRICS_A_RUN = 10
_START_MS = 1_750_000_000_000
_EXPERIMENTS = 4


def write(folder: Path, runs: int, lines: int) -> None:
    """Writes `folder/mlruns` with so many runs, and so many lines of metrics in all of them."""
    chance = random.Random(18)
    root = folder / "mlruns"
    for experiment in range(_EXPERIMENTS):
        _experiment(root, experiment)
    for number in range(runs):
        first, end = (lines * (number + next_) // runs for next_ in (0, 1))
        _run(root, number, f"{chance.getrandbits(128):032x}", end - first, chance)


def _experiment(root: Path, experiment: int) -> None:
    place = root / str(experiment)
    place.mkdir(parents=True)
    _meta(
        place,
        {
            "artifact_location": place.as_uri(),
            "creation_time": _START_MS,
            "experiment_id": str(experiment),
            "last_update_time": _START_MS,
            "lifecycle_stage": "active",
            "name": f"experiment {experiment}" if experiment else "Default",
        },
    )


def _run(root: Path, number: int, run: str, lines: int, chance: random.Random) -> None:
    experiment = str(number % _EXPERIMENTS)
    place = root / experiment / run
    for folder in ("params", "tags", "metrics", "artifacts"):
        (place / folder).mkdir(parents=True)
    begin = _START_MS + number * 60_000
    _meta(
        place,
        {
            "artifact_uri": (place / "artifacts").as_uri(),
            "end_time": begin + 50_000,
            "entry_point_name": "",
            "experiment_id": experiment,
            "lifecycle_stage": "active",
            "run_id": run,
            "run_name": f"run-{number}",
            "run_uuid": run,
            "source_name": "",
            "source_type": 4,
            "source_version": "",
            "start_time": begin,
            "status": 3,
            "tags": [],
            "user_id": "trainer",
        },
    )
    for param in range(10):
        (place / "params" / f"param_{param}").write_text(str(chance.random()))
    tags = {"mlflow.runName": f"run-{number}", "mlflow.user": "trainer", "team": "vision"}
    for key, value in tags.items():
        (place / "tags" / key).write_text(value)
    for metric in range(_METRICS_A_RUN):
        of_metric = [
            f"{begin + 1000 * step} {chance.random()} {step}\n"
            for step in range(metric, lines, _METRICS_A_RUN)
        ]
        (place / "metrics" / f"metric_{metric}").write_text("".join(of_metric))


def _meta(place: Path, values: dict[str, object]) -> None:
    """JSON's strings, numbers and lists are YAML's, too."""
    lines = [f"{key}: {json.dumps(value)}\n" for key, value in values.items()]
    (place / "meta.yaml").write_text("".join(lines))
