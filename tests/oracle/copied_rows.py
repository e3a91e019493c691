"""Compares the rows of copies with those of their sources, on whatever databases they are.

usage: copied_rows.py fill SEED DATABASE ...   puts awkward rows into databases at any revision
       copied_rows.py compare < PAIRS          prints the differences; exit status 1 if there are any

PAIRS is a JSON list of objects with `source`, `destination`, and `skipped`: for each table the
number of rows that the copy has left out. All other rows must be equal, column by column. A document
of JSON that MySQL has parsed is compared as a document, and its FLOAT as a float of 32 bits.
"""

from __future__ import annotations

import json
import struct
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

from databases import Database, engine_of, sqlite_path, url_of
from fill import fill
from row_sources import Cell, Row, open_rows
from sqlalchemy import inspect
from sqlalchemy.dialects import mysql

_SHOWN_ROWS = 3
_SHOWN_CHARACTERS = 100
_EXACT = 2**53
_GREATEST_SINGLE = 3.4028234663852886e38


@dataclass
class Rows:
    """Everything that a database holds."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    """The columns by table, sorted."""
    rows: dict[str, Counter[Row]] = field(default_factory=dict)
    documents: set[tuple[str, str]] = field(default_factory=set)
    """The columns of JSON."""
    singles: set[tuple[str, str]] = field(default_factory=set)
    """The columns of 32-bit floats."""
    parses_documents: bool = False
    """Whether the database stores documents instead of their text."""


def read(database: Database) -> Rows:
    """Reads a database."""
    found = Rows()
    with closing(open_rows(database)) as source:
        for table in source.tables() - {"alembic_version"}:
            found.columns[table] = sorted(source.columns(table))
            found.rows[table] = source.rows(table, found.columns[table])
    engine = engine_of(database)
    with engine.connect() as connection:
        inspector = inspect(connection)
        for table in found.columns:
            for column in inspector.get_columns(table):
                place = (table, column["name"])
                if str(column["type"]).upper() == "JSON":
                    found.documents.add(place)
                    found.parses_documents |= isinstance(column["type"], mysql.JSON)
                if isinstance(column["type"], mysql.FLOAT):
                    found.singles.add(place)
    engine.dispose()
    return found


def differences(source: Rows, destination: Rows, skipped: dict[str, int]) -> list[str]:
    """Lines that tell in what a copy differs from its source, beyond the rows that were skipped."""
    lines = [f"{table}: not copied" for table in sorted(set(source.rows) - set(destination.rows))]
    lines += [f"{table}: new" for table in sorted(set(destination.rows) - set(source.rows))]
    documents = source.documents | destination.documents
    singles = source.singles | destination.singles
    parsed = source.parses_documents or destination.parses_documents
    for table in sorted(set(source.rows) & set(destination.rows)):
        columns = source.columns[table]
        if columns != destination.columns[table]:
            lines.append(f"{table}: not the same columns")
            continue
        kinds = [
            (parsed, (table, column) in documents, (table, column) in singles)
            for column in columns
        ]
        # Only the rows that differ at first sight take the time of a closer look.
        all_a, all_b = source.rows[table], destination.rows[table]
        a, b = _canonical(all_a - all_b, kinds), _canonical(all_b - all_a, kinds)
        missing, added = a - b, b - a
        if missing.total() != skipped.get(table, 0) or added:
            counts = f"{missing.total()} rows missing, {skipped.get(table, 0)} of them skipped"
            lines.append(f"{table}: {counts}; {added.total()} rows added")
            for mark, rows in (("-", missing), ("+", added)):
                for row in list(rows)[:_SHOWN_ROWS]:
                    cells = zip(columns, row, strict=True)
                    shown = ", ".join(f"{name}={cell!r}"[:_SHOWN_CHARACTERS] for name, cell in cells)
                    lines.append(f"  {mark} {shown}")
    return lines


def _canonical(rows: Counter[Row], kinds: list[tuple[bool, bool, bool]]) -> Counter[Row]:
    found: Counter[Row] = Counter()
    for row, count in rows.items():
        pairs = zip(row, kinds, strict=True)
        found[tuple(_cell(cell, *kind) for cell, kind in pairs)] += count
    return found


def _cell(cell: Cell, is_parsed: bool, is_document: bool, is_single: bool) -> Cell:
    kind, value = cell
    if kind in ("boolean", "date"):
        return ("integer" if kind == "boolean" else "text"), value
    if is_document and value is not None:
        return _document(cell, is_parsed)
    if is_single and kind == "real" and isinstance(value, bytes):
        number = struct.unpack(">d", value)[0]
        if abs(number) > _GREATEST_SINGLE:
            return cell
        # A number that is too small becomes a zero, whose sign no server keeps.
        single = struct.unpack(">f", struct.pack(">f", number))[0] + 0.0
        return "single", struct.pack(">f", single)
    return cell


def _document(cell: Cell, is_parsed: bool) -> Cell:
    """A document; SQLite stores one that is a number as a number."""
    kind, value = cell
    if kind == "real" and isinstance(value, bytes):
        return "document", _text_of(struct.unpack(">d", value)[0])
    if kind == "integer":
        return "document", _text_of(value)
    try:
        parsed = json.loads(value if isinstance(value, bytes) else str(value))
    except ValueError:
        return cell
    is_number = isinstance(parsed, int | float) and not isinstance(parsed, bool)
    return ("document", _text_of(parsed)) if is_parsed or is_number else cell


def _text_of(document: object) -> bytes:
    return json.dumps(_number(document), sort_keys=True).encode()


def _number(document: object) -> object:
    """The document with numbers as MySQL knows them: 64-bit integers and doubles."""
    match document:
        case dict():
            return {key: _number(value) for key, value in document.items()}
        case list():
            return [_number(value) for value in document]
        case bool():
            return document
        case int() if not -(2**63) <= document < 2**64:
            return float(document)
        case float() if document.is_integer() and abs(document) <= _EXACT:
            return int(document)
        case _:
            return document


def compare(pairs: list[dict[str, object]]) -> list[str]:
    """Compares all pairs, and reads each database once."""
    known: dict[str, Rows] = {}
    lines = []
    for pair in pairs:
        for name in (str(pair["source"]), str(pair["destination"])):
            if name not in known:
                known[name] = read(name)
        source, destination = known[str(pair["source"])], known[str(pair["destination"])]
        skipped = pair["skipped"]
        assert isinstance(skipped, dict)
        found = differences(source, destination, skipped)
        if found:
            lines += [f"{pair['name']}:", *found]
    return lines


def _shown(database: Database) -> str:
    path = sqlite_path(database)
    return str(path or url_of(database).render_as_string())


def main(arguments: list[str]) -> int:
    """Fills databases, or compares those of the pairs on standard input."""
    match arguments:
        case ["fill", seed, *databases] if databases:
            for database in databases:
                fill(database, int(seed))
                print(f"filled {_shown(database)}")
            return 0
        case ["compare"]:
            pairs = json.load(sys.stdin)
            lines = compare(pairs)
            print("\n".join(lines) if lines else f"{len(pairs)} pairs, no difference")
            return int(bool(lines))
    print("usage: copied_rows.py fill SEED DATABASE ... | compare < PAIRS", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
