"""Times `mlflow db upgrade` and `mlflow-migrate upgrade` on identical copies of the same data.

usage: benchmark.py --binary PATH [options] [CASE ...]
       benchmark.py --from RESULTS.json [--from ...]      the table of earlier results

Prints a Markdown table. README.md beside this file explains cases, settings and columns.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import arguments
import machine
import report
import timed_cases
from comparison import Comparison, Settings
from copies import SERVERS, copies_of
from results import PROGRAMS, Report, Result, read
from timed_cases import Case


def main() -> int:
    """Measures, or reads what was measured, and prints the table."""
    options = _parse()
    if options.stored:
        print(report.table([read(path) for path in options.stored]))
        return 0
    # So that servers are ended also when this program is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    prefix = "mlflow-migrate-benchmark."
    with tempfile.TemporaryDirectory(prefix=prefix, dir=options.folder) as folder:
        measured = _measure(options, Path(folder))
    print(report.table([measured]))
    return int(any(_failed(result) for result in measured.results))


def _measure(options: argparse.Namespace, folder: Path) -> Report:
    """Runs everything; what is measured is written as soon as it is known."""
    # A build that replaces the program meanwhile is not to be measured by halves.
    binary = Path(shutil.copy2(options.binary, folder / "mlflow-migrate"))
    settings = _settings(options, binary)
    described = dataclasses.asdict(settings)
    # Where it lay says nothing to others.
    del described["binary"]
    measured = Report(machine.describe(binary), described | {"servers": {}})
    for server in options.servers:
        with contextlib.closing(copies_of(server, folder / server)) as copies:
            measured.settings["servers"][server] = copies.settings
            for result in Comparison(server, copies, settings).results(_cases(options)):
                measured.results.append(result)
                if options.out:
                    measured.write(options.out)
    return measured


def _failed(result: Result) -> bool:
    troubles = [measured.trouble for measured in result.programs.values()]
    return any(trouble and trouble.outcome == "failed" for trouble in troubles)


def _cases(options: argparse.Namespace) -> list[Case]:
    names = options.cases or ["reference"]
    if options.sizes:
        return [timed_cases.case_of(name, size, size) for name in names for size in options.sizes]
    return [timed_cases.case_of(name, options.entries, options.traces) for name in names]


def _settings(options: argparse.Namespace, binary: Path) -> Settings:
    return Settings(
        binary=binary,
        programs=options.programs,
        repeat=options.repeat,
        limit=options.limit,
        settle=options.settle,
        stale=options.stale,
        counts=options.counts,
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("cases", nargs="*", metavar="CASE", help=f"{', '.join(timed_cases.NAMES)} [reference]")
    add("--binary", type=arguments.program, help="the mlflow-migrate to measure")
    add("--servers", type=arguments.names(SERVERS), default=SERVERS, help=f"[{','.join(SERVERS)}]")
    add("--programs", type=arguments.names(PROGRAMS), default=PROGRAMS, help=f"[{','.join(PROGRAMS)}]")
    add("--entries", type=int, default=timed_cases.REFERENCE_ENTRIES, help="[%(default)s]")
    add("--traces", type=int, default=timed_cases.DEFAULT_TRACES, help="[%(default)s]")
    add("--sizes", type=_numbers, help="run each case at each of these sizes: N,N,...")
    add("--repeat", type=int, default=3, help="timed runs of either program [%(default)s]")
    add("--limit", type=float, default=3600, help="seconds after which a run is killed [3600]")
    add("--settle", type=float, default=2, help="seconds of rest before a timed run [%(default)s]")
    add("--stale", action="store_true", help="leave statistics as a bulk load leaves them")
    add("--no-counts", dest="counts", action="store_false", help="no extra run that is counted")
    add("--folder", type=Path, help="where servers and copies live [a temporary folder]")
    add("--out", type=Path, help="write everything to this file as JSON")
    add("--from", dest="stored", type=Path, action="append", help="print what --out has written")
    options = parser.parse_args()
    unknown = set(options.cases) - set(timed_cases.NAMES)
    if unknown:
        parser.error(f"no case {', '.join(sorted(unknown))}: {', '.join(timed_cases.NAMES)}")
    if not options.binary and not options.stored:
        parser.error("--binary PATH, or --from RESULTS.json")
    return options


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
