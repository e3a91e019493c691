"""Proves that an older MLflow works with databases that were downgraded to its head.

usage: older_mlflow.py PROGRAM RELEASE=PYTHON ... [--server URL ...]

PROGRAM is mlflow-migrate, and PYTHON an interpreter with that release, as benches/old_mlflow.sh makes
it. Each release gets two databases on SQLite, and on each server:

* one that was filled at its head, and upgraded to b7e2c1a4d9f3 (MLflow 3.16),
* one that this environment's MLflow has written to at the newest head, without traces.

Both are downgraded. Then the release opens them, reads every run, metric, trace and model, and writes
its own (open_store.py). A line is printed for each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from databases import Server, text_of
from make_state import make_states

_FOLDER = Path(__file__).parent
_SEED = 7
_BEFORE_TRACE_ANALYTICS = "b7e2c1a4d9f3"


def _run(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _open(python: str | Path, database: str) -> None:
    """Lets a MLflow read a database, and write to it."""
    environment = {"PYTHONPATH": str(_FOLDER), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [str(python), str(_FOLDER / "open_store.py"), database],
        capture_output=True,
        text=True,
        env=environment,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{python} does not open {database}:\n{done.stderr[-2000:]}")


def _head_of(program: Path, release: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "head.db"
        _run(program, "upgrade", "--create", "--quiet", database, "--to", release)
        found = json.loads(_run(program, "current", database, "--json").splitlines()[-1])
        return str(found["revision"])


def _filled(program: Path, release: str, python: str, database: str) -> None:
    make_states({_head_of(program, release): database}, seed=_SEED)
    _run(program, "upgrade", database, "--to", _BEFORE_TRACE_ANALYTICS)
    print(_run(program, "downgrade", database, "--to", release).strip())
    _open(python, database)
    print(f"ok: MLflow {release} opens what was filled at its head, upgraded and downgraded")


def _written(program: Path, release: str, python: str, database: str) -> None:
    _run(program, "upgrade", "--create", database)
    _open(sys.executable, database)
    print(_run(program, "downgrade", database, "--to", release, "--discard").strip())
    _open(python, database)
    print(f"ok: MLflow {release} opens what the newest MLflow has written")


def main() -> None:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("releases", nargs="+", metavar="RELEASE=PYTHON")
    parser.add_argument("--server", action="append", default=[], metavar="URL")
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    for release, python in (release.split("=", 1) for release in arguments.releases):
        for number, work in enumerate([_filled, _written]):
            with tempfile.TemporaryDirectory() as folder:
                work(program, release, python, str(Path(folder) / f"{number}.db"))
            for url in arguments.server:
                server = Server(url)
                name = f"mlflow_migrate_older_{number}"
                try:
                    work(program, release, python, text_of(server.create(name)))
                finally:
                    server.drop(name)


if __name__ == "__main__":
    main()
