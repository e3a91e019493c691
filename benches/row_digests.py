"""Sums up the rows of an upgraded database on its server, to compare them with another's.

Only rows of the experiment 1 count: that of the data set, in which the writer does not log.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import sqlalchemy as sa

from oracle import engine_of

_OF_RUN = "SELECT run_uuid FROM runs WHERE experiment_id = 1"
_OF_TRACE = "SELECT request_id FROM trace_info WHERE experiment_id = 1"
# For each table, which of its rows: by what column, and from which others.
_TABLES = {
    "runs": ("experiment_id", "1"),
    "metrics": ("run_uuid", _OF_RUN),
    "latest_metrics": ("run_uuid", _OF_RUN),
    "params": ("run_uuid", _OF_RUN),
    "tags": ("run_uuid", _OF_RUN),
    "trace_info": ("experiment_id", "1"),
    "trace_tags": ("request_id", _OF_TRACE),
    "trace_request_metadata": ("request_id", _OF_TRACE),
    "trace_metrics": ("request_id", _OF_TRACE),
    "spans": ("experiment_id", "1"),
    "span_metrics": ("trace_id", _OF_TRACE),
    "assessments": ("trace_id", _OF_TRACE),
}


@dataclasses.dataclass(frozen=True)
class Digest:
    """The rows of one table, and the sum of their checksums: their order does not matter."""

    rows: int
    checksum: str


def digests(database: sa.URL) -> dict[str, Digest]:
    """All tables with rows that an upgrade may touch."""
    engine = engine_of(database)
    found = {}
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        for table, (column, values) in _TABLES.items():
            columns = sorted(each["name"] for each in inspector.get_columns(table))
            statement = (
                f"SELECT count(*), {_checksum(engine.dialect, columns)} FROM {table}"
                f" WHERE {column} IN ({values})"
            )
            rows, checksum = connection.execute(sa.text(statement)).one()
            found[table] = Digest(rows, str(checksum))
    return found


def differences(one: dict[str, Digest], other: dict[str, Digest]) -> Iterator[str]:
    """The tables in which the rows are not the same."""
    for table, digest in one.items():
        if digest != (found := other[table]):
            told = "as many" if digest.rows == found.rows else f"{digest.rows} and {found.rows}"
            yield f"rows of {table} differ ({told})"


def _checksum(dialect: sa.Dialect, columns: list[str]) -> str:
    quoted = [dialect.identifier_preparer.quote_identifier(column) for column in columns]
    if dialect.name == "postgresql":
        row = f"md5(ROW({', '.join(quoted)})::text)"
        return f"sum(('x' || substr({row}, 1, 15))::bit(60)::bigint::numeric)"
    values = [f"IFNULL(CAST({column} AS CHAR), '-')" for column in quoted]
    # MySQL 9 has no MD5() any more.
    row = f"SHA2(CONCAT_WS('/', {', '.join(values)}), 256)"
    return f"SUM(CAST(CONV(SUBSTRING({row}, 1, 15), 16, 10) AS UNSIGNED))"
