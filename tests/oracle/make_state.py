"""Makes databases as MLflow's own chain leaves them at any revision, filled or not.

usage: make_state.py DATABASE REVISION        one (REVISION `base`: that of MLflow 0.9.1)
       make_state.py REVISION=DATABASE ...    several
       make_state.py --all DIR                all 71 of SQLite, as DIR/REVISION.db

DATABASE is the path of a SQLite file, or the URL of a database on a server, whose name has to begin
with `mlflow_migrate_`. What is there is replaced.

--fill SEED puts rows of awkward values into every table that the state has; equal seeds give equal
rows. --nan-tie adds metrics that MLflow's own upgrade does not survive. --charset NAME is that of
the database on a MySQL server (default: utf8mb4, before 5.7 latin1).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from alembic_chain import BASE, create_base, states, upgrade
from databases import Database, server_of, sqlite_path, url_of
from fill import fill


def make_states(
    wanted: Mapping[str, Database],
    *,
    seed: int | None = None,
    nan_tie: bool = False,
    charset: str | None = None,
) -> None:
    """Makes a database at each wanted revision, replacing what is there."""
    order = states()
    unknown = set(wanted) - set(order)
    if unknown:
        raise ValueError(f"MLflow has no revision {', '.join(sorted(unknown))}")
    files = {}
    for revision, database in wanted.items():
        path = sqlite_path(database)
        if path is None:
            _make_on_server(database, revision, charset)
        else:
            files[revision] = path
    if files:
        _make_files(order, files)
    if seed is not None:
        for database in wanted.values():
            fill(database, seed, nan_tie=nan_tie)


def _make_files(order: list[str], wanted: Mapping[str, Path]) -> None:
    """Walks the chain once, and copies the file at every state on the way."""
    with tempfile.TemporaryDirectory() as directory:
        walker = Path(directory) / "walker.db"
        create_base(walker)
        for revision in order:
            if revision != BASE:
                upgrade(walker, revision)
            if revision in wanted:
                path = wanted[revision]
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(walker, path)


def _make_on_server(database: Database, revision: str, charset: str | None) -> None:
    """Walks the chain in the database itself: no copy on MySQL is the same in everything.

    (A dump makes an ordinary index of one that InnoDB added for a foreign key.)
    """
    url = url_of(database)
    server_of(url).create(url.database or "", charset)
    create_base(url)
    if revision != BASE:
        upgrade(url, revision)


def _parse_targets(arguments: argparse.Namespace) -> dict[str, Database]:
    given = arguments.targets
    if arguments.all is not None:
        if given:
            raise ValueError("--all takes no further databases")
        return {revision: arguments.all / f"{revision}.db" for revision in states()}
    if len(given) == 2 and "=" not in given[1]:
        return {given[1]: given[0]}
    if given and all("=" in target for target in given):
        return dict(target.split("=", 1) for target in given)
    raise ValueError("give DATABASE REVISION, or REVISION=DATABASE ..., or --all DIR")


def main() -> int:
    """Parses the command line and makes the states."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--all", type=Path, metavar="DIR")
    parser.add_argument("--fill", type=int, metavar="SEED")
    parser.add_argument("--nan-tie", action="store_true")
    parser.add_argument("--charset")
    arguments = parser.parse_args()
    try:
        wanted = _parse_targets(arguments)
        make_states(
            wanted, seed=arguments.fill, nan_tie=arguments.nan_tie, charset=arguments.charset
        )
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
