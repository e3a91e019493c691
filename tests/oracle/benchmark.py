"""Times `mlflow db upgrade` and `mlflow-migrate upgrade` on copies of the same SQLite database.

usage: benchmark.py --binary PATH [--repeat N] [--entries N] [CASE ...]

Prints a Markdown table with medians, their ratio and the peak memory of either program. Both run as
commands, one after the other in turn, so what else the machine does falls on both. The data set is
that of MLflow's own README on 89d4b8295536: 186 runs, 3702 metrics, 466,860 entries.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from make_state import make_states

RUNS = 186
METRICS = 3702
ENTRIES = 466_860
CASES = {
    "readme": ("MLflow 1.2.0 (7ac759974ad8) to head", "7ac759974ad8"),
    "base": ("MLflow 0.9.1 to head", "base"),
    "empty": ("an empty database to head", None),
}


def fill(path: Path, entries: int) -> None:
    """Adds runs and metric entries, in the order in which a server would log them."""
    chance = random.Random(89)
    runs = [f"{chance.getrandbits(128):032x}" for _ in range(RUNS)]
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'e', 'active')"
    )
    connection.executemany(
        "INSERT INTO runs (run_uuid, experiment_id, status, source_type, lifecycle_stage)"
        " VALUES (?, 1, 'FINISHED', 'LOCAL', 'active')",
        [(run,) for run in runs],
    )
    connection.executemany(
        "INSERT INTO metrics (key, value, timestamp, run_uuid) VALUES (?, ?, ?, ?)",
        _entries(runs, entries, chance),
    )
    connection.commit()
    connection.close()


def _entries(
    runs: list[str], entries: int, chance: random.Random
) -> Iterator[tuple[str, float, int, str]]:
    for number in range(entries):
        point, metric = divmod(number, METRICS)
        key, run = divmod(metric, RUNS)
        yield f"metric_{key}", chance.random(), 1_560_000_000_000 + point * 1000, runs[run]


def measure(command: list[str]) -> tuple[float, int]:
    """Seconds and KiB of peak memory of one run of a command, which must succeed."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        peak = 0
        while child.poll() is None:
            peak = max(peak, _peak_of(child.pid))
            time.sleep(0.005)
        seconds = time.perf_counter() - started
        if child.returncode != 0:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode(errors='replace')}")
    return seconds, peak


def _peak_of(process: int) -> int:
    """The most memory a process has had so far. (`ru_maxrss` begins with that of its parent.)"""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    peak = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak[0].split()[1]) if peak else 0


def compare(binary: Path, original: Path | None, folder: Path, repeat: int) -> list[list[float]]:
    """Runs both programs in turn; seconds and KiB of MLflow, then of this tool."""
    found: list[list[float]] = [[], [], [], []]
    for number in range(repeat):
        for program in (0, 1):
            path = folder / f"copy-{number}-{program}.db"
            if original:
                shutil.copy(original, path)
            mlflow = [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{path}"]
            # `mlflow db upgrade` does not create a database; the server does, by the same chain.
            if original is None:
                code = "from mlflow.store.db.utils import _initialize_tables as i;"
                code += f"import sqlalchemy as s; i(s.create_engine('sqlite:///{path}'))"
                mlflow = [sys.executable, "-c", code]
            command = mlflow if program == 0 else [str(binary), "upgrade", str(path)]
            seconds, memory = measure(command)
            found[program * 2].append(seconds)
            found[program * 2 + 1].append(memory)
            path.unlink()
    return found


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    arguments = parser.parse_args()
    print("| from | metric entries | mlflow db upgrade | mlflow-migrate | ratio | memory |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in arguments.cases or CASES:
            title, state = CASES[case]
            original = folder / f"{case}.db" if state else None
            if original:
                make_states({state: original})
                fill(original, arguments.entries)
            found = compare(arguments.binary.resolve(), original, folder, arguments.repeat)
            mlflow, mlflow_memory, own, own_memory = (statistics.median(each) for each in found)
            print(
                f"| {title} | {arguments.entries if original else 0:,} | {mlflow:.1f} s"
                f" | {own:.2f} s | {mlflow / own:.0f} x"
                f" | {mlflow_memory / 1024:.0f} / {own_memory / 1024:.0f} MiB |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
