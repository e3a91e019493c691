"""Upgrades SQLite databases by MLflow's own chain, all in one process.

usage: upgrade.py PATH[=REVISION] ...     without a REVISION: to the head

Prints a line for each: `ok`, or the first line of the error. Exit status 1 if any failed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic_chain import upgrade


def main(arguments: list[str]) -> int:
    """Upgrades each database, also those after one that fails."""
    if not arguments:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    failed = False
    for argument in arguments:
        path, _, revision = argument.partition("=")
        try:
            if not Path(path).is_file():
                raise FileNotFoundError(f"no database at {path}")
            upgrade(Path(path), revision or "heads")
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
