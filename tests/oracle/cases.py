"""The upgrades that `differential.py` has both programs do."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import alembic_chain
from databases import Server

HEAD = "head"
_TIMEOUT_SECONDS = 600

# The states at which a data migration, a rebuild or a rename is still to come, and those after it. From
# every other one of the rest an upgrade goes on for a few revisions only, unless all are asked for.
_FEW_REVISIONS = 8
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


# Those that each server is tried with by default, on which a case takes seconds: before the revisions that
# compute rows. The others are tried on one kind of server each.
_SERVER_STATES = ("7ac759974ad8", "b7e2c1a4d9f3", "75868b020152")
_SERVER_PARTIAL = ((PREPOPULATED, HEAD),)
_POSTGRES_ONLY = (("1bd49d398cd23", HEAD), ("7ac759974ad8", "1b5f0d9ad7c1"))
_MARIADB_ONLY = (("base", HEAD),)
_MYSQL_ONLY = (("c48cb773bb87", HEAD),)
# The last revision before generated columns, which MySQL 5.6 does not have.
_LAST_OF_MYSQL_56 = "770bee3ae1dd"
_MYSQL_56_STATES = (
    "base",
    "181f10493468",
    "7ac759974ad8",
    "a8c4a736bde6",
    "2d6e25af4d3e",
    "f5a4f2784254",
)
_MYSQL_56_PARTIAL = (
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


def sqlite_cases(*, is_all: bool) -> list[Case]:
    """The cases of SQLite: all states to the end, or some of them, and others by a few revisions."""
    order = alembic_chain.states()
    chosen = order if is_all else _SQLITE_STATES
    cases = [Case(state, HEAD) for state in chosen]
    for place, state in enumerate(order):
        if state not in chosen and place % 2 == 0:
            cases.append(Case(state, order[min(place + _FEW_REVISIONS, len(order) - 1)]))
    return cases + [Case(start, end) for start, end in _SQLITE_PARTIAL]


def server_cases(server: Server, *, is_all: bool) -> list[Case]:
    """The cases of a server: from every state or from some."""
    order = alembic_chain.states()
    if server.has_generated_columns:
        own = _MARIADB_ONLY if server.is_mariadb else _MYSQL_ONLY
        own = _POSTGRES_ONLY if server.is_postgres else own
        chosen = None if is_all else _SERVER_STATES
        return _cases(order, chosen, HEAD, _SERVER_PARTIAL + own)
    order = order[: order.index(_LAST_OF_MYSQL_56)]
    return _cases(
        order, None if is_all else _MYSQL_56_STATES, _LAST_OF_MYSQL_56, _MYSQL_56_PARTIAL
    )


def _cases(
    order: Sequence[str],
    chosen: Sequence[str] | None,
    target: str,
    partial: Sequence[tuple[str, str]],
) -> list[Case]:
    to_target = [Case(state, target) for state in chosen or order]
    # With all states chosen, some come twice.
    return list(dict.fromkeys(to_target + [Case(start, end) for start, end in partial]))


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
