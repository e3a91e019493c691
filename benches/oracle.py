"""What tests/oracle has, for the programs here: MLflow's own chain, databases by path or URL."""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
"""The folder of the clone."""

ORACLE = REPOSITORY / "tests" / "oracle"
"""Where the programs are that run MLflow's own chain."""

# Last, so that a module here is not hidden by one of the same name there.
sys.path.append(str(ORACLE))

from alembic_chain import states  # noqa: E402
from databases import OWN_PREFIX, Database, Server, engine_of, text_of  # noqa: E402
from make_state import make_states  # noqa: E402

__all__ = [
    "ORACLE",
    "OWN_PREFIX",
    "REPOSITORY",
    "Database",
    "Server",
    "engine_of",
    "make_states",
    "states",
    "text_of",
]
