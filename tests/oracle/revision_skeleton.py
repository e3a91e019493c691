"""Writes the Rust file of a revision, as far as Alembic's operations are plain.

What they do to rows, and what a revision decides by looking at a database, becomes a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from column_types import COLLATION, VARIANTS, kind_of, types_of
from merged_edits import Edit, grouped, merged
from recorded_operations import DIALECTS, Recording
from wheel import RevisionFile

_RUST_DIALECTS = dict(zip(DIALECTS, ("Sqlite", "Postgres", "Mysql"), strict=True))

Columns = dict[tuple[str, str], list[str]]
"""The columns of each foreign key and each unique constraint, by table and name."""


class Skeleton:
    """The file of one revision."""

    def __init__(
        self, file: RevisionFile, recordings: Sequence[Recording], columns: Columns
    ) -> None:
        self._file = file
        self._recordings = recordings
        self._columns = columns
        self._types = types_of(recordings)
        self._used: set[str] = set()

    def text(self) -> str:
        """The whole file."""
        calls = self._calls()
        body = "".join(f"\n        {call}" for call in calls)
        notes = "".join(f"// {note}\n" for note in self._notes())
        title = self._file.name.removeprefix(f"{self._file.revision}_").replace("_", " ")
        day = re.search(r"Create Date: (\d{4}-\d\d-\d\d)", self._file.source)
        on = f'\n        .on("{day[1]}")' if day else ""
        parent = self._file.parent or ""
        return (
            f"//! {title[:1].upper()}{title[1:]}.\n\n{self._imports()}{notes}"
            "pub(crate) fn revision() -> Revision {\n"
            f'    Revision::new("{self._file.revision}")\n        .after("{parent}")'
            f'{on}\n        .titled("{title}"){body}\n}}\n'
        )

    def _imports(self) -> str:
        schema = sorted(self._used - {"ColumnChange", "Dialect", "ColumnType"})
        lines = ["use mlflow_migrate_core::history::revision::Revision;"]
        if "ColumnChange" in self._used:
            lines.append("use mlflow_migrate_core::schema::op::ColumnChange;")
        if "Dialect" in self._used:
            lines.append("use mlflow_migrate_core::schema::platform::Dialect;")
        if "ColumnType" in self._used:
            schema.append("ColumnType")
        if schema:
            lines.append(f"use mlflow_migrate_core::schema::{{{', '.join(sorted(schema))}}};")
        return "\n".join(lines) + "\n\n"

    def _notes(self) -> list[str]:
        notes = []
        for recording in self._recordings:
            name = recording.dialect.name
            if recording.statements:
                notes.append(f"{name}: {len(recording.statements)} statements of a data migration,")
                notes.append(f"the first: {' '.join(recording.statements[0].split())[:70]}")
            if recording.trouble:
                notes.append(f"{name}: not read to the end: {recording.trouble[:70]}")
        return notes

    def _calls(self) -> list[str]:
        """The calls that make up the revision; what dialects have in common comes once."""
        lists = []
        for recording in self._recordings:
            edits = (self._edit(one, recording.dialect.name) for one in recording.operations)
            lists.append([edit for edit in edits if edit])
        calls: list[str] = []
        for edits, dialects in merged(lists):
            rendered = grouped(edits)
            if len(dialects) == len(DIALECTS):
                calls += rendered
                continue
            self._used.add("Dialect")
            names = ", ".join(f"Dialect::{_RUST_DIALECTS[DIALECTS[at]]}" for at in dialects)
            inner = "".join(f"\n                {call}" for call in rendered)
            calls.append(f".only(&[{names}], |revision| {{\n            revision{inner}\n        }})")
        return calls

    def _edit(self, operation: ops.MigrateOperation, dialect: str) -> Edit | None:
        for kind, render in _RENDERERS.items():
            if isinstance(operation, kind):
                return render(self, operation, dialect)
        return None, f"// MLflow also asks for {type(operation).__name__}."

    def column(self, table: str, column: sa.Column[Any], dialect: str) -> str:
        """A column as Rust makes it."""
        text = self._constructor(table, column, dialect)
        if not column.nullable or column.primary_key:
            text += ".not_null()"
        text += _default(column.server_default)
        if column.identity is not None:
            text += ".identity()"
        elif column.autoincrement is True:
            text += ".autoincrement()"
        if column.computed is not None:
            text += f".stored_as({_quoted(str(column.computed.sqltext))})"
        collation = COLLATION.search(self._types[table, column.name][dialect])
        if collation:
            text += f'.collate("{collation[1]}")'
        return text

    def _constructor(self, table: str, column: sa.Column[Any], dialect: str) -> str:
        kind = kind_of(self._types[table, column.name], dialect)
        if kind.isdigit():
            self._used.add("varchar")
            return f'varchar("{column.name}", {kind})'
        if kind in VARIANTS:
            self._used.add(kind)
            return f'{kind}("{column.name}")'
        self._used |= {"Column", "ColumnType"}
        return f'Column::new("{column.name}", ColumnType::Other({_quoted(kind)}.to_owned()))'

    def _create_table(self, operation: ops.CreateTableOp, dialect: str) -> Edit:
        table = sa.Table(operation.table_name, sa.MetaData(), *_copies(operation.columns))
        self._used.add("Table")
        parts = [f'Table::new("{table.name}")']
        parts += [f".column({self.column(table.name, one, dialect)})" for one in table.columns]
        for constraint in _in_order(operation.columns):
            parts += self._constraint(constraint)
        for column in table.columns:
            for key in column.foreign_keys:
                if key.constraint is not None and key.constraint.parent is table:
                    parts += self._own_foreign_key(key)
        for index in operation.columns:
            if isinstance(index, sa.Index):
                self._used.add("Index")
                columns = _names(index._pending_colargs)
                parts.append(f'.index(Index::new("{index.name}", {columns}))')
        if len(table.primary_key.columns) and table.primary_key.name is None:
            columns = [column.name for column in table.primary_key.columns]
            parts.append(f'.primary_key("{table.name}_pkey", {_names(columns)})')
        return None, f".create_table({''.join(parts)})"

    def _own_foreign_key(self, key: sa.ForeignKey) -> list[str]:
        if key.constraint is None or key.constraint.name or len(key.constraint.columns) != 1:
            return []
        return [f".foreign_key({self._foreign_key(key.constraint)})"]

    def _constraint(self, constraint: Any) -> list[str]:
        if isinstance(constraint, sa.PrimaryKeyConstraint) and constraint.name:
            return [f'.primary_key("{constraint.name}", {_names(_columns(constraint))})']
        if isinstance(constraint, sa.ForeignKeyConstraint):
            return [f".foreign_key({self._foreign_key(constraint)})"]
        if isinstance(constraint, sa.UniqueConstraint):
            columns = _names(_columns(constraint))
            if constraint.name:
                return [f'.unique_named("{constraint.name}", {columns})']
            return [f".unique({columns})"]
        if isinstance(constraint, sa.CheckConstraint):
            return [f'.check("{constraint.name}", {_quoted(str(constraint.sqltext))})']
        return []

    def _foreign_key(self, constraint: sa.ForeignKeyConstraint) -> str:
        targets = [element.target_fullname.rpartition(".") for element in constraint.elements]
        return self.foreign_key(
            _columns(constraint),
            targets[0][0],
            [target[2] for target in targets],
            constraint.name,
            constraint.ondelete,
            constraint.onupdate,
        )

    def foreign_key(
        self,
        columns: Sequence[str],
        table: str,
        referred: Sequence[str],
        name: Any,
        ondelete: str | None,
        onupdate: str | None,
    ) -> str:
        """A foreign key as Rust makes it."""
        self._used.add("ForeignKey")
        text = f'ForeignKey::new({_names(columns)}, "{table}", {_names(referred)})'
        if name:
            text += f'.named("{name}")'
        text += {"CASCADE": ".on_delete_cascade()", "SET NULL": ".on_delete_set_null()"}.get(
            (ondelete or "").upper(), ""
        )
        return text + (".on_update_cascade()" if (onupdate or "").upper() == "CASCADE" else "")

    def _create_index(self, operation: ops.CreateIndexOp, dialect: str) -> Edit:
        self._used.add("Index")
        columns = [str(column) for column in operation.columns]
        plain = [column.split()[0] for column in columns]
        text = f'Index::new("{operation.index_name}", {_names(plain)})'
        text += "".join(f'.descending("{one.split()[0]}")' for one in columns if " DESC" in one)
        text += ".unique()" if operation.unique else ""
        options = operation.kw
        if dialect == "mysql" and isinstance(lengths := options.get("mysql_length"), dict):
            text += "".join(f'.prefix("{one}", {length})' for one, length in lengths.items())
        if dialect == "postgresql" and (include := options.get("postgresql_include")):
            text += f".include({_names(include)})"
        if (where := options.get(f"{dialect}_where")) is not None:
            text += f".filter({_quoted(str(where))})"
        return operation.table_name, f"t.create_index({text});"

    def _alter_column(self, operation: ops.AlterColumnOp, dialect: str) -> Edit:
        table, column = operation.table_name, operation.column_name
        if operation.modify_name:
            return table, f't.rename_column("{column}", "{operation.modify_name}");'
        self._used.add("ColumnChange")
        change = "ColumnChange::default()"
        if operation.modify_type is not None:
            kind = kind_of(self._types[table, column], dialect)
            variant = f"Varchar({kind})" if kind.isdigit() else VARIANTS.get(kind)
            if variant:
                self._used.add("ColumnType")
                change = f"ColumnChange::to_type(ColumnType::{variant})"
            if collation := COLLATION.search(self._types[table, column][dialect]):
                change += f'.collate("{collation[1]}")'
        if operation.modify_nullable is not None:
            change += f".nullable({str(operation.modify_nullable).lower()})"
        if operation.modify_server_default is None:
            change += ".without_default()"
        elif operation.modify_server_default is not False:
            change += _default(operation.modify_server_default)
        return table, f't.alter_column("{column}", {change});'

    def _drop_constraint(self, operation: ops.DropConstraintOp, _: str) -> Edit | None:
        table, name = operation.table_name, str(operation.constraint_name)
        kind = operation.constraint_type or "constraint"
        if kind == "primary":
            # Another one follows, which takes its place.
            return None
        if kind == "check":
            return table, f't.drop_check("{name}");'
        method = {"foreignkey": "drop_foreign_key", "unique": "drop_unique"}.get(kind)
        columns = self._columns.get((table, name))
        if method and columns:
            return table, f"t.{method}({_names(columns)});"
        return table, f"// MLflow drops the {kind} {name}."


def _add_column(skeleton: Skeleton, operation: ops.AddColumnOp, dialect: str) -> Edit:
    column = skeleton.column(operation.table_name, operation.column, dialect)
    return operation.table_name, f"t.add_column({column});"


def _drop_column(_: Skeleton, operation: ops.DropColumnOp, __: str) -> Edit:
    return operation.table_name, f't.drop_column("{operation.column_name}");'


def _drop_index(_: Skeleton, operation: ops.DropIndexOp, __: str) -> Edit:
    return operation.table_name, f't.drop_index("{operation.index_name}");'


def _primary_key(_: Skeleton, operation: ops.CreatePrimaryKeyOp, __: str) -> Edit:
    columns = _names(operation.columns)
    return operation.table_name, f't.primary_key("{operation.constraint_name}", {columns});'


def _unique(_: Skeleton, operation: ops.CreateUniqueConstraintOp, __: str) -> Edit:
    columns = _names(operation.columns)
    return operation.table_name, f't.add_unique("{operation.constraint_name}", {columns});'


def _check(_: Skeleton, operation: ops.CreateCheckConstraintOp, __: str) -> Edit:
    return operation.table_name, f"t.add_check({_quoted(str(operation.condition))});"


def _foreign_key(skeleton: Skeleton, operation: ops.CreateForeignKeyOp, _: str) -> Edit:
    key = skeleton.foreign_key(
        operation.local_cols,
        operation.referent_table,
        operation.remote_cols,
        operation.constraint_name,
        operation.kw.get("ondelete"),
        operation.kw.get("onupdate"),
    )
    return operation.source_table, f"t.add_foreign_key({key});"


_RENDERERS: dict[type[ops.MigrateOperation], Callable[[Skeleton, Any, str], Edit]] = {
    ops.CreateTableOp: Skeleton._create_table,
    ops.CreateIndexOp: Skeleton._create_index,
    ops.AlterColumnOp: Skeleton._alter_column,
    ops.DropConstraintOp: Skeleton._drop_constraint,
    ops.AddColumnOp: _add_column,
    ops.DropColumnOp: _drop_column,
    ops.DropIndexOp: _drop_index,
    ops.CreatePrimaryKeyOp: _primary_key,
    ops.CreateUniqueConstraintOp: _unique,
    ops.CreateCheckConstraintOp: _check,
    ops.CreateForeignKeyOp: _foreign_key,
}


def columns_of_constraints(recordings: Iterable[Recording]) -> Columns:
    """What revisions have named, so that a later one can drop it."""
    found: Columns = {}
    for operation in (one for recording in recordings for one in recording.operations):
        if isinstance(operation, ops.CreateForeignKeyOp):
            columns = list(operation.local_cols)
            found[operation.source_table, str(operation.constraint_name)] = columns
        elif isinstance(operation, ops.CreateUniqueConstraintOp):
            columns = [str(one) for one in operation.columns]
            found[operation.table_name, str(operation.constraint_name)] = columns
        elif isinstance(operation, ops.CreateTableOp):
            table = sa.Table(operation.table_name, sa.MetaData(), *_copies(operation.columns))
            for constraint in table.constraints:
                if constraint.name:
                    found[table.name, str(constraint.name)] = _columns(constraint)
    return found


def _copies(items: Sequence[Any]) -> list[Any]:
    copies = [one._copy() for one in items if not isinstance(one, sa.Index)]
    if any(isinstance(one, sa.PrimaryKeyConstraint) for one in copies):
        # SQLAlchemy warns of a key that is named twice, by its columns and by the constraint.
        for one in copies:
            if isinstance(one, sa.Column):
                one.primary_key = False
    return copies


def _in_order(items: Sequence[Any]) -> list[Any]:
    table = sa.Table("t", sa.MetaData(), *_copies(items))
    named = [one for one in table.constraints if one.name or len(_columns(one)) > 1]
    # A set has no order; that of the file is by kind, then as written.
    return sorted(named, key=lambda one: getattr(one, "_creation_order", 0))


def _columns(constraint: Any) -> list[str]:
    return [column.name for column in constraint.columns]


def _default(default: Any) -> str:
    if default is None:
        return ""
    value = getattr(default, "arg", default)
    if isinstance(value, sa.sql.elements.False_):
        return ".default_false()"
    text = str(value)
    return f".server_default({_quoted(text.strip(chr(39)))})"


def _names(names: Iterable[Any]) -> str:
    return f"&[{', '.join(_quoted(str(name)) for name in names)}]"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
