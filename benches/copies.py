"""Identical copies of one data set, a fresh one for each run: both programs get the same files.

SQLite: the file is copied. PostgreSQL: a new database with the original as its template. MySQL and
MariaDB know no such thing, and a dump changes what it copies; there the server is stopped, and each
run begins on a copy of its whole data folder.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from oracle import OWN_PREFIX, Database, Server, engine_of
from servers import PrivateServer, Purpose

SERVERS = ("sqlite", "postgres", "mariadb", "mysql", "mysql56")
"""The names of all servers, SQLite among them."""

Fill = Callable[[Database], None]
"""Makes the original in a database that does not exist, or is empty."""

_ORIGINAL = f"{OWN_PREFIX}original"
_COPY = f"{OWN_PREFIX}copy"
_KEPT = f"{OWN_PREFIX}kept"


class Copies(Protocol):
    """One kind of database, which holds an original and gives out copies of it."""

    newest: str
    """The newest revision that is possible here: `head`, or an older one."""
    can_count: bool
    """Whether statements go over a wire, and can be counted there."""
    version: str
    settings: str

    def prepare(self, fill: Fill, *, stale: bool, stored: Path | None = None) -> None:
        """Makes the original; `stale`: with statistics as they are at the end of a bulk load.

        `stored` is where it is kept for other invocations, and taken from if it is there.
        """

    def copy(self, purpose: Purpose) -> contextlib.AbstractContextManager[sa.URL]:
        """A copy that lives as long as the context."""

    def keep(self) -> None:
        """Called within `copy`: sets that copy aside, in place of one that was kept before."""

    def kept(self) -> contextlib.AbstractContextManager[sa.URL]:
        """The copy that was set aside."""

    def close(self) -> None:
        """Ends what has been started."""


def copies_of(server: str, folder: Path) -> Copies:
    """The copies of the server with this name, in a folder of their own."""
    folder.mkdir(parents=True)
    if server == "sqlite":
        return SqliteCopies(folder)
    private = PrivateServer(server, folder / "server")
    return PostgresCopies(private) if server == "postgres" else MysqlCopies(private, folder)


class SqliteCopies:
    """Copies of a file. It is never ANALYZEd: neither SQLite itself nor MLflow ever does that."""

    newest = "head"
    can_count = False
    version = sqlite3.sqlite_version
    settings = "as MLflow and mlflow-migrate open it"

    def __init__(self, folder: Path) -> None:
        self._original = folder / "original.db"
        self._copy = folder / "copy.db"
        self._kept = folder / "kept.db"

    def prepare(self, fill: Fill, *, stale: bool, stored: Path | None = None) -> None:
        self._original.unlink(missing_ok=True)
        if stored and stored.exists():
            shutil.copyfile(stored, self._original)
            return
        fill(self._original)
        if stored and self._original.exists():
            shutil.copyfile(self._original, stored)

    @contextlib.contextmanager
    def copy(self, purpose: Purpose) -> Iterator[sa.URL]:
        # The original of an empty database is no file at all.
        if self._original.exists():
            shutil.copyfile(self._original, self._copy)
        try:
            yield sa.URL.create("sqlite", database=str(self._copy))
        finally:
            for leftover in self._copy.parent.glob(f"{self._copy.name}*"):
                leftover.unlink()

    def keep(self) -> None:
        self._copy.replace(self._kept)

    @contextlib.contextmanager
    def kept(self) -> Iterator[sa.URL]:
        yield sa.URL.create("sqlite", database=str(self._kept))

    def close(self) -> None:
        pass


class PostgresCopies:
    """Copies of a database beside it, on the server that has it."""

    newest = "head"
    can_count = True

    def __init__(self, server: PrivateServer) -> None:
        self._private = server
        self._purpose = Purpose.TIME
        self._server = server.start(self._purpose)
        self.settings = server.settings()
        self.version = _text(self._server.url("postgres"), "SHOW server_version")

    def prepare(self, fill: Fill, *, stale: bool, stored: Path | None = None) -> None:
        if stored and stored.exists():
            self._private.stop()
            shutil.rmtree(self._private.data)
            _copy_folder(stored, self._private.data)
            self._server = self._private.start(self._purpose)
            return
        self._server.drop(_KEPT)
        everywhere = self._server.url("postgres")
        _run(everywhere, "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
        original = self._server.create(_ORIGINAL)
        fill(original)
        if not stale:
            _run(original, "VACUUM (ANALYZE)")
        # Else autovacuum would find that the original needs it, while something is being timed.
        _run(original, "SELECT pg_stat_reset()")
        _run(everywhere, "ALTER SYSTEM RESET autovacuum", "SELECT pg_reload_conf()")
        if stored:
            self._private.stop()
            _copy_folder(self._private.data, stored)
            self._server = self._private.start(self._purpose)

    @contextlib.contextmanager
    def copy(self, purpose: Purpose) -> Iterator[sa.URL]:
        self._restart(purpose)
        self._server.drop(_COPY)
        everywhere = self._server.url("postgres")
        _run(everywhere, f"CREATE DATABASE {_COPY} TEMPLATE {_ORIGINAL}", "CHECKPOINT")
        try:
            yield self._server.url(_COPY)
        finally:
            self._server.drop(_COPY)
            _run(everywhere, "CHECKPOINT")

    def keep(self) -> None:
        # Else autovacuum would find that it needs it, while something is being timed.
        _run(self._server.url(_COPY), "VACUUM (ANALYZE)")
        self._server.drop(_KEPT)
        _run(self._server.url("postgres"), f"ALTER DATABASE {_COPY} RENAME TO {_KEPT}")

    @contextlib.contextmanager
    def kept(self) -> Iterator[sa.URL]:
        yield self._server.url(_KEPT)

    def close(self) -> None:
        self._private.stop()

    def _restart(self, purpose: Purpose) -> None:
        if purpose is not self._purpose:
            self._private.stop()
            self._server = self._private.start(purpose)
            self._purpose = purpose


class MysqlCopies:
    """Copies of a server's whole data folder, with a server started on each."""

    can_count = True

    def __init__(self, server: PrivateServer, folder: Path) -> None:
        self._private = server
        self._snapshot = self._own_snapshot = folder / "snapshot"
        # A server of its own, for what is kept.
        self._aside = PrivateServer(server.name, folder / "kept")
        running = server.start(Purpose.FILL)
        self.settings = server.settings()
        self.version = _text(running.url("mysql"), "SELECT version()")
        # The last revision before one that needs generated columns.
        self.newest = "head" if running.has_generated_columns else "770bee3ae1dd"

    def prepare(self, fill: Fill, *, stale: bool, stored: Path | None = None) -> None:
        self._discard()
        shutil.rmtree(self._own_snapshot, ignore_errors=True)
        self._snapshot = stored or self._own_snapshot
        if self._snapshot.exists():
            return
        server = self._private.start(Purpose.FILL)
        _run(server.url("mysql"), "SET GLOBAL innodb_stats_auto_recalc = OFF")
        original = server.create(_ORIGINAL)
        fill(original)
        if not stale:
            _analyze(original)
        # A slow shutdown leaves no work behind that would be done while something is being timed.
        _run(server.url("mysql"), "SET GLOBAL innodb_fast_shutdown = 0")
        self._private.stop()
        shutil.move(self._private.data, self._snapshot)

    @contextlib.contextmanager
    def copy(self, purpose: Purpose) -> Iterator[sa.URL]:
        self._discard()
        _copy_folder(self._snapshot, self._private.data)
        server: Server = self._private.start(purpose)
        try:
            yield server.url(_ORIGINAL)
        finally:
            self._discard()

    def keep(self) -> None:
        self._private.stop()
        shutil.rmtree(self._aside.data, ignore_errors=True)
        self._aside.folder.mkdir(exist_ok=True)
        self._private.data.rename(self._aside.data)

    @contextlib.contextmanager
    def kept(self) -> Iterator[sa.URL]:
        try:
            yield self._aside.start(Purpose.FILL).url(_ORIGINAL)
        finally:
            self._aside.stop()

    def close(self) -> None:
        self._discard()

    def _discard(self) -> None:
        self._private.kill()
        shutil.rmtree(self._private.data, ignore_errors=True)


def _copy_folder(source: Path, destination: Path) -> None:
    """Copies a folder as it is, with its owners; one that stopped halfway is not found later."""
    begun = destination.with_name(f"{destination.name}.new")
    shutil.rmtree(begun, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source, begun], check=True)
    begun.rename(destination)


def _analyze(database: sa.URL) -> None:
    engine = engine_of(database)
    quote = engine.dialect.identifier_preparer.quote_identifier
    tables = ", ".join(quote(table) for table in sa.inspect(engine).get_table_names())
    if tables:
        _run(database, f"ANALYZE TABLE {tables}")


def _run(database: sa.URL, *statements: str) -> None:
    engine = sa.create_engine(database, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _text(database: sa.URL, statement: str) -> str:
    with engine_of(database).connect() as connection:
        return str(connection.exec_driver_sql(statement).scalar_one())
