"""Compares the rows of two SQLite databases: every value, and the storage class it is kept in.

usage: data_dump.py A B        prints the differences table by table; exit status 1 if there are any

Floats are compared by their bits, text and blobs by their bytes. The order of rows does not count.
"""

from __future__ import annotations

import sqlite3
import struct
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

_SHOWN_ROWS = 3
_SHOWN_CHARACTERS = 120
_HOUR_MS = 3_600_000
_CANCELED = 5

Cell = tuple[str, bytes | int | None]
"""A value's storage class, and the value in a form that is equal only if it is the same."""
Row = tuple[Cell, ...]


def diff_data(path_a: Path | str, path_b: Path | str) -> list[str]:
    """Lines that tell in which rows two databases differ; none if they hold the same."""
    with closing(_connect(path_a)) as a, closing(_connect(path_b)) as b:
        tables_a, tables_b = _tables(a), _tables(b)
        lines = [f"{table}: only in the first" for table in sorted(tables_a - tables_b)]
        lines += [f"{table}: only in the second" for table in sorted(tables_b - tables_a)]
        for table in sorted(tables_a & tables_b):
            columns = _columns(a, table)
            if set(columns) != set(_columns(b, table)):
                lines.append(f"{table}: not the same columns")
                continue
            only_a, only_b = _unshared(_rows(a, table, columns), _rows(b, table, columns))
            if table == "jobs":
                _forgive_cancellations(columns, only_a, only_b, _hour_of(path_a), _hour_of(path_b))
            lines += _describe(table, columns, only_a, only_b)
    return lines


def _connect(path: Path | str) -> sqlite3.Connection:
    """Opens a database that must exist, without changing it or decoding its text."""
    connection = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
    connection.text_factory = bytes
    return connection


def _tables(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name.decode() for (name,) in found if not name.startswith(b"sqlite_")}


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """All columns in their order, the generated ones too."""
    found = connection.execute(f"PRAGMA table_xinfo({_quote(table)})")
    return [row[1].decode() for row in found]


def _rows(connection: sqlite3.Connection, table: str, columns: list[str]) -> Counter[Row]:
    selected = ", ".join(f"typeof({_quote(name)}), {_quote(name)}" for name in columns)
    found = connection.execute(f"SELECT {selected} FROM {_quote(table)}")
    return Counter(
        tuple(
            (kind.decode(), struct.pack(">d", value) if kind == b"real" else value)
            for kind, value in zip(row[::2], row[1::2], strict=True)
        )
        for row in found
    )


def _unshared(a: Counter[Row], b: Counter[Row]) -> tuple[list[Row], list[Row]]:
    """What only the one has and what only the other has, sorted by all columns."""
    only_a, only_b = (a - b).elements(), (b - a).elements()
    return sorted(only_a, key=_sort_key), sorted(only_b, key=_sort_key)


def _sort_key(row: Row) -> list[tuple[str, bytes | int]]:
    return [(kind, 0 if value is None else value) for kind, value in row]


def _hour_of(path: Path | str) -> range:
    """The hour before the database was last written: the times that its upgrade can have seen."""
    end = int(Path(path).stat().st_mtime * 1000) + 1000
    return range(end - _HOUR_MS, end)


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


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


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
