"""Compares the rows of two databases: every value, and the type that it is kept in.

usage: data_dump.py A B        prints the differences table by table; exit status 1 if there are any

A and B are paths of SQLite files or URLs of databases on servers. Floats are compared by their
bits, text and blobs by their bytes. The order of rows does not count.
"""

from __future__ import annotations

import struct
import sys
from collections import Counter
from contextlib import closing

from databases import Database
from row_sources import Cell, Row, open_rows

_SHOWN_ROWS = 3
_SHOWN_CHARACTERS = 120
_CANCELED = 5


def diff_data(database_a: Database, database_b: Database) -> list[str]:
    """Lines that tell in which rows two databases differ; none if they hold the same."""
    with closing(open_rows(database_a)) as a, closing(open_rows(database_b)) as b:
        tables_a, tables_b = a.tables(), b.tables()
        lines = [f"{table}: only in the first" for table in sorted(tables_a - tables_b)]
        lines += [f"{table}: only in the second" for table in sorted(tables_b - tables_a)]
        for table in sorted(tables_a & tables_b):
            columns = a.columns(table)
            if set(columns) != set(b.columns(table)):
                lines.append(f"{table}: not the same columns")
                continue
            only_a, only_b = _unshared(a.rows(table, columns), b.rows(table, columns))
            if table == "jobs":
                _forgive_cancellations(columns, only_a, only_b, a.last_hour(), b.last_hour())
            lines += _describe(table, columns, only_a, only_b)
    return lines


def _unshared(a: Counter[Row], b: Counter[Row]) -> tuple[list[Row], list[Row]]:
    """What only the one has and what only the other has, sorted by all columns."""
    only_a, only_b = (a - b).elements(), (b - a).elements()
    return sorted(only_a, key=_sort_key), sorted(only_b, key=_sort_key)


def _sort_key(row: Row) -> list[tuple[str, bytes | int]]:
    return [(kind, 0 if value is None else value) for kind, value in row]


def _forgive_cancellations(
    columns: list[str], only_a: list[Row], only_b: list[Row], hour_a: range, hour_b: range
) -> None:
    """Drops pairs of rows that differ only in the time at which dc11669786a5 cancelled a job."""
    time = columns.index("last_update_time")
    status = columns.index("status")
    for row in list(only_a):
        if row[status] != ("integer", _CANCELED) or row[time][1] not in hour_a:
            continue
        for other in only_b:
            same = row[:time] + row[time + 1 :] == other[:time] + other[time + 1 :]
            if same and other[time][1] in hour_b:
                only_a.remove(row)
                only_b.remove(other)
                break


def _describe(table: str, columns: list[str], only_a: list[Row], only_b: list[Row]) -> list[str]:
    if not only_a and not only_b:
        return []
    lines = [f"{table}: {len(only_a)} rows only in the first, {len(only_b)} only in the second"]
    for mark, rows, others in (("<", only_a, only_b), (">", only_b, only_a)):
        for row in rows[:_SHOWN_ROWS]:
            nearest = max(others, key=lambda other: _agreement(row, other), default=None)
            cells = zip(columns, row, nearest or [None] * len(row), strict=True)
            shown = ("*" * (cell != other) + f"{name}={_show(cell)}" for name, cell, other in cells)
            lines.append(f"  {mark} {', '.join(shown)}")
    return lines


def _agreement(row: Row, other: Row) -> int:
    return sum(a == b for a, b in zip(row, other, strict=True))


def _show(cell: Cell) -> str:
    kind, value = cell
    if kind == "real" and isinstance(value, bytes):
        text = repr(struct.unpack(">d", value)[0])
    elif kind == "text" and isinstance(value, bytes):
        text = repr(value.decode(errors="backslashreplace"))
    elif value is None:
        text = "NULL"
    else:
        text = repr(value)
    if len(text) > _SHOWN_CHARACTERS:
        text = f"{text[:_SHOWN_CHARACTERS]}... ({len(text)})"
    return text


def main(arguments: list[str]) -> int:
    """Prints the differences of the two databases that are named."""
    if len(arguments) != 2:
        print("usage: data_dump.py A B", file=sys.stderr)
        return 2
    lines = diff_data(*arguments)
    print("\n".join(lines) if lines else "no difference")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
