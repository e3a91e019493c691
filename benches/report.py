"""Prints results as a Markdown table."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Iterator

from results import MLFLOW, OWN, PROGRAMS, Counts, Measured, Report, Result

_COLUMNS = (
    "server",
    "case",
    "rows",
    "`mlflow db upgrade`, s",
    "`mlflow-migrate`, s",
    "ratio",
    "memory, MiB",
    "statements",
    "rows sent",
    "MB on the wire",
)


def table(reports: Iterable[Report]) -> str:
    """All results: seconds as **median** (least to most), other pairs as MLflow / ours."""
    lines = [_row(_COLUMNS), _row("---" for _ in _COLUMNS)]
    lines += [_row(_cells(result)) for report in reports for result in report.results]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(result: Result) -> Iterator[str]:
    # MariaDB's, for one, says much more than its numbers.
    version = re.match(r"[\d.]*", result.version)
    yield f"{result.server} {version[0] if version else ''}"
    yield f"{result.case}: {result.state or 'empty'} to {result.target}"
    yield f"{result.rows:,}"
    if result.omitted:
        yield result.omitted
        yield from [""] * (len(_COLUMNS) - 4)
        return
    both = [result.programs.get(program, Measured()) for program in PROGRAMS]
    yield from map(_seconds, both)
    yield _ratio(result.programs)
    yield " / ".join(map(_memory, both))
    counts = [measured.counts for measured in both]
    yield " / ".join(f"{each.statements:,}" if each else "-" for each in counts)
    yield " / ".join(f"{each.rows:,}" if each else "-" for each in counts)
    yield " / ".join(map(_megabytes, counts))


def _seconds(measured: Measured) -> str:
    if not measured.runs:
        return "-"
    if trouble := measured.trouble:
        if trouble.outcome == "limit":
            return f"> {trouble.seconds:.0f}"
        return f"failed: {trouble.message.splitlines()[-1][:80] if trouble.message else ''}"
    times = [run.seconds for run in measured.runs]
    return f"**{_short(statistics.median(times))}** ({_short(min(times))} to {_short(max(times))})"


def _ratio(programs: dict[str, Measured]) -> str:
    if not {MLFLOW, OWN} <= programs.keys() or not (own := programs[OWN].median):
        return "-"
    mlflow = programs[MLFLOW]
    if mlflow.median is not None:
        return f"{_short(mlflow.median / own)} x"
    trouble = mlflow.trouble
    if trouble and trouble.outcome == "limit":
        return f"> {_short(trouble.seconds / own)} x"
    return "-"


def _memory(measured: Measured) -> str:
    return f"{max(run.peak_kib for run in measured.runs) / 1024:.0f}" if measured.runs else "-"


def _megabytes(counts: Counts | None) -> str:
    return f"{(counts.bytes_sent + counts.bytes_received) / 1e6:.1f}" if counts else "-"


def _short(number: float) -> str:
    """Three digits or so, never more than two decimals."""
    return f"{number:.{0 if number >= 100 else 1 if number >= 10 else 2}f}"
