"""Counts what a program says to a server.

Statements and rows are the server's own account; bytes are counted by a proxy in between, so that
they are those on the wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
from collections.abc import Iterator

import sqlalchemy as sa

from results import Counts

_CHUNK = 1 << 16

_OF_MYSQL = """
SELECT sum(count_star), sum(sum_rows_sent)
FROM performance_schema.events_statements_summary_global_by_event_name
WHERE event_name LIKE 'statement/sql/%' OR event_name = 'statement/com/Execute'
"""
# For statements of other kinds, `rows` counts those that were changed.
_OF_POSTGRES = r"""
SELECT sum(calls), sum(rows) FILTER (
    WHERE query ~* '^\s*(select|with|values|table|show|fetch)' OR query ~* '\mreturning\M'
)
FROM pg_stat_statements JOIN pg_database ON oid = dbid WHERE datname = :name
"""


@dataclasses.dataclass
class Counter:
    """Where a program has to connect to be counted, and what was counted, once it is done."""

    url: sa.URL
    counts: Counts | None = None


@contextlib.contextmanager
def counting(url: sa.URL) -> Iterator[Counter]:
    """Counts what is said to a database while the context lives."""
    with _Account(url) as account, Proxy(url.host or "", url.port or 0) as proxy:
        counter = Counter(url.set(port=proxy.port))
        yield counter
        statements, rows = account.since_beginning()
        counter.counts = Counts(statements, rows, proxy.bytes_sent, proxy.bytes_received)


class _Account:
    """The server's own account of statements and rows."""

    def __init__(self, url: sa.URL) -> None:
        self._name = url.database
        self._is_postgres = url.get_backend_name() == "postgresql"
        everywhere = url.set(database="postgres" if self._is_postgres else "mysql")
        self._engine = sa.create_engine(everywhere, isolation_level="AUTOCOMMIT")

    def __enter__(self) -> _Account:
        self._connection = self._engine.connect()
        if self._is_postgres:
            self._connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        self._beginning = self._look()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._engine.dispose()

    def since_beginning(self) -> tuple[int, int]:
        """Statements, and rows sent."""
        statements, rows = self._look()
        # MySQL counts the first look itself, which is one statement and one row.
        own = 0 if self._is_postgres else 1
        return statements - self._beginning[0] - own, rows - self._beginning[1] - own

    def _look(self) -> tuple[int, int]:
        statement = _OF_POSTGRES if self._is_postgres else _OF_MYSQL
        statements, rows = self._connection.execute(
            sa.text(statement), {"name": self._name} if self._is_postgres else {}
        ).one()
        return int(statements or 0), int(rows or 0)


class Proxy:
    """Passes bytes on between clients and one server, and counts them."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self._server = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result()
        self.port = listening.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        from_server, to_server = await asyncio.open_connection(*self._server)
        await asyncio.gather(
            self._pass_on(from_client, to_server, "bytes_sent"),
            self._pass_on(from_server, to_client, "bytes_received"),
        )

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, counter: str
    ) -> None:
        # A connection that breaks is the client's affair, which sees it too.
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(_CHUNK):
                setattr(self, counter, getattr(self, counter) + len(chunk))
                target.write(chunk)
                await target.drain()
        target.close()
