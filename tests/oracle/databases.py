"""Databases by path or URL: a file of SQLite, or a database on a server."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

OWN_PREFIX = "mlflow_migrate_"
"""How the names of all databases begin that these programs make on a server, and drop there."""

Database = str | Path | sa.URL
"""A URL as SQLAlchemy writes it, or the path of a SQLite file."""

_OWN_NAME = re.compile(rf"{OWN_PREFIX}[a-z0-9_]+")


def url_of(database: Database) -> sa.URL:
    """The database's URL."""
    if isinstance(database, sa.URL):
        return database
    if "://" in str(database) and not isinstance(database, Path):
        return sa.make_url(database)
    return sa.URL.create("sqlite", database=str(database))


def engine_of(database: Database) -> sa.Engine:
    """An engine without a pool, so that no connection outlives its use and hinders a DROP."""
    return sa.create_engine(url_of(database), poolclass=sa.NullPool)


def text_of(url: sa.URL) -> str:
    """The URL as other programs take it, with its password."""
    return url.render_as_string(hide_password=False)


def sqlite_path(database: Database) -> Path | None:
    """The path of a SQLite file, None for a database on a server."""
    url = url_of(database)
    if url.get_backend_name() != "sqlite":
        return None
    return Path(url.database or "")


class Server:
    """A server on which databases are made and dropped, by the URL of a superuser."""

    def __init__(self, url: Database) -> None:
        self._url = url_of(url)
        self._engine = sa.create_engine(
            self._url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
        )
        self.is_postgres = self._url.get_backend_name() == "postgresql"
        with self._engine.connect() as connection:
            self.version = connection.dialect.server_version_info or ()
            self.is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))

    @property
    def has_generated_columns(self) -> bool:
        """Whether MLflow's revision a1b2c3d4e5f6 is possible here."""
        return self.is_postgres or self.is_mariadb or self.version >= (5, 7)

    @property
    def charset(self) -> str | None:
        """The character set for a new database; the keys of MySQL 5.6 hold nothing wider."""
        if self.is_postgres:
            return None
        return "utf8mb4" if self.has_generated_columns else "latin1"

    def url(self, name: str) -> sa.URL:
        """The URL of a database here."""
        return self._url.set(database=name)

    def create(self, name: str, charset: str | None = None) -> sa.URL:
        """Makes an empty database, in place of one that is left from before."""
        self.drop(name)
        charset = charset or self.charset
        if charset is None:
            self._run(f"CREATE DATABASE {name}")
        else:
            self._run(f"CREATE DATABASE {name} CHARACTER SET {charset}")
        return self.url(name)

    def copy(self, source: str, name: str) -> sa.URL:
        """Makes a database that is the same as another, which nobody uses. PostgreSQL alone can."""
        self.drop(name)
        self._run(f"CREATE DATABASE {name} TEMPLATE {source}")
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drops a database of ours, if it exists."""
        if not _OWN_NAME.fullmatch(name):
            raise ValueError(f"the database {name} is not ours to replace: not {OWN_PREFIX}…")
        force = " WITH (FORCE)" if self.is_postgres and self.version >= (13,) else ""
        self._run(f"DROP DATABASE IF EXISTS {name}{force}")

    def _run(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)


def server_of(url: sa.URL) -> Server:
    """The server that has the database, reached by another one that every server has."""
    everywhere = "postgres" if url.get_backend_name() == "postgresql" else None
    return Server(url._replace(database=everywhere))
