"""The upgrades that `differential.py` has both programs do."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import alembic_chain

HEAD = "head"
_TIMEOUT_SECONDS = 600

# The states at which a data migration, a rebuild or a rename is still to come, and those after it.
_SQLITE_STATES = (
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
# Before the next revision `mlflow db prepopulate-trace-analytics` may have filled its columns.
PREPOPULATED = "b7e2c1a4d9f3-prepopulated"
_SQLITE_PARTIAL = (
    (PREPOPULATED, "75868b020152"),
    (PREPOPULATED, HEAD),
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


# Those that a server is tried with by default, on which a case takes seconds.
_SERVER_STATES = (
    "base",
    "7ac759974ad8",
    "89d4b8295536",
    "c48cb773bb87",
    "770bee3ae1dd",
    "1bd49d398cd23",
    "c8d9e0f1a2b3",
    "b7e2c1a4d9f3",
    "75868b020152",
    "8b6ad64cb8f5",
)
_SERVER_PARTIAL = (
    (PREPOPULATED, HEAD),
    ("base", "89d4b8295536"),
    ("7ac759974ad8", "1b5f0d9ad7c1"),
)
# The last revision before generated columns, which MySQL 5.6 does not have.
_LAST_OF_MYSQL_56 = "770bee3ae1dd"
_MYSQL_56_STATES = (
    "base",
    "451aebb31d03",
    "181f10493468",
    "df50e92ffc5e",
    "7ac759974ad8",
    "89d4b8295536",
    "a8c4a736bde6",
    "c48cb773bb87",
    "2d6e25af4d3e",
    "f5a4f2784254",
)
_MYSQL_56_PARTIAL = (
    ("base", "451aebb31d03"),
    ("base", "89d4b8295536"),
    ("7ac759974ad8", "c48cb773bb87"),
)


@dataclass(frozen=True)
class Case:
    """An upgrade that both programs have to do."""

    start: str
    target: str

    def __str__(self) -> str:
        return f"{self.start}--{self.target}"

    @property
    def state(self) -> str:
        """The revision at which the database starts."""
        return self.start.partition("-")[0]

    @property
    def is_prepopulated(self) -> bool:
        """Whether `mlflow db prepopulate-trace-analytics` is to have run."""
        return self.start == PREPOPULATED


Outcome = tuple[Case, list[str]]
"""A case, and the lines that tell how it failed, if it did."""


def sqlite_cases(count: str) -> list[Case]:
    """The cases of SQLite for `--states`: `all`, or how many at least."""
    return _cases(alembic_chain.states(), _SQLITE_STATES, count, HEAD, _SQLITE_PARTIAL)


def server_cases(count: str, *, has_generated_columns: bool) -> list[Case]:
    """The cases of a server for `--states`: `all`, or how many at least."""
    order = alembic_chain.states()
    if has_generated_columns:
        return _cases(order, _SERVER_STATES, count, HEAD, _SERVER_PARTIAL)
    order = order[: order.index(_LAST_OF_MYSQL_56)]
    return _cases(order, _MYSQL_56_STATES, count, _LAST_OF_MYSQL_56, _MYSQL_56_PARTIAL)


def _cases(
    order: list[str],
    preferred: Sequence[str],
    count: str,
    target: str,
    partial: Sequence[tuple[str, str]],
) -> list[Case]:
    if count == "all":
        chosen = set(order)
    else:
        chosen = set(preferred)
        rest = [state for state in order if state not in chosen]
        wanted = min(max(int(count) - len(chosen), 0), len(rest))
        chosen |= {rest[place * len(rest) // wanted] for place in range(wanted)}
    to_target = [Case(state, target) for state in order if state in chosen]
    return to_target + [Case(start, end) for start, end in partial]


def run_binary(binary: Path, database: str, case: Case) -> list[str]:
    """Runs the upgrade of a path or URL; lines that tell how it failed, if it did."""
    command = [str(binary), "upgrade", database]
    if case.target != HEAD:
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
