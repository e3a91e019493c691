"""Measures how long MLflow has to be down for an upgrade, each way on a copy of the same data."""

from __future__ import annotations

import dataclasses
import functools
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

import data_windows
import measure
import row_digests
from copies import Copies
from data_windows import Sizes
from oracle import engine_of, states, text_of
from results import Measured, Run
from row_digests import Digest
from servers import Purpose
from window_stages import Stage, stages
from window_writer import Call, Latency, Writer, latency_of, python_of, writing

RELEASES = {
    "2.9": ("2.9.2", "acf3f17fdcc7"),
    "2.22": ("2.22.0", "0584bdc529eb"),
    "3.1": ("3.1.0", "6953534de441"),
    "3.9": ("3.9.0", "d3e4f5a6b7c8"),
    "3.13": ("3.13.0", "da6fb0208061"),
}
"""The cases: the old MLflow whose client code logs, and the revision that its databases have."""
SERVERS = ("postgres", "mariadb", "mysql")
"""Those that have a head, and on which something is written while something is prepared."""

MLFLOW, UPGRADE, PREPARE = "mlflow", "upgrade", "prepare"
WINDOW, CLEANUP = "window", "cleanup"
COMMANDS = (MLFLOW, UPGRADE, PREPARE, WINDOW, CLEANUP)
"""What is timed: MLflow's upgrade, ours alone, the preparation, our upgrade after it, and what this
has left to a cleanup."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to measure, and how much data; without `writers` nobody logs."""

    binary: Path
    sizes: Sizes
    writers: Path | None
    defers_cleanup: bool
    data: Path | None
    calm: float
    repeat: int
    limit: float
    settle: float


@dataclasses.dataclass
class Phases:
    """The writer's calls before a preparation and during it, all of them and by their names."""

    before: dict[str, Latency]
    during: dict[str, Latency]
    errors_before: list[str]
    errors_during: list[str]


@dataclasses.dataclass
class Result:
    """One case on one server. `faults` says what failed, and what was found to be wrong."""

    server: str
    version: str
    case: str
    state: str
    load_averages: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    rows: dict[str, int] = dataclasses.field(default_factory=dict)
    commands: dict[str, Measured] = dataclasses.field(default_factory=dict)
    phases: list[Phases] = dataclasses.field(default_factory=list)
    stages: list[Stage] = dataclasses.field(default_factory=list)
    faults: list[str] = dataclasses.field(default_factory=list)


