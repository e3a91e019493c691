"""Compares what `estimate` predicts with what `upgrade` takes: seconds, and disk space.

usage: estimates.py --binary PATH [options] [CASE ...]   (run.sh estimates builds it first)

Prints a Markdown table. Each run gets a fresh copy of the data: first `estimate`, then `upgrade`.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import stat
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import arguments
import machine
from comparison import fill
from copies import SERVERS, Copies, copies_of
from oracle import states
from servers import Purpose
from timed_cases import REFERENCE_ENTRIES, TRACES, DataSet

_BETWEEN_LOOKS = 0.05
_OLD = "7ac759974ad8"
_MLFLOW_3_9 = "d3e4f5a6b7c8"
_BEFORE_TRACE_ANALYTICS = "b7e2c1a4d9f3"
_TRACES = 20_000
_STEPS_TOLD = 6

CASES = {
    "reference": DataSet("reference", _OLD, REFERENCE_ENTRIES),
    "reference-3.9": DataSet("reference", _MLFLOW_3_9, REFERENCE_ENTRIES),
    "tenfold": DataSet("reference", _OLD, 10 * REFERENCE_ENTRIES),
    "tenfold-3.9": DataSet("reference", _MLFLOW_3_9, 10 * REFERENCE_ENTRIES),
    "traces": DataSet(TRACES, _BEFORE_TRACE_ANALYTICS, _TRACES),
    "traces-3.9": DataSet(TRACES, _MLFLOW_3_9, _TRACES),
}
"""The upgrades to the newest revision that are predicted and measured."""


@dataclass
class Compared:
    """What was predicted, and what was measured."""

    predicted: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    predicted_disk: list[float] = field(default_factory=list)
    disk: list[float] = field(default_factory=list)
    calibration: list[float] = field(default_factory=list)

    def row(self, server: str, case: str) -> str:
        """A line of the table: medians, and their ratios."""
        middle = statistics.median
        seconds, disk = middle(self.seconds), middle(self.disk)
        predicted, room = middle(self.predicted), middle(self.predicted_disk)
        mebibytes = 1 << 20
        return (
            f"| {server} | {case} | {predicted:.2f} ({middle(self.low):.2f} to"
            f" {middle(self.high):.2f}) | {seconds:.2f} | {predicted / seconds:.2f}"
            f" | {room / mebibytes:.0f} | {disk / mebibytes:.0f}"
            f" | {room / disk if disk else float('nan'):.2f} | {middle(self.calibration):.2f} |"
        )


def main() -> int:
    """Measures, and prints the table."""
    options = _parse()
    print(f"{machine.describe(options.binary)}\n")
    print(
        "| server | case | predicted s (range) | measured s | ratio | predicted MiB | measured MiB"
        " | ratio | calibration s |\n|---|---|---|---|---|---|---|---|---|"
    )
    prefix = "mlflow-migrate-estimates."
    with tempfile.TemporaryDirectory(prefix=prefix, dir=options.folder) as folder:
        for server in options.servers:
            where = Path(folder) / server
            with contextlib.closing(copies_of(server, where)) as copies:
                for case in options.cases or CASES:
                    if not _is_possible(copies, case):
                        continue
                    compared = _compare(copies, where, case, options)
                    print(compared.row(server, case), flush=True)
    return 0


def _is_possible(copies: Copies, case: str) -> bool:
    """Whether the server can have the state that the case begins with."""
    order = states()
    newest = order[-1] if copies.newest == "head" else copies.newest
    return order.index(CASES[case].state) < order.index(newest)


def _compare(copies: Copies, where: Path, case: str, options: argparse.Namespace) -> Compared:
    copies.prepare(functools.partial(fill, CASES[case]), stale=False)
    compared = Compared()
    for _ in range(options.repeat):
        with copies.copy(Purpose.TIME) as url:
            os.sync()
            time.sleep(options.settle)
            _run(options.binary, url, copies.newest, where, compared)
    return compared


def _run(binary: Path, url: sa.URL, newest: str, where: Path, compared: Compared) -> None:
    way = [url.render_as_string(hide_password=False), "--to", newest, "--json"]
    predicted = json.loads(_output([binary, "estimate", *way]).splitlines()[-1])
    if predicted["predicted_seconds"] is None:
        raise SystemExit(f"no seconds: {predicted['calibration']}")
    upgrade = [binary, "upgrade", *way]
    with tempfile.TemporaryFile("w+") as written:
        begin = time.perf_counter()
        running = subprocess.Popen([str(part) for part in upgrade], stdout=written)
        watch = _Room(where, running.pid)
        watch.start()
        code = running.wait()
        compared.seconds.append(time.perf_counter() - begin)
        watch.end()
        written.seek(0)
        events = written.read()
    if code:
        raise SystemExit(f"{upgrade}: exit code {code}: {events}")
    compared.disk.append(watch.peak - watch.before)
    compared.predicted.append(predicted["predicted_seconds"]["expected"])
    compared.low.append(predicted["predicted_seconds"]["low"])
    compared.high.append(predicted["predicted_seconds"]["high"])
    compared.predicted_disk.append(sum(predicted["disk"].values()))
    compared.calibration.append(predicted["calibration"]["seconds"])
    _tell_steps(predicted, [json.loads(line) for line in events.splitlines()])


def _tell_steps(predicted: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """Prints the slowest steps, with what was predicted of them."""
    taken = {each["step"]: each for each in events if each["event"] == "step_finished"}
    costs = {cost["step"]: cost["predicted_seconds"]["expected"] for cost in predicted["costs"]}
    for step in sorted(taken, key=lambda step: -taken[step]["seconds"])[:_STEPS_TOLD]:
        seconds, title = taken[step]["seconds"], taken[step]["title"]
        print(f"  {costs.get(step, 0):7.2f} {seconds:7.2f}  {title}", file=sys.stderr)
    steps = sum(each["seconds"] for each in taken.values())
    others = sum(each["seconds"] for step, each in taken.items() if step not in costs)
    small, checks = (predicted[key]["expected"] for key in ("predicted_small_step_seconds", "predicted_check_seconds"))
    rest = f"all steps {steps:.2f}, small ones {others:.2f} (predicted {small:.2f})"
    print(f"  {rest}, checks predicted {checks:.2f}, {predicted['disk']}", file=sys.stderr)


def _output(command: list[object]) -> str:
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{command}: {ran.stderr}{ran.stdout}")
    return ran.stdout


class _Room(threading.Thread):
    """Looks at the room that a folder and the files without a name take, of which the most counts.

    Sorts of InnoDB and SQLite write files that have no name any more.
    """

    def __init__(self, folder: Path, program: int) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        servers = [int(path.read_text()) for path in folder.glob("*/mysqld.pid")]
        self._processes = [program, *servers]
        self._over = threading.Event()
        self.before = self.peak = self._size()

    def run(self) -> None:
        """Looks until the end."""
        while not self._over.wait(_BETWEEN_LOOKS):
            self.peak = max(self.peak, self._size())

    def end(self) -> None:
        """Ends, after a last look."""
        self._over.set()
        self.join()
        self.peak = max(self.peak, self._size())

    def _size(self) -> int:
        return _size(self._folder) + sum(_nameless(process) for process in self._processes)


def _nameless(process: int) -> int:
    """The room of the files that a process has open, and that have no name."""
    total = 0
    with contextlib.suppress(OSError):
        for path in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                found = path.stat()
                if stat.S_ISREG(found.st_mode) and not found.st_nlink:
                    total += found.st_blocks * 512
    return total


def _size(folder: Path) -> int:
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            # A file may go meanwhile.
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_blocks * 512
    return total


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("cases", nargs="*", metavar="CASE", help=f"{', '.join(CASES)} [all]")
    add("--binary", type=arguments.program, required=True, help="the mlflow-migrate to measure")
    add("--servers", type=arguments.names(SERVERS), default=SERVERS, help="[all]")
    add("--repeat", type=int, default=3, help="runs of each case [%(default)s]")
    add("--settle", type=float, default=2, help="seconds of rest before a run [%(default)s]")
    add("--folder", type=Path, help="where servers and copies live [a temporary folder]")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
