"""The schema that a database really has, as far as a filler of rows must know it.

Read from the catalogue and not from a list of MLflow's tables, so that the filler works at every
revision, and fills a table that a later MLflow adds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column that can be written to."""

    name: str
    type: str
    """VARCHAR, TEXT, BIGINT, INTEGER, BOOLEAN, FLOAT, JSON, BLOB or DATE."""
    length: int | None
    nullable: bool
    allowed: tuple[str | int, ...] | None
    """What the table's CHECKs let in, None if they let in everything."""
    is_single: bool = False
    """Whether it is a FLOAT of 32 bits."""


@dataclass(frozen=True)
class ForeignKey:
    """Columns that hold a key of a row in another table."""

    columns: tuple[str, ...]
    table: str
    refs: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table: what its rows need to be accepted."""

    name: str
    columns: dict[str, Column]
    keys: tuple[tuple[str, ...], ...]
    """The primary key and everything else that is unique."""
    foreign_keys: tuple[ForeignKey, ...]
