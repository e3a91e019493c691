"""What was measured, as values that are written to JSON and read again.

A table or a plot is made from these alone, so it can be made anew without running anything.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
from pathlib import Path
from typing import Any

MLFLOW = "mlflow"
OWN = "mlflow-migrate"
PROGRAMS = (MLFLOW, OWN)
"""The names under which the two programs' measurements are kept."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a program; `outcome` is `ok`, `limit` (killed at the time limit) or `failed`."""

    seconds: float
    peak_kib: int
    outcome: str = "ok"
    message: str = ""


@dataclasses.dataclass(frozen=True)
class Counts:
    """What went over the wire in one run that was counted, and not timed."""

    statements: int
    rows: int
    bytes_sent: int
    bytes_received: int


@dataclasses.dataclass
class Measured:
    """All runs of one program in one case."""

    runs: list[Run] = dataclasses.field(default_factory=list)
    counts: Counts | None = None

    @property
    def trouble(self) -> Run | None:
        """The first run that did not come to its end."""
        return next((run for run in self.runs if run.outcome != "ok"), None)

    @property
    def median(self) -> float | None:
        """Seconds; None without runs that came to their end."""
        if not self.runs or self.trouble:
            return None
        return statistics.median(run.seconds for run in self.runs)


@dataclasses.dataclass
class Result:
    """One case on one server. `omitted` says why it was not run, if it was not."""

    server: str
    version: str
    case: str
    rows: int
    state: str
    target: str
    programs: dict[str, Measured] = dataclasses.field(default_factory=dict)
    omitted: str = ""


@dataclasses.dataclass
class Report:
    """The results of one invocation, and what has to be known to judge them."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    results: list[Result] = dataclasses.field(default_factory=list)

    def write(self, path: Path) -> None:
        """Writes everything as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")


def read(path: Path) -> Report:
    """The report in a file that `Report.write` has made."""
    found = json.loads(path.read_text())
    results = [_result(each) for each in found["results"]]
    return Report(found["machine"], found["settings"], results)


def _result(found: dict[str, Any]) -> Result:
    programs = {name: _measured(each) for name, each in found.pop("programs").items()}
    return Result(**found, programs=programs)


def _measured(found: dict[str, Any]) -> Measured:
    counts = Counts(**found["counts"]) if found["counts"] else None
    return Measured([Run(**run) for run in found["runs"]], counts)
