"""MLflow's own chain of revisions, run on SQLite files."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

# MLflow finds fault with its own mlflow-skinny, explains every long migration at length, and uses
# SQLAlchemy in ways that it warns of. Here only errors matter, and those are raised.
logging.disable(logging.WARNING)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mlflow.store.db.trace_analytics_prepopulation import prepopulate_trace_analytics
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase

BASE = "base"
"""The state of MLflow 0.9.1, before any revision."""


def states() -> list[str]:
    """Every state, oldest first: `base`, then each revision in the order of the upgrade."""
    script = ScriptDirectory.from_config(_get_alembic_config("sqlite://"))
    return [BASE, *reversed([revision.revision for revision in script.walk_revisions()])]


def create_base(path: Path) -> None:
    """Makes the tables of MLflow 0.9.1 in a new file."""
    engine = _engine(path)
    InitialBase.metadata.create_all(engine)
    engine.dispose()


def upgrade(path: Path, target: str = "heads") -> None:
    """Upgrades as `mlflow db upgrade` does, but to any revision."""
    engine = _engine(path)
    config = _get_alembic_config(str(engine.url))
    try:
        with engine.begin() as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config.attributes["connection"] = connection
            command.upgrade(config, target)
    finally:
        engine.dispose()


def prepopulate(path: Path) -> None:
    """Fills the trace analytics columns beforehand, as `mlflow db prepopulate-trace-analytics` does."""
    engine = _engine(path)
    try:
        prepopulate_trace_analytics(engine)
    finally:
        engine.dispose()


def _engine(path: Path) -> sa.Engine:
    return sa.create_engine(sa.URL.create("sqlite", database=str(path)))
