"""Upgrades filled SQLite databases, downgrades them again, and compares every row with before.

usage: back_and_forth.py PROGRAM [--all]

PROGRAM is mlflow-migrate. A state before 75868b020152 goes to b7e2c1a4d9f3 and back, a state after
dc11669786a5 to the head and back. Neither may lose anything, so `--discard` is not given. Prints
`passed REVISION` for each; --all takes every state, not a few.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from alembic_chain import states
from make_state import make_states

_SEED = 11
_FIRST = "90e64c465722"
"""No downgrade leads beyond it, where runs have users."""
_BEFORE = "b7e2c1a4d9f3"
_AFTER = "dc11669786a5"
_SOME = [_FIRST, "89d4b8295536", "c48cb773bb87", "6953534de441", "d3e4f5a6b7c8", "da6fb0208061"]


def _rows(database: Path) -> dict[str, list[str]]:
    connection = sqlite3.connect(database)
    connection.text_factory = bytes
    named = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    tables = [name.decode() for (name,) in named]
    rows = {
        table: sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"')))
        for table in tables
    }
    connection.close()
    return rows


def _ways(is_all: bool) -> dict[str, str]:
    """The newer revision of each state."""
    order = states()
    before = order[order.index(_FIRST) : order.index(_BEFORE)]
    after = order[order.index(_AFTER) : -1]
    chosen = before if is_all else _SOME
    return dict.fromkeys(chosen, _BEFORE) | dict.fromkeys(after, order[-1])


def main() -> None:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    ways = _ways(arguments.all)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_states({state: folder / f"{state}.db" for state in ways}, seed=_SEED)
        for state, newer in ways.items():
            original, database = folder / f"{state}.db", folder / "there_and_back.db"
            shutil.copy(original, database)
            for command, to in [("upgrade", newer), ("downgrade", state)]:
                options = ["--skip-invalid"] if command == "upgrade" else []
                words = [arguments.program, command, database, "--to", to, "--quiet", *options]
                subprocess.run([str(word) for word in words], check=True, capture_output=True)
            before, after = _rows(original), _rows(database)
            different = [table for table in before | after if before.get(table) != after.get(table)]
            if different:
                raise AssertionError(f"{state}: {', '.join(different)} differ")
            print(f"passed {state}")


if __name__ == "__main__":
    main()
