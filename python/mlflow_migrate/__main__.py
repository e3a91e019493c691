"""`python -m mlflow_migrate`: the program, and `db upgrade URL` as MLflow has it.

    python -m mlflow_migrate db upgrade sqlite:///mlruns.db
    python -m mlflow_migrate plan sqlite:///mlruns.db

`db upgrade` ends where `mlflow db upgrade` of this environment would: at the revision of the MLflow
that is installed here, or else at the newest one.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Sequence

from ._program import become

USAGE = """usage: python -m mlflow_migrate db upgrade URL
       python -m mlflow_migrate COMMAND ...   any command of mlflow-migrate: see --help

db upgrade takes what `mlflow db upgrade` takes. The other commands of `mlflow db` are MLflow's own."""


def main(arguments: Sequence[str]) -> int:
    """Runs the program; returns an exit code where this process does not become the program."""
    if arguments[:1] != ["db"]:
        return become(arguments, None)
    words = [word for word in arguments[1:] if word != "--"]
    if "--help" in words or "-h" in words:
        print(USAGE)
        return 0
    if len(words) != 2 or words[0] != "upgrade" or words[1].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    # MLflow makes a missing SQLite file, too.
    return become(["upgrade", "--create", *_target()], words[1])


def _target() -> list[str]:
    """The release that this environment has, as options of the program."""
    try:
        metadata.version("mlflow")
    except metadata.PackageNotFoundError:
        return []
    return ["--for", sys.executable]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
