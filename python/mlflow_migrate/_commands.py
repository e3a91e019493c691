"""The program's commands as functions."""

from __future__ import annotations

import os
from typing import Iterator, Mapping, Optional, Union

from ._program import Observer, StrPath, run
from ._reports import CheckReport, Current, Plan, Report

# Whole seconds, or what the program takes: "10s", "2m".
Duration = Union[str, int]


def upgrade(
    url: Optional[StrPath] = None,
    to: Optional[str] = None,
    *,
    assume: Optional[str] = None,
    create: bool = False,
    backup: bool = False,
    backup_to: Optional[StrPath] = None,
    into: Optional[StrPath] = None,
    accept_drift: bool = False,
    skip_invalid: bool = False,
    check_file: bool = True,
    step_by_step: bool = False,
    jobs: Optional[int] = None,
    lock_timeout: Optional[Duration] = None,
    lock_wait: Optional[Duration] = None,
    answer_timeout: Optional[Duration] = None,
    retry_for: Optional[Duration] = None,
    graph: Optional[str] = None,
    on_event: Optional[Observer] = None,
    environment: Optional[Mapping[str, str]] = None,
) -> Report:
    """Upgrades a database, or creates one, and returns what was done.

    Without a URL, MLFLOW_BACKEND_STORE_URI or else MLFLOW_TRACKING_URI names the database. `to` is
    a revision or an MLflow release; the default is the newest revision. `on_event` is called for
    each event as it happens. An exception from it stops the upgrade at the next safe point.

    `graph` is "tracking" or "auth". Without it, every graph with tables in the database is
    upgraded, and the report is that of the last one.
    """
    options = _options(
        to=to,
        assume=assume,
        create=create,
        backup=backup,
        backup_to=backup_to,
        into=into,
        accept_drift=accept_drift,
        skip_invalid=skip_invalid,
        no_check=not check_file,
        step_by_step=step_by_step,
        jobs=jobs,
        lock_timeout=lock_timeout,
        lock_wait=lock_wait,
        answer_timeout=answer_timeout,
        retry_for=retry_for,
        graph=graph,
    )
    line, _ = run("upgrade", list(options), url, environment, on_event)
    return Report.of(line)


def plan(
    url: Optional[StrPath] = None,
    to: Optional[str] = None,
    *,
    assume: Optional[str] = None,
    accept_drift: bool = False,
    step_by_step: bool = False,
    graph: Optional[str] = None,
    environment: Optional[Mapping[str, str]] = None,
) -> Plan:
    """Returns what `upgrade` would do, and changes nothing. `graph` is as with `upgrade`."""
    options = _options(
        to=to,
        assume=assume,
        accept_drift=accept_drift,
        step_by_step=step_by_step,
        graph=graph,
    )
    line, _ = run("plan", list(options), url, environment)
    return Plan.of(line)


def check(
    url: Optional[StrPath] = None,
    to: Optional[str] = None,
    *,
    graph: Optional[str] = None,
    environment: Optional[Mapping[str, str]] = None,
) -> CheckReport:
    """Compares the schema with its revision, and with the newest one or with `to`.

    `graph` is as with `upgrade`.
    """
    options = _options(to=to, graph=graph)
    line, exit_code = run("check", list(options), url, environment)
    return CheckReport.of(line, exit_code)


def current(
    url: Optional[StrPath] = None,
    *,
    graph: Optional[str] = None,
    environment: Optional[Mapping[str, str]] = None,
) -> Current:
    """Returns the database's revision, and which MLflow releases fit.

    `graph` is as with `upgrade`.
    """
    line, _ = run("current", list(_options(graph=graph)), url, environment)
    return Current.of(line)


def _options(**values: Union[None, bool, int, Duration, StrPath]) -> Iterator[str]:
    """Spells options as the program takes them."""
    for name, value in values.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            yield option
        elif isinstance(value, int):
            yield f"{option}={value}"
        else:
            yield f"{option}={os.fspath(value)}"
