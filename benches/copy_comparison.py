"""Copies the same data by several programs in turn, each into a database that is new."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import copy_programs
import data_file_store
from comparison import fill
from copy_programs import EXPORT_IMPORT, MIGRATE_FILESTORE, PGLOADER, Job, MissingProgramError
from oracle import OWN_PREFIX, Server, text_of
from results import OWN, Run
from servers import PrivateServer, Purpose
from timed_cases import TRACES, DataSet

FILE_STORE = "file-store"
OLD_REFERENCE = "reference-1.2"
CASES = ("reference", OLD_REFERENCE, "fivefold", "traces", FILE_STORE)
"""What is copied; `reference-1.2` is at the revision of MLflow 1.2, the others at the newest."""
WAYS = (
    "sqlite-postgres",
    "sqlite-mysql",
    "sqlite-mariadb",
    "postgres-sqlite",
    "mysql-postgres",
)
"""From where, and to where; a file store goes to SQLite alone."""
_BEFORE_LATEST_METRICS = "7ac759974ad8"
_BEFORE_TRACE_ANALYTICS = "b7e2c1a4d9f3"
_SOURCE = f"{OWN_PREFIX}copy_source"
_DESTINATION = f"{OWN_PREFIX}copy_destination"
# What MLflow's server would have written beside the rows of the data set, and needs of each run.
_AS_LOGGED = (
    "UPDATE experiments SET artifact_location = 'mlflow-artifacts:/' || experiment_id",
    "UPDATE runs SET name = 'run', user_id = 'trainer', start_time = 1560000000000,"
    " end_time = 1560000100000, source_name = '', entry_point_name = '', source_version = '',"
    " artifact_uri = 'mlflow-artifacts:/' || experiment_id || '/' || run_uuid || '/artifacts'",
)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to measure, and how much data."""

    binary: Path
    ways: Sequence[str]
    programs: Sequence[str]
    entries: int
    traces: int
    runs: int
    lines: int
    repeat: int
    limit: float
    settle: float


@dataclasses.dataclass
class Compared:
    """The runs of one program on one way, and what was found in its copies."""

    case: str
    way: str
    program: str
    rows: int = 0
    runs: list[Run] = dataclasses.field(default_factory=list)
    found: str = ""

    @property
    def median(self) -> float | None:
        """Seconds; None without runs, or if one did not come to its end."""
        if not self.runs or any(run.outcome != "ok" for run in self.runs):
            return None
        return statistics.median(run.seconds for run in self.runs)


class Stage:
    """The servers, which are started when they are needed first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: dict[str, tuple[PrivateServer, Server]] = {}

    def server(self, name: str) -> Server:
        """The running server with this name, durable as an operator's."""
        if name not in self._started:
            private = PrivateServer(name, self.folder / name)
            self._started[name] = (private, private.start(Purpose.TIME))
        return self._started[name][1]

    @contextlib.contextmanager
    def empty(self, name: str) -> Iterator[sa.URL]:
        """An empty database, dropped afterwards."""
        if name == "sqlite":
            path = self.folder / "destination.db"
            try:
                yield sa.URL.create("sqlite", database=str(path))
            finally:
                for leftover in self.folder.glob(f"{path.name}*"):
                    leftover.unlink()
            return
        server = self.server(name)
        url = server.create(_DESTINATION)
        try:
            yield url
        finally:
            server.drop(_DESTINATION)

    def close(self) -> None:
        """Ends the servers."""
        for private, _ in self._started.values():
            private.stop()


