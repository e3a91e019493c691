"""Runs MLflow's own chain, and lets its connection fail after so many statements.

usage: partial_runs.py

Reads lines `DATABASE REVISION COUNT` from stdin: upgrades the database to the revision, and cuts the
connection before statement COUNT + 1 that could change something. Answers each line with `stopped`,
`finished` (there were no more statements than that), or `failed: ` and the first line of the error.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from alembic_chain import upgrade

_READS = re.compile(r"\s*(SELECT|SHOW|DESCRIBE|DESC|SET|ROLLBACK|COMMIT)\b", re.IGNORECASE)


class _Cut(Exception):
    """The connection has been cut."""


class _Countdown:
    """Cuts a connection when it has had enough."""

    def __init__(self) -> None:
        self.left = 0
        self.is_over = False

    def before(self, connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        """Counts a statement, or cuts the connection instead."""
        if _READS.match(statement):
            return
        if self.left == 0:
            self.is_over = True
            # As if the line were cut: nothing is said to the server, which takes back what is open.
            cursor.connection._force_close()
            raise _Cut
        self.left -= 1


def main() -> int:
    """Answers every line."""
    countdown = _Countdown()
    sa.event.listen(Engine, "before_cursor_execute", countdown.before)
    for line in sys.stdin:
        database, revision, count = line.split()
        countdown.left, countdown.is_over = int(count), False
        print(_answer(database, revision, countdown), flush=True)
    return 0


def _answer(database: str, revision: str, countdown: _Countdown) -> str:
    try:
        upgrade(database, revision)
    except Exception as error:  # Whatever a migration raises once its connection is gone.
        lines = str(error).splitlines() or [type(error).__name__]
        return "stopped" if countdown.is_over else f"failed: {lines[0]}"
    return "stopped" if countdown.is_over else "finished"


if __name__ == "__main__":
    sys.exit(main())
