"""Runs both programs on one kind of database: every case, in turn, each run on a fresh copy."""

from __future__ import annotations

import dataclasses
import functools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

import data_metrics
import data_traces
import measure
from copies import Copies
from counting import counting
from load import Loader
from oracle import Database, engine_of, make_states, states
from programs import command
from results import Measured, Result, Run
from servers import Purpose
from timed_cases import EMPTY, TRACES, Case, DataSet


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to measure; the same for all servers."""

    binary: Path
    programs: Sequence[str]
    repeat: int
    limit: float
    settle: float
    stale: bool
    counts: bool


class Comparison:
    """Of both programs, on one kind of database."""

    def __init__(self, server: str, copies: Copies, settings: Settings) -> None:
        self._server = server
        self._copies = copies
        self._settings = settings
        order = states()
        newest = order[-1] if copies.newest == "head" else copies.newest
        self._possible = order[: order.index(newest) + 1]

    def results(self, cases: Sequence[Case]) -> Iterator[Result]:
        """Runs the cases; the data of those that have the same are made once."""
        for data in dict.fromkeys(case.data for case in cases):
            group = [case for case in cases if case.data == data]
            if data.shape != EMPTY and data.state not in self._possible:
                yield from (self._omitted(case) for case in group)
                continue
            self._say(f"making {data.size:,} of {data.shape} at {data.state or 'nothing'}")
            self._copies.prepare(functools.partial(fill, data), stale=self._settings.stale)
            yield from (self._measure(case) for case in group)

    def _omitted(self, case: Case) -> Result:
        result = self._result(case, case.target)
        result.omitted = f"not possible here: nothing newer than {self._possible[-1]}"
        return result

    def _measure(self, case: Case) -> Result:
        target = self._possible[-1] if case.target == "head" else case.target
        result = self._result(case, target)
        result.programs = {program: Measured() for program in self._settings.programs}
        for _ in range(self._settings.repeat):
            for program, measured in result.programs.items():
                # What took too long, or failed, would do so again.
                if not measured.trouble:
                    measured.runs.append(self._time(program, case, target))
        for program, measured in result.programs.items():
            if self._settings.counts and self._copies.can_count and not measured.trouble:
                self._count(program, case, target, measured)
        return result

    def _result(self, case: Case, target: str) -> Result:
        version = self._copies.version
        return Result(self._server, version, case.name, case.data.rows, case.data.state, target)

    def _time(self, program: str, case: Case, target: str) -> Run:
        with self._copies.copy(Purpose.TIME) as url:
            # What was written before is written back now, and not while this is timed.
            os.sync()
            time.sleep(self._settings.settle)
            run = self._run(program, url, case, target)
            if run.outcome == "ok" and (found := _revision(url)) != target:
                run = dataclasses.replace(run, outcome="failed", message=f"ends at {found}")
        self._say(f"{case.name}: {program} {run.seconds:.2f} s, {run.outcome} {run.message}")
        return run

    def _count(self, program: str, case: Case, target: str, measured: Measured) -> None:
        with self._copies.copy(Purpose.COUNT) as url, counting(url) as counter:
            run = self._run(program, counter.url, case, target)
        if run.outcome == "ok":
            measured.counts = counter.counts
        self._say(f"{case.name}: {program} counted, {run.outcome} {run.message}")

    def _run(self, program: str, url: sa.URL, case: Case, target: str) -> Run:
        arguments = command(program, self._settings.binary, url, case.data, target)
        return measure.run(arguments, self._settings.limit)

    def _say(self, what: str) -> None:
        print(f"{self._server}: {what.strip()}", file=sys.stderr, flush=True)


def fill(data: DataSet, database: Database) -> None:
    """Makes the data set; the database of a server is there already, and empty."""
    if data.shape == EMPTY:
        return
    make_states({data.state: database})
    (data_traces if data.shape == TRACES else data_metrics).fill(Loader(database), data)


def _revision(database: sa.URL) -> str:
    with engine_of(database).connect() as connection:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
