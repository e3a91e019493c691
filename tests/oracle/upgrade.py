"""Upgrades databases by MLflow's own chain, all in one process.

usage: upgrade.py DATABASE[=REVISION] ...     without a REVISION: to the head

DATABASE is the path of a SQLite file or the URL of a database on a server. Prints a line for each:
`ok`, or the first line of the error. Exit status 1 if any failed.
"""

from __future__ import annotations

import sys

from alembic_chain import states, upgrade
from databases import sqlite_path


def main(arguments: list[str]) -> int:
    """Upgrades each database, also those after one that fails."""
    if not arguments:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    known = {*states(), "head", "heads"}
    failed = False
    for argument in arguments:
        database, _, revision = argument.rpartition("=")
        # The parameters of a URL have an `=` too.
        if not database or ("://" in database and revision not in known):
            database, revision = argument, ""
        try:
            path = sqlite_path(database)
            if path is not None and not path.is_file():
                raise FileNotFoundError(f"no database at {path}")
            upgrade(database, revision or "heads")
            print("ok", flush=True)
        except Exception as error:  # Whatever a migration raises is this program's output.
            failed = True
            print(_first_line(error), flush=True)
    return int(failed)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
