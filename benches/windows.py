"""Times how long MLflow has to be down for an upgrade: by its own command, by ours, and prepared.

usage: windows.py --binary PATH [options] [CASE ...]     (run.sh windows builds it first)

Prints a Markdown table, and below it what failed, and the slowest steps of each window.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import arguments
import machine
from copies import copies_of
from data_windows import Sizes
from oracle import REPOSITORY
from results import Measured
from window_comparison import (
    CLEANUP,
    MLFLOW,
    PREPARE,
    RELEASES,
    SERVERS,
    UPGRADE,
    WINDOW,
    Phases,
    Result,
    Settings,
    Windows,
)

_COLUMNS = (
    "case",
    "server",
    "`mlflow db upgrade`, s",
    "`upgrade`, s",
    "`prepare`, s",
    "window, s",
    "times shorter",
    "`cleanup`, s",
    "memory, MiB",
    "writer's p99 before, ms",
    "during, ms",
    "ratio",
    "calls during",
    "errors",
    "faults",
)
_STAGES_TOLD = 16


def main() -> int:
    """Measures, and prints the table."""
    options = _parse()
    # So that servers are ended also when this program is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    described = machine.describe(options.binary)
    print(f"{described}\n\n| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}", flush=True)
    measured: list[Result] = []
    prefix = "mlflow-migrate-windows."
    with tempfile.TemporaryDirectory(prefix=prefix, dir=options.folder) as folder:
        for result in _results(options, Path(folder)):
            measured.append(result)
            print(_line(result), flush=True)
            if options.out:
                results = [dataclasses.asdict(each) for each in measured]
                written = json.dumps({"machine": described, "results": results}, indent=1)
                options.out.write_text(f"{written}\n")
    for result in measured:
        print(_details(result))
    return int(any(result.faults for result in measured))


def _results(options: argparse.Namespace, folder: Path) -> Iterator[Result]:
    # A build that replaces the program meanwhile is not to be measured by halves.
    binary = Path(shutil.copy2(options.binary, folder / "mlflow-migrate"))
    settings = Settings(
        binary=binary,
        sizes=Sizes(options.entries, options.params or options.entries // 100, options.traces),
        writers=options.writers if options.writer else None,
        defers_cleanup=options.defer_cleanup,
        data=options.data,
        calm=options.calm,
        repeat=options.repeat,
        limit=options.limit,
        settle=options.settle,
    )
    for server in options.servers:
        with contextlib.closing(copies_of(server, folder / server)) as copies:
            windows = Windows(server, copies, folder, settings)
            yield from windows.results(options.cases or list(RELEASES))


def _line(result: Result) -> str:
    """A line of the table: medians, if a command ran more than once."""
    timed = (MLFLOW, UPGRADE, PREPARE, WINDOW, CLEANUP)
    *commands, cleanup = (result.commands[command] for command in timed)
    mlflow, window = result.commands[MLFLOW].median, result.commands[WINDOW].median
    cells = [
        result.case,
        result.server,
        *map(_seconds, commands),
        f"{mlflow / window:.1f}" if mlflow and window else "-",
        _seconds(cleanup),
        " / ".join(map(_memory, commands)),
        *_writer_cells(result.phases),
        str(len(result.faults)) if result.faults else "none",
    ]
    return f"| {' | '.join(cells)} |"


def _writer_cells(phases: Sequence[Phases]) -> list[str]:
    """The phases with the largest p99 during a preparation."""
    if not phases:
        return ["-"] * 5
    worst = max(phases, key=lambda each: each.during["all"].p99)
    before, during = worst.before["all"], worst.during["all"]
    return [
        f"{before.p99:.1f}",
        f"{during.p99:.1f}",
        f"{during.p99 / before.p99:.2f}" if before.calls and during.calls else "-",
        str(during.calls),
        str(sum(len(each.errors_before) + len(each.errors_during) for each in phases)),
    ]


def _seconds(measured: Measured) -> str:
    if measured.median is not None:
        return f"{measured.median:.2f}"
    trouble = measured.trouble
    if not trouble:
        return "-"
    return f"> {trouble.seconds:.0f}" if trouble.outcome == "limit" else "failed"


def _memory(measured: Measured) -> str:
    return f"{max(run.peak_kib for run in measured.runs) / 1024:.0f}" if measured.runs else "-"


def _details(result: Result) -> str:
    """What failed, and which steps of the last window took its time."""
    lines = [f"\n{result.case} on {result.server} {result.version}: {result.rows}"]
    lines += [f"- load average after {key}: {load}" for key, load in result.load_averages.items()]
    lines += [f"- fault: {fault}" for fault in result.faults]
    slowest = sorted(result.stages, key=lambda stage: -stage.seconds)[:_STAGES_TOLD]
    lines += [f"- {stage.seconds:.3f} s  {stage.title}" for stage in slowest]
    return "\n".join(lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    kept = os.environ.get("MLFLOW_MIGRATE_OLD_MLFLOWS", REPOSITORY / "target" / "old-mlflows")
    add("cases", nargs="*", metavar="CASE", help=f"[{', '.join(RELEASES)}]")
    add("--binary", type=arguments.program, required=True)
    add("--servers", type=arguments.names(SERVERS), default=SERVERS, help=f"[{','.join(SERVERS)}]")
    add("--entries", type=int, default=5_000_000, help="entries of metrics [%(default)s]")
    add("--params", type=int, help="params, and as many tags [one for 100 entries]")
    add("--traces", type=int, default=20_000, help="traces of ten spans each [%(default)s]")
    add("--no-writer", dest="writer", action="store_false", help="nobody logs while it prepares")
    add("--defer-cleanup", action="store_true", help="the window leaves rows, and `cleanup` is timed")
    add(
        "--writers",
        type=Path,
        default=kept,
        help="where old MLflows are, or shall be [%(default)s]",
    )
    add("--calm", type=float, default=20, help="seconds of logging before `prepare` [%(default)s]")
    add("--repeat", type=int, default=1, help="runs of our commands [%(default)s]")
    add("--limit", type=float, default=3600, help="seconds after which a run is killed [3600]")
    add("--settle", type=float, default=2, help="seconds of rest before a timed run [%(default)s]")
    add("--data", type=Path, help="keep the data in this folder, and take them from there later")
    add("--folder", type=Path, help="where servers and copies live [a temporary folder]")
    add("--out", type=Path, help="write everything to this file as JSON")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(RELEASES):
        parser.error(f"no case {', '.join(sorted(unknown))}: {', '.join(RELEASES)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
