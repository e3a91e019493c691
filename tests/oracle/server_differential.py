"""The cases of `differential.py` on one server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

import alembic_chain
import schema_dump
from cases import HEAD, Case, Outcome, run_binary, server_cases
from data_dump import diff_data
from databases import OWN_PREFIX, Server, engine_of, text_of
from fill import fill
from make_state import make_states


def run_on_server(
    url: str,
    binary: Path,
    seed: int,
    *,
    is_all: bool,
    starts: Sequence[str] | None,
    charset: str | None,
    keep: bool,
) -> Iterator[Outcome]:
    """Runs every case of the server, or those from some states; of each the lines that tell how it failed, if it did."""
    server = Server(url)
    cases = server_cases(server, is_all=is_all)
    for number, case in enumerate(cases):
        if starts is not None and case.state not in starts:
            continue
        # With the process's number, since several may use the server at once.
        name = f"{OWN_PREFIX}{os.getpid()}_{number}"
        expected, found = server.url(f"{name}_expected"), server.url(f"{name}_found")
        lines = []
        try:
            _make_start(expected, case, seed, own_charset=None, text_charset=charset)
            if server.is_postgres:
                server.copy(f"{name}_expected", f"{name}_found")
            lines = _run_mlflow(expected, case)
            if not lines:
                if not server.is_postgres:
                    _make_start(found, case, seed, own_charset=charset, text_charset=charset)
                lines = run_binary(binary, text_of(found), case) or list(_compare(expected, found))
        finally:
            if not (lines and keep):
                server.drop(f"{name}_expected")
                server.drop(f"{name}_found")
        if lines and keep:
            lines = [f"kept: {text_of(expected)} {text_of(found)}", *lines]
        yield case, lines


def _make_start(
    url: sa.URL, case: Case, seed: int, *, own_charset: str | None, text_charset: str | None
) -> None:
    make_states({case.state: url}, charset=own_charset)
    fill(url, seed, charset=text_charset)
    if case.is_prepopulated:
        alembic_chain.prepopulate(url)


def _run_mlflow(url: sa.URL, case: Case) -> list[str]:
    """Runs MLflow's upgrade; a line that tells how it failed, if it did."""
    try:
        alembic_chain.upgrade(url, "heads" if case.target == HEAD else case.target)
    except Exception as error:  # Whatever a migration raises, there is nothing to compare with.
        return [f"MLflow itself failed: {error}"]
    return []


def _compare(expected: sa.URL, found: sa.URL) -> Iterator[str]:
    """Lines that tell where the binary's database is not MLflow's."""
    for line in schema_dump.diff(_schema(expected), _schema(found)):
        yield f"schema{line}"
    for line in diff_data(expected, found):
        yield f"data: {line}"


def _schema(url: sa.URL) -> dict[str, object]:
    engine = engine_of(url)
    try:
        schema: dict[str, object] = schema_dump.dump(engine)
        return schema
    finally:
        engine.dispose()
