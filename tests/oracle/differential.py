"""Upgrades the same filled databases by MLflow and by mlflow-migrate, and compares the results.

usage: differential.py --binary PATH --work DIR [--states N|all] [--seed N]

A case is a state and the revision to go to. It passes if both programs end at the same schema and
the same rows, and SQLite finds the file sound. What MLflow makes is kept in DIR for the next time;
of what the binary makes, only the files of failed cases. Exit status 1 if a case failed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

import alembic_chain
import schema_dump
from data_dump import diff_data
from make_state import make_states

_HEAD = "head"
_SHOWN_LINES = 12
_TIMEOUT_SECONDS = 600

# The states at which a data migration, a rebuild or a rename is still to come, and those after it.
_STATES = (
    "base",
    "451aebb31d03",
    "181f10493468",
    "7ac759974ad8",
    "89d4b8295536",
    "a8c4a736bde6",
    "c48cb773bb87",
    "2d6e25af4d3e",
    "770bee3ae1dd",
    "1bd49d398cd23",
    "c8d9e0f1a2b3",
    "1b5f0d9ad7c1",
    "b7e2c1a4d9f3",
    "75868b020152",
    "e7d1f4b2a9c6",
    "8b6ad64cb8f5",
)
# Before this revision `mlflow db prepopulate-trace-analytics` may have added and filled its columns.
_PREPOPULATED = "b7e2c1a4d9f3-prepopulated"
_PARTIAL = (
    (_PREPOPULATED, "75868b020152"),
    (_PREPOPULATED, _HEAD),
    ("base", "451aebb31d03"),
    ("base", "89d4b8295536"),
    ("base", "c48cb773bb87"),
    ("451aebb31d03", "90e64c465722"),
    ("7ac759974ad8", "1b5f0d9ad7c1"),
    ("2d6e25af4d3e", "b7e2c1a4d9f3"),
    ("1bd49d398cd23", "5d2d30f0abce"),
    ("c8d9e0f1a2b3", "75868b020152"),
    ("b7e2c1a4d9f3", "8b6ad64cb8f5"),
)


@dataclass(frozen=True)
class Case:
    """An upgrade that both programs have to do."""

    start: str
    target: str

    def __str__(self) -> str:
        return f"{self.start}--{self.target}"


class Oracle:
    """The databases that MLflow makes, kept under a name that tells how they were made."""

    def __init__(self, work: Path, seed: int) -> None:
        self._directory = work / f"mlflow-seed{seed}-{_fingerprint()}"
        self._seed = seed
        for old in work.glob(f"mlflow-seed{seed}-*"):
            if old != self._directory:
                shutil.rmtree(old)

    def prepare(self, starts: set[str]) -> None:
        """Makes the filled states that are not there yet."""
        missing = {state: path for state in starts if not (path := self.start(state)).exists()}
        prepopulated = missing.pop(_PREPOPULATED, None)
        if prepopulated:
            fresh = prepopulated.with_suffix(".new")
            make_states({_PREPOPULATED.partition("-")[0]: fresh}, seed=self._seed)
            alembic_chain.prepopulate(fresh)
            fresh.rename(prepopulated)
        if missing:
            fresh_states = {state: path.with_suffix(".new") for state, path in missing.items()}
            make_states(fresh_states, seed=self._seed)
            for state, path in missing.items():
                fresh_states[state].rename(path)

    def start(self, state: str) -> Path:
        """The filled database from which both programs start."""
        return self._directory / "start" / f"{state}.db"

    def upgraded(self, case: Case) -> Path:
        """What MLflow makes of it."""
        path = self._directory / "upgraded" / f"{case}.db"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            shutil.copyfile(self.start(case.start), fresh)
            alembic_chain.upgrade(fresh, "heads" if case.target == _HEAD else case.target)
            fresh.rename(path)
        return path


def _fingerprint() -> str:
    """Of the code that makes the databases: those that other code has made are not used again."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    made_by = [here / name for name in ("alembic_chain.py", "make_state.py", "requirements.txt")]
    for path in sorted([*made_by, *here.glob("fill/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _cases(states: str) -> list[Case]:
    """The cases for `--states`: `all`, or how many at least."""
    order = alembic_chain.states()
    if states == "all":
        chosen = set(order)
    else:
        chosen = set(_STATES)
        rest = [state for state in order if state not in chosen]
        wanted = min(max(int(states) - len(chosen), 0), len(rest))
        chosen |= {rest[place * len(rest) // wanted] for place in range(wanted)}
    to_head = [Case(state, _HEAD) for state in order if state in chosen]
    return to_head + [Case(start, target) for start, target in _PARTIAL]


def _run_binary(binary: Path, path: Path, case: Case) -> list[str]:
    """Runs the upgrade; lines that tell how it failed, if it did."""
    command = [str(binary), "upgrade", str(path)]
    if case.target != _HEAD:
        command += ["--to", case.target]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return [f"no end after {_TIMEOUT_SECONDS} s"]
    if done.returncode == 0:
        return []
    return [f"exit status {done.returncode}", *(done.stderr or done.stdout).splitlines()]


def _compare(expected: Path, found: Path) -> Iterator[str]:
    """Lines that tell where the binary's database is not MLflow's."""
    with closing(sqlite3.connect(found)) as connection:
        for pragma, sound in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            rows = connection.execute(f"PRAGMA {pragma}").fetchall()
            if rows != sound:
                yield from (f"{pragma}: {row}" for row in rows)
    for line in schema_dump.diff(_schema(expected), _schema(found)):
        yield f"schema{line}"
    for line in diff_data(expected, found):
        yield f"data: {line}"


def _schema(path: Path) -> dict[str, object]:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    try:
        schema: dict[str, object] = schema_dump.dump(engine)
        return schema
    finally:
        engine.dispose()


def _run_case(oracle: Oracle, binary: Path, directory: Path, case: Case) -> list[str]:
    expected = oracle.upgraded(case)
    found = directory / f"{case}.db"
    shutil.copyfile(oracle.start(case.start), found)
    lines = _run_binary(binary, found, case) or list(_compare(expected, found))
    if not lines:
        found.unlink()
    return lines


def main() -> int:
    """Runs every case, and reports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--states", default=str(len(_STATES)))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.states != "all" and not arguments.states.isdecimal():
        parser.error("--states takes a number or `all`")
    binary = arguments.binary.resolve()
    if not os.access(binary, os.X_OK):
        parser.error(f"{binary} is not a program")

    cases = _cases(arguments.states)
    oracle = Oracle(arguments.work, arguments.seed)
    oracle.prepare({case.start for case in cases})
    directory = arguments.work / "upgraded"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    failed = 0
    for case in cases:
        lines = _run_case(oracle, binary, directory, case)
        failed += bool(lines)
        print(f"{'FAILED' if lines else 'passed'} {case.start} -> {case.target}", flush=True)
        for line in lines[:_SHOWN_LINES]:
            print(f"    {line}")
        if len(lines) > _SHOWN_LINES:
            print(f"    and {len(lines) - _SHOWN_LINES} lines more")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