class Copying:
    """All cases of one invocation."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        # A build that replaces the program meanwhile is not to be measured by halves.
        self._binary = Path(shutil.copy2(settings.binary, folder / "mlflow-migrate"))
        self._stage = Stage(folder)

    def results(self, cases: Sequence[str]) -> Iterator[list[Compared]]:
        """Measures every case; the programs of one way together, when they are known."""
        with contextlib.closing(self._stage):
            for case in cases:
                yield from self._case(case)

    def _case(self, case: str) -> Iterator[list[Compared]]:
        if case == FILE_STORE:
            store = self._folder / "store"
            data_file_store.write(store, self._settings.runs, self._settings.lines)
            yield self._compare(case, "files-sqlite", store, [OWN, MIGRATE_FILESTORE])
            return
        original = self._original(case)
        for way in self._settings.ways:
            begin, end = way.split("-")
            programs = [OWN]
            if way == "sqlite-postgres":
                programs += [PGLOADER] if case != "fivefold" else []
                programs += [EXPORT_IMPORT] if case == "reference" else []
            source = original if begin == "sqlite" else self._placed(begin, original)
            yield self._compare(case, way, source, programs, ends=end)

    def _original(self, case: str) -> sa.URL:
        """The data set, in a file that MLflow could have left."""
        path = self._folder / f"{case}.db"
        if case == "traces":
            data = DataSet(TRACES, _BEFORE_TRACE_ANALYTICS, self._settings.traces)
        else:
            times = 5 if case == "fivefold" else 1
            data = DataSet("reference", _BEFORE_LATEST_METRICS, times * self._settings.entries)
        self._say(f"making {data.size:,} of {data.shape}")
        fill(data, path)
        if case != OLD_REFERENCE:
            self._own("upgrade", str(path))
        with contextlib.closing(sqlite3.connect(path)) as connection:
            for statement in _AS_LOGGED:
                connection.execute(statement)
            connection.commit()
        return sa.URL.create("sqlite", database=str(path))

    def _placed(self, server: str, original: sa.URL) -> sa.URL:
        """The same rows on a server, which the next way reads."""
        url = self._stage.server(server).create(_SOURCE)
        self._own("copy", text_of(original), text_of(url))
        return url

    def _compare(
        self,
        case: str,
        way: str,
        source: sa.URL | Path,
        programs: list[str],
        ends: str = "sqlite",
    ) -> list[Compared]:
        wanted = [program for program in programs if program in self._settings.programs]
        compared = {program: Compared(case, way, program) for program in wanted}
        for turn in range(self._settings.repeat):
            for program, result in compared.items():
                # It takes minutes: one run.
                if turn and program == EXPORT_IMPORT:
                    continue
                limit, has_long_rows = self._settings.limit, case == "traces"
                with self._stage.empty(ends) as destination:
                    job = Job(source, destination, self._folder, limit, has_long_rows)
                    self._time(result, job)
        return list(compared.values())

    def _time(self, result: Compared, job: Job) -> None:
        # What was written before is written back now, and not while this is timed.
        os.sync()
        time.sleep(self._settings.settle)
        try:
            run = copy_programs.run(result.program, self._binary, job)
        except MissingProgramError as missing:
            result.found = str(missing)
            return
        result.runs.append(run)
        self._say(
            f"{result.case} {result.way}: {result.program} {run.seconds:.2f} s,"
            f" {run.peak_kib // 1024} MiB, {run.outcome} {run.message[-300:]}"
        )
        if run.outcome == "ok":
            result.rows, result.found = self._judged(job)

    def _judged(self, job: Job) -> tuple[int, str]:
        """The number of rows, and what `--verify-only` and `check` say of the copy."""
        schema = self._json("check", text_of(job.destination))
        drift = schema["drift"]
        differs = f"{len(drift)} faults in the schema" if drift else "schema equal"
        compared = self._json(*copy_programs.own(self._binary, job, "--verify-only")[1:])
        tables = compared["compared_tables"]
        unequal = [
            each["table"] for each in tables if each["source_digest"] != each["destination_digest"]
        ]
        told = f"rows differ in {', '.join(unequal)}" if unequal else "rows equal"
        return sum(each["source_row_count"] for each in tables), f"{told}; {differs}"

    def _own(self, *arguments: str) -> None:
        subprocess.run([self._binary, *arguments, "--quiet"], check=True, capture_output=True)

    def _json(self, *arguments: str) -> dict[str, Any]:
        """What a command prints at its end; its exit code says the same."""
        said = subprocess.run([self._binary, *arguments, "--json"], capture_output=True, text=True)
        return dict(json.loads(said.stdout.splitlines()[-1]))

    def _say(self, what: str) -> None:
        print(what.strip(), file=sys.stderr, flush=True)

