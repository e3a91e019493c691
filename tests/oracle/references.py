"""Makes the files of tests/reference: the schemas that MLflow's own chain makes on each server.

usage: tests/servers/run.sh PYTHON tests/oracle/references.py [--check]

PYTHON is an environment with MLflow (setup.sh). The servers are those of MLFLOW_MIGRATE_TEST_URLS, and
SQLite; those of the auth app's graph are SQLite and PostgreSQL. One JSON line a state: {"revision": ..., "schema": ...}, from the tables before the first revision
on. A server that MLflow cannot take to the newest revision has the states before it. With --check nothing
is written: it tells which files differ.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from auth_app import without_web_pages
from databases import Server, engine_of, text_of
from schema_dump import dump

FOLDER = Path(__file__).resolve().parent.parent / "reference"
DATABASE = "mlflow_migrate_reference"
State = dict[str, Any]
"""A revision, and the schema at it."""


def main() -> int:
    """Makes or compares the files. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    differing = 0
    for name, states in _all():
        path = FOLDER / f"{name}.jsonl.gz"
        is_same = path.exists() and _read(path) == states
        differing += not is_same
        if not is_same and not options.check:
            _write(path, states)
        print(f"{path.name}: {len(states)} states, {'the same' if is_same else 'differs'}")
    return 1 if options.check and differing else 0


def _all() -> Iterator[tuple[str, list[State]]]:
    """The files' names, each with its states."""
    with tempfile.TemporaryDirectory() as folder:
        for prefix, chain in CHAINS.items():
            url = sa.URL.create("sqlite", database=f"{folder}/{prefix}mlflow.db")
            yield f"{prefix}sqlite", list(_states(url, chain))
    for given in os.environ.get("MLFLOW_MIGRATE_TEST_URLS", "").split():
        server = Server(given.replace("postgresql:", "postgresql+psycopg:"))
        for prefix, chain in CHAINS.items():
            # MLflow's auth app names two foreign keys alike, which MySQL and MariaDB refuse.
            if prefix and not server.is_postgres:
                continue
            try:
                states = list(_states(server.create(DATABASE), chain))
            finally:
                server.drop(DATABASE)
            yield f"{prefix}{_name(server)}", states


def _name(server: Server) -> str:
    if server.is_postgres:
        return f"postgres-{server.version[0]}"
    product = "mariadb" if server.is_mariadb else "mysql"
    return f"{product}-{server.version[0]}.{server.version[1]}"


def _tracking(engine: sa.Engine) -> Config:
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    Base.metadata.create_all(engine)
    return _get_alembic_config(text_of(engine.url))


def _auth(engine: sa.Engine) -> Config:
    without_web_pages()
    from mlflow.server.auth.db.utils import _get_alembic_config

    return _get_alembic_config(text_of(engine.url))


CHAINS: dict[str, Callable[[sa.Engine], Config]] = {"": _tracking, "auth-": _auth}
"""MLflow's two graphs, by how their files' names begin: what prepares a database for the first revision."""


def _states(url: sa.URL, chain: Callable[[sa.Engine], Config]) -> Iterator[State]:
    engine = engine_of(url)
    config = chain(engine)
    yield {"revision": None, "schema": dump(engine)}
    for revision in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        try:
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, revision.revision)
        except sa.exc.SQLAlchemyError as error:
            told = str(error).splitlines()[0]
            print(f"{url.drivername}: stopped at {revision.revision}: {told}", file=sys.stderr)
            return
        yield {"revision": revision.revision, "schema": dump(engine)}


def _read(path: Path) -> list[State]:
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def _write(path: Path, states: list[State]) -> None:
    text = "".join(json.dumps(state, sort_keys=True) + "\n" for state in states)
    # Without the time, so that the same states are the same bytes.
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    sys.exit(main())
