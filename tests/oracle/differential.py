"""Upgrades the same filled databases by MLflow and by mlflow-migrate, and compares the results.

usage: differential.py --binary PATH --work DIR [--all] [--seed N]
       differential.py --binary PATH --server URL [--all | --from STATE,STATE] [--seed N]
                       [--charset NAME] [--keep]

A case is a state and the revision to go to: with --all the last one from every state, otherwise
from some, on a server with --from from those. It passes if both programs end at the same schema and the same rows. Exit status 1 if a
case failed.

With --work on SQLite files, which SQLite must find sound besides. What MLflow makes is kept in DIR
for the next time; of what the binary makes, only the files of failed cases.

With --server on databases of their own, by the URL of a superuser; they are dropped again, but for
those of failed cases with --keep. On MySQL, --charset is the character set of the binary's
database, and rows are limited to its characters; MLflow gets utf8mb4, without which its chain does
not end.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

import alembic_chain
import schema_dump
from cases import HEAD, PREPOPULATED, Case, Outcome, run_binary, sqlite_cases
from data_dump import diff_data
from make_state import make_states
from server_differential import run_on_server

_SHOWN_LINES = 12


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
        prepopulated = missing.pop(PREPOPULATED, None)
        if prepopulated:
            fresh = prepopulated.with_suffix(".new")
            make_states({PREPOPULATED.partition("-")[0]: fresh}, seed=self._seed)
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
            alembic_chain.upgrade(fresh, "heads" if case.target == HEAD else case.target)
            fresh.rename(path)
        return path


def _fingerprint() -> str:
    """Of the code that makes the databases: those that other code has made are not used again."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    names = ("alembic_chain.py", "databases.py", "make_state.py", "requirements.txt")
    made_by = [here / name for name in names]
    for path in sorted([*made_by, *here.glob("fill/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


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
    lines = run_binary(binary, str(found), case) or list(_compare(expected, found))
    if not lines:
        found.unlink()
    return lines


def run_on_files(work: Path, binary: Path, seed: int, *, is_all: bool) -> Iterator[Outcome]:
    """Runs every case of SQLite."""
    cases = sqlite_cases(is_all=is_all)
    oracle = Oracle(work, seed)
    oracle.prepare({case.start for case in cases})
    directory = work / "upgraded"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for case in cases:
        yield case, _run_case(oracle, binary, directory, case)


def _report(outcomes: Iterator[Outcome]) -> int:
    """Prints how each case ended, and returns how many failed."""
    passed = failed = 0
    for case, lines in outcomes:
        passed += not lines
        failed += bool(lines)
        print(f"{'FAILED' if lines else 'passed'} {case.start} -> {case.target}", flush=True)
        for line in lines[:_SHOWN_LINES]:
            print(f"    {line}")
        if len(lines) > _SHOWN_LINES:
            print(f"    and {len(lines) - _SHOWN_LINES} lines more")
    print(f"{passed} passed, {failed} failed")
    return failed


def main() -> int:
    """Runs every case, and reports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", type=Path, required=True)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--work", type=Path)
    place.add_argument("--server", metavar="URL")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--from", dest="starts", metavar="STATES", type=lambda it: it.split(","))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--charset")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    binary = arguments.binary.resolve()
    if not os.access(binary, os.X_OK):
        parser.error(f"{binary} is not a program")

    if arguments.server is None:
        outcomes = run_on_files(arguments.work, binary, arguments.seed, is_all=arguments.all)
    else:
        outcomes = run_on_server(
            arguments.server,
            binary,
            arguments.seed,
            is_all=arguments.all,
            starts=arguments.starts,
            charset=arguments.charset,
            keep=arguments.keep,
        )
    return int(bool(_report(outcomes)))


if __name__ == "__main__":
    sys.exit(main())
