"""How the dialects spell the types of columns, and which Rust function makes such a column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from recorded_operations import DIALECTS, Recording

# The spellings of a type on SQLite, PostgreSQL and MySQL, and the function that makes such a column.
_CONSTRUCTORS = {
    ("TEXT", "TEXT", "TEXT"): "text",
    ("TEXT", "TEXT", "MEDIUMTEXT"): "medium_text",
    ("TEXT", "TEXT", "LONGTEXT"): "long_text",
    ("INTEGER", "INTEGER", "INTEGER"): "integer",
    ("BIGINT", "BIGINT", "BIGINT"): "big_integer",
    ("FLOAT", "FLOAT", "FLOAT"): "float",
    ("FLOAT", "FLOAT(53)", "FLOAT(53)"): "double",
    ("DOUBLE", "DOUBLE PRECISION", "DOUBLE"): "double",
    ("BOOLEAN", "BOOLEAN", "BOOL"): "boolean",
    ("JSON", "JSON", "JSON"): "json",
    ("BLOB", "BYTEA", "BLOB"): "binary",
    ("DATE", "DATE", "DATE"): "date",
}
VARIANTS = {
    "text": "Text",
    "medium_text": "MediumText",
    "long_text": "LongText",
    "integer": "Integer",
    "big_integer": "BigInteger",
    "float": "Float",
    "double": "Double",
    "boolean": "Boolean",
    "json": "Json",
    "binary": "Binary",
    "date": "Date",
}
COLLATION = re.compile(r"(?: CHARACTER SET \w+)? COLLATE \"?(\w+)\"?")


def kind_of(spelled: Mapping[str, str], dialect: str) -> str:
    """The function that makes a column of this type, or the length of a VARCHAR."""
    bare = {name: COLLATION.sub("", text) for name, text in spelled.items()}
    if length := re.fullmatch(r"VARCHAR\((\d+)\)", bare[dialect]):
        return length[1]
    everywhere = tuple(bare.get(name, bare[dialect]) for name in DIALECTS)
    if found := _CONSTRUCTORS.get(everywhere):
        return found
    place = DIALECTS.index(dialect)
    same = [kind for types, kind in _CONSTRUCTORS.items() if types[place] == bare[dialect]]
    return same[0] if same else bare[dialect]


def types_of(recordings: Sequence[Recording]) -> dict[tuple[str, str], dict[str, str]]:
    """The spelling of each column's type on each dialect that has the column."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for recording in recordings:
        for operation in recording.operations:
            for table, column, kind in _typed(operation):
                spelled = kind.compile(dialect=recording.dialect)
                found.setdefault((table, column), {})[recording.dialect.name] = spelled
    return found


def _typed(operation: ops.MigrateOperation) -> Iterable[tuple[str, str, Any]]:
    if isinstance(operation, ops.CreateTableOp):
        columns = (one for one in operation.columns if isinstance(one, sa.Column))
        return [(operation.table_name, one.name, one.type) for one in columns]
    if isinstance(operation, ops.AddColumnOp):
        return [(operation.table_name, operation.column.name, operation.column.type)]
    if isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
        kind = operation.modify_type
        kind = kind() if isinstance(kind, type) else kind
        return [(operation.table_name, operation.column_name, kind)]
    return []
