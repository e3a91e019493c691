"""Upgrades filled databases, downgrades them again, and compares schema and rows with before.

usage: back_and_forth.py PROGRAM [--all] [--pairs [N]] [--seed N] [--server URL ...]

PROGRAM is mlflow-migrate. A state before 75868b020152 goes to b7e2c1a4d9f3 and back, a state after
dc11669786a5 to the head and back. Neither may lose anything, so `--discard` is not given. Prints
`passed OLDER NEWER` for each; --all takes every state, not a few, and --pairs every newer state as
well, or N of them that the seed chooses. The databases are files, or, with --server, on these
servers, where fewer states are taken.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import schema_dump
from alembic_chain import states
from databases import OWN_PREFIX, Database, Server, engine_of, text_of
from make_state import make_states
from row_sources import Row, open_rows

_FIRST = "90e64c465722"
"""No downgrade leads beyond it, where runs have users."""
_FIRST_OF_MYSQL = "181f10493468"
"""No downgrade leads beyond it, where a FLOAT has fewer digits than the metrics."""
_BEFORE = "b7e2c1a4d9f3"
_AFTER = "dc11669786a5"
_SOME = (
    "89d4b8295536",
    "c48cb773bb87",
    "6953534de441",
    "d3e4f5a6b7c8",
    "da6fb0208061",
    "e7d1f4b2a9c6",
    "8b6ad64cb8f5",
)
_SOME_OF_SERVERS = ("c48cb773bb87", "d3e4f5a6b7c8")

Contents = dict[str, tuple[list[str], Counter[Row]]]
"""Of each table the columns, and the rows."""


def _contents(database: Database, before: Contents | None = None) -> Contents:
    """Reads a database, the columns of known tables in the order of `before`."""
    with closing(open_rows(database)) as source:
        contents: Contents = {}
        for table in sorted(source.tables()):
            columns = source.columns(table)
            known = before.get(table) if before else None
            if known and set(known[0]) == set(columns):
                columns = known[0]
            contents[table] = (columns, source.rows(table, columns))
        return contents


def _schema(database: Database) -> dict[str, object]:
    engine = engine_of(database)
    try:
        schema: dict[str, object] = schema_dump.dump(engine)
        return schema
    finally:
        engine.dispose()


def _ways(
    first: str, some: Sequence[str] | None, pairs: int | None, seed: int
) -> Iterator[tuple[str, list[str]]]:
    """Each older state, or some, with the newer ones from which a downgrade leads to it."""
    order = states()
    chance = random.Random(seed)
    for start, end in ((first, _BEFORE), (_AFTER, order[-1])):
        reach = order[order.index(start) : order.index(end) + 1]
        for place, older in enumerate(reach[:-1]):
            if some is None or older in {start, *some}:
                newers = [end] if pairs is None else reach[place + 1 :]
                count = min(pairs or len(newers), len(newers))
                chosen = set(chance.sample(newers, count))
                yield older, [newer for newer in newers if newer in chosen]


def _run(program: Path, command: str, database: Database, to: str) -> None:
    named = database if isinstance(database, Path) else text_of(database)
    words = [program, command, named, "--to", to, "--quiet"]
    # What an upgrade would refuse is not what this is about.
    words += ["--skip-invalid"] if command == "upgrade" else []
    done = subprocess.run(
        [str(word) for word in words], check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} --to {to}: {done.returncode}\n{done.stdout}{done.stderr}")


def _there_and_back(
    program: Path, database: Database, older: str, newers: list[str], seed: int
) -> Iterator[str]:
    """Takes a filled database to each newer state and back, and names each pair that passed."""
    make_states({older: database}, seed=seed)
    contents, schema = _contents(database), _schema(database)
    for newer in newers:
        _run(program, "upgrade", database, newer)
        _run(program, "downgrade", database, older)
        after = _contents(database, contents)
        different = [
            table for table in sorted(contents | after) if contents.get(table) != after.get(table)
        ]
        lines = schema_dump.diff(schema, _schema(database))
        if different or lines:
            told = "\n".join(lines)
            raise AssertionError(f"{older} {newer}: rows of {different} differ\n{told}")
        yield f"{older} {newer}"


@contextmanager
def _database(server: Server | None, older: str) -> Iterator[Database]:
    if server is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder) / f"{older}.db"
        return
    name = f"{OWN_PREFIX}back_{os.getpid()}"
    try:
        yield server.url(name)
    finally:
        server.drop(name)


def main() -> None:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--pairs", type=int, nargs="?", const=0, metavar="N")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--server", action="append", default=[], metavar="URL")
    arguments = parser.parse_args()
    servers = [Server(url) for url in arguments.server] or [None]
    failed = False
    for server in servers:
        is_mysql = server is not None and not server.is_postgres
        first = _FIRST_OF_MYSQL if is_mysql else _FIRST
        some = None if arguments.all else (_SOME_OF_SERVERS if server else _SOME)
        for older, newers in _ways(first, some, arguments.pairs, arguments.seed):
            with _database(server, older) as database:
                try:
                    for pair in _there_and_back(
                        arguments.program.resolve(), database, older, newers, arguments.seed
                    ):
                        print(f"passed {pair}", flush=True)
                except (AssertionError, RuntimeError) as error:
                    print(f"FAILED {older}: {error}", flush=True)
                    failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