class Windows:
    """The cases on one kind of server."""

    def __init__(self, server: str, copies: Copies, folder: Path, settings: Settings) -> None:
        self._server = server
        self._copies = copies
        self._folder = folder
        self._settings = settings

    def results(self, cases: Sequence[str]) -> Iterator[Result]:
        """Measures the cases. What fails is told in the result, and the rest goes on."""
        for case in cases:
            result = Result(self._server, self._copies.version, case, RELEASES[case][1])
            result.commands = {command: Measured() for command in COMMANDS}
            self._measure(result)
            yield result

    def _measure(self, result: Result) -> None:
        sizes = self._settings.sizes
        self._say(f"{result.case}: making {sizes.entries:,} entries at {result.state}")
        fill = functools.partial(data_windows.fill, sizes, result.state)
        stored = self._stored(result.state)
        if not self._tried(
            result, "the data", lambda: self._copies.prepare(fill, stale=False, stored=stored)
        ):
            return
        expected: dict[str, Digest] = {}
        self._tried(result, MLFLOW, lambda: expected.update(self._mlflow(result)))
        result.rows = {table: digest.rows for table, digest in expected.items()}
        for _ in range(self._settings.repeat):
            self._tried(result, UPGRADE, lambda: self._upgrade(result))
            self._tried(result, WINDOW, lambda: self._window(result, expected))

    def _stored(self, state: str) -> Path | None:
        """Where the data are kept for other invocations, if they are."""
        folder, sizes = self._settings.data, self._settings.sizes
        if folder is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        name = (self._server, state, sizes.entries, sizes.params, sizes.traces)
        return folder / "-".join(map(str, name))

    def _mlflow(self, result: Result) -> dict[str, Digest]:
        """MLflow's own upgrade, whose database is kept: the others have to be equal to it."""
        with self._copies.copy(Purpose.TIME) as url:
            self._settle()
            arguments = [sys.executable, "-m", "mlflow", "db", "upgrade", text_of(url)]
            self._timed(result, MLFLOW, arguments, url)
            found = row_digests.digests(url)
            self._copies.keep()
        return found

    def _upgrade(self, result: Result) -> None:
        with self._copies.copy(Purpose.TIME) as url:
            self._settle()
            self._timed(result, UPGRADE, [*self._own("upgrade", url), "--quiet"], url)

    def _window(self, result: Result, expected: dict[str, Digest]) -> None:
        with self._copies.copy(Purpose.TIME) as url:
            self._settle()
            self._prepare(result, url)
            # Whoever upgrades has stopped MLflow, and looked.
            self._settle()
            said, began = self._folder / "upgrade.json", time.time()
            deferring = ["--defer-cleanup"] if self._settings.defers_cleanup else []
            arguments = [*self._own("upgrade", url), "--json", *deferring]
            run = self._timed(result, WINDOW, arguments, url, said)
            result.stages = stages(said, began, began + run.seconds)
            if self._settings.defers_cleanup:
                self._settle()
                self._timed(result, CLEANUP, [*self._own("cleanup", url), "--quiet"], url)
            self._expect(result, "check", url)
            if expected:
                result.faults += row_digests.differences(expected, row_digests.digests(url))
                with self._copies.kept() as mlflow:
                    self._expect(result, "diff", url, mlflow)

    def _prepare(self, result: Result, url: sa.URL) -> None:
        arguments = [*self._own("prepare", url), "--quiet"]
        if self._settings.writers is None:
            self._timed(result, PREPARE, arguments)
            return
        python = python_of(RELEASES[result.case][0], self._settings.writers)
        with writing(python, url, self._folder) as writer:
            time.sleep(self._settings.calm)
            began = time.time()
            try:
                self._timed(result, PREPARE, arguments)
            finally:
                phases = _phases(writer, began, time.time())
                result.phases.append(phases)
        for when, errors in (("before", phases.errors_before), ("during", phases.errors_during)):
            if errors:
                result.faults.append(f"writer {when} prepare: {len(errors)} errors: {errors[0]}")

    def _timed(
        self,
        result: Result,
        command: str,
        arguments: list[str],
        upgraded: sa.URL | None = None,
        said: Path | None = None,
    ) -> Run:
        """Runs a command; raises what went wrong, also if an upgrade does not end at head."""
        run = measure.run(arguments, self._settings.limit, said)
        if run.outcome == "ok" and upgraded and (found := _revision(upgraded)) != states()[-1]:
            run = dataclasses.replace(run, outcome="failed", message=f"ends at {found}")
        result.commands[command].runs.append(run)
        result.load_averages.setdefault(command, []).append(os.getloadavg()[0])
        self._say(f"{result.case}: {command} {run.seconds:.2f} s, {run.outcome}")
        if run.outcome != "ok":
            raise RuntimeError(run.message or run.outcome)
        return run

    def _own(self, command: str, *urls: sa.URL) -> list[str]:
        return [str(self._settings.binary), command, *map(text_of, urls)]

    def _expect(self, result: Result, command: str, *urls: sa.URL) -> None:
        """Notes what `check` or `diff` finds."""
        said = subprocess.run(
            self._own(command, *urls), capture_output=True, text=True, check=False
        )
        if said.returncode:
            found = (said.stdout + said.stderr).strip()
            result.faults.append(f"{command}: exit code {said.returncode}: {found[:2000]}")

    def _settle(self) -> None:
        # What was written before is written back now, and not while this is timed.
        os.sync()
        time.sleep(self._settings.settle)

    def _tried(self, result: Result, what: str, action: Callable[[], None]) -> bool:
        """Does it, and says whether it could: whatever fails is noted, and the rest goes on."""
        try:
            action()
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            result.faults.append(f"{what}: {str(error)[:2000] or type(error).__name__}")
            return False
        return True

    def _say(self, what: str) -> None:
        print(f"{self._server}: {what}", file=sys.stderr, flush=True)


def _phases(writer: Writer, began: float, ended: float) -> Phases:
    calls = writer.calls
    # The first calls open connections, and are slow.
    before = [call for call in calls[1:] if call.began + call.seconds < began]
    during = [call for call in calls if call.began + call.seconds >= began and call.began < ended]
    errors_before, errors_during = (
        [f"{call.name}: {call.error}" for call in part if call.error] for part in (before, during)
    )
    if trouble := writer.trouble:
        errors_during.append(trouble)
    return Phases(_latencies(before), _latencies(during), errors_before, errors_during)


def _latencies(calls: Sequence[Call]) -> dict[str, Latency]:
    names = sorted({call.name for call in calls})
    alone = {name: latency_of([call for call in calls if call.name == name]) for name in names}
    return {"all": latency_of(calls)} | alone


def _revision(database: sa.URL) -> str:
    with engine_of(database).connect() as connection:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
