"""Times `mlflow-migrate copy`, and the programs that it can be compared with, on the same data.

usage: copying.py --binary PATH [options] [CASE ...]     (run.sh copy builds it first)

Prints a Markdown table. The programs take turns, each into a database that is new. Afterwards,
`copy --verify-only` compares the rows, and `check` the schema.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import statistics
import sys
import tempfile
from pathlib import Path

import arguments
import data_file_store
import machine
from copy_comparison import CASES, WAYS, Compared, Copying, Settings
from copy_programs import PROGRAMS
from results import OWN
from timed_cases import REFERENCE_ENTRIES

_COLUMNS = (
    "case",
    "from and to",
    "rows",
    "program",
    "s",
    "rows a second",
    "times ours",
    "memory, MiB",
    "the copy",
)


def main() -> int:
    """Measures, and prints the table."""
    options = _parse()
    # So that servers are ended also when this program is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = [field.name for field in dataclasses.fields(Settings)]
    settings = Settings(**{name: getattr(options, name) for name in names})
    described = machine.describe(options.binary)
    print(f"{described}\n\n| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}", flush=True)
    measured: list[Compared] = []
    prefix = "mlflow-migrate-copying."
    with tempfile.TemporaryDirectory(prefix=prefix, dir=options.folder) as folder:
        for compared in Copying(settings, Path(folder)).results(options.cases or CASES):
            own = next((each.median for each in compared if each.program == OWN), None)
            print("\n".join(_line(each, own) for each in compared), flush=True)
            measured += compared
            if options.out:
                results = [dataclasses.asdict(each) for each in measured]
                written = json.dumps({"machine": described, "results": results}, indent=1)
                options.out.write_text(f"{written}\n")
    return int(any(each.median is None for each in measured))


def _line(compared: Compared, own: float | None) -> str:
    """A line of the table; `own` is the median of mlflow-migrate on the same way."""
    cells = [compared.case, compared.way, f"{compared.rows:,}", compared.program]
    if compared.median is None:
        outcome = compared.runs[-1].outcome if compared.runs else "-"
        return f"| {' | '.join([*cells, outcome, '', '', '', compared.found])} |"
    times = [run.seconds for run in compared.runs]
    median = statistics.median(times)
    cells += [
        f"**{median:.2f}** ({min(times):.2f} to {max(times):.2f})",
        f"{compared.rows / median:,.0f}",
        f"{median / own:.1f}" if own and compared.program != OWN else "",
        f"{max(run.peak_kib for run in compared.runs) / 1024:.0f}",
    ]
    return f"| {' | '.join([*cells, compared.found])} |"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("cases", nargs="*", metavar="CASE", help=f"[{', '.join(CASES)}]")
    add("--binary", type=arguments.program, required=True)
    add("--ways", type=arguments.names(WAYS), default=WAYS, help=f"[{','.join(WAYS)}]")
    add("--programs", type=arguments.names(PROGRAMS), default=PROGRAMS, help=f"[{','.join(PROGRAMS)}]")
    add("--entries", type=int, default=REFERENCE_ENTRIES, help="metric entries [%(default)s]")
    add("--traces", type=int, default=20_000, help="traces of ten spans each [%(default)s]")
    add("--runs", type=int, default=data_file_store.RUNS, help="of the file store [%(default)s]")
    add("--lines", type=int, default=data_file_store.LINES, help="of its metrics [%(default)s]")
    add("--repeat", type=int, default=3, help="timed runs of each program [%(default)s]")
    add("--limit", type=float, default=3600, help="seconds after which a run is killed [3600]")
    add("--settle", type=float, default=2, help="seconds of rest before a timed run [%(default)s]")
    add("--folder", type=Path, help="where servers and copies live [a temporary folder]")
    add("--out", type=Path, help="write everything to this file as JSON")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}: {', '.join(CASES)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
