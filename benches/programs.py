"""How either program is called, as a user calls it: starting it is part of the time."""

from __future__ import annotations

import sys
from pathlib import Path

import sqlalchemy as sa

from oracle import ORACLE, states, text_of
from results import MLFLOW, PROGRAMS
from timed_cases import EMPTY, DataSet

# `mlflow db upgrade` makes no database. MLflow's server does, by the same chain from its base.
_CREATE = """
import sys
sys.path.append(sys.argv[1])
from alembic_chain import create_base, upgrade
create_base(sys.argv[2])
upgrade(sys.argv[2], sys.argv[3])
"""


def command(program: str, binary: Path, url: sa.URL, data: DataSet, target: str) -> list[str]:
    """The command line of one of the programs for an upgrade to a revision."""
    assert program in PROGRAMS
    if program == MLFLOW:
        return [sys.executable, *_of_mlflow(text_of(url), data, target)]
    # The original of an empty SQLite database is no file at all.
    return [str(binary), "upgrade", text_of(url), "--to", target, "--quiet", "--create"]


def _of_mlflow(url: str, data: DataSet, target: str) -> list[str]:
    if data.shape == EMPTY:
        return ["-c", _CREATE, str(ORACLE), url, target]
    if target == states()[-1]:
        return ["-m", "mlflow", "db", "upgrade", url]
    return [str(ORACLE / "upgrade.py"), f"{url}={target}"]
