"""Runs writer.py by an old MLflow beside a measurement, and says how long its calls took."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from oracle import REPOSITORY, text_of

_BENCHES = REPOSITORY / "benches"
_SECONDS_TO_START = 120
_SECONDS_TO_END = 60


@dataclasses.dataclass(frozen=True)
class Latency:
    """What the calls of one phase took, in milliseconds."""

    calls: int
    p50: float
    p99: float
    most: float


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of the tracking store: when, how long, which, and how it failed."""

    began: float
    seconds: float
    name: str
    error: str | None


class Writer:
    """A running writer, and what it has written down."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, said: Path) -> None:
        self._process = process
        self._log = log
        self._said = said

    @property
    def calls(self) -> list[Call]:
        """All calls so far."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [Call(*json.loads(line)) for line in lines]

    @property
    def trouble(self) -> str:
        """Why it does not run any more; empty while it does."""
        return self._said.read_text()[-500:] or "it ended" if self._is_over else ""

    @property
    def _is_over(self) -> bool:
        return self._process.poll() is not None

    def wait_for_calls(self) -> None:
        """Returns when it has begun to log."""
        deadline = time.monotonic() + _SECONDS_TO_START
        while not self.calls:
            if self._is_over or time.monotonic() > deadline:
                raise RuntimeError(f"the writer does not log: {self.trouble}")
            time.sleep(0.1)

    def end(self) -> None:
        """Ends it, after the call that it is in."""
        self._process.terminate()
        try:
            self._process.wait(_SECONDS_TO_END)
        finally:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def writing(python: Path, url: sa.URL, folder: Path) -> Iterator[Writer]:
    """A writer that logs to the database as long as the context lives."""
    log, said = folder / "writer.log", folder / "writer.out"
    log.unlink(missing_ok=True)
    with said.open("wb") as output:
        process = subprocess.Popen(
            [python, _BENCHES / "writer.py", text_of(url), log],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    writer = Writer(process, log, said)
    try:
        writer.wait_for_calls()
        yield writer
    finally:
        writer.end()


def python_of(version: str, folder: Path) -> Path:
    """The Python of the environment with this MLflow, which is made if it is not there."""
    made = subprocess.run(
        [_BENCHES / "old_mlflow.sh", version, folder / version],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Path(made.stdout.splitlines()[-1])


def latency_of(calls: Sequence[Call]) -> Latency:
    """The median, the 99th percentile, and the most."""
    times = sorted(1000 * call.seconds for call in calls)
    if not times:
        return Latency(0, 0.0, 0.0, 0.0)
    p50, p99 = (times[min(len(times) - 1, int(len(times) * part))] for part in (0.5, 0.99))
    return Latency(len(times), p50, p99, times[-1])
