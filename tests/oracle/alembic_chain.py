"""MLflow's own chain of revisions, run on databases by path or URL."""

from __future__ import annotations

import logging
import warnings

from alembic import command
from alembic.script import ScriptDirectory

from databases import Database, engine_of, text_of

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


def create_base(database: Database) -> None:
    """Makes the tables of MLflow 0.9.1 in a new database."""
    engine = engine_of(database)
    try:
        InitialBase.metadata.create_all(engine)
    finally:
        engine.dispose()


def upgrade(database: Database, target: str = "heads") -> None:
    """Upgrades as `mlflow db upgrade` does, but to any revision."""
    engine = engine_of(database)
    config = _get_alembic_config(text_of(engine.url))
    try:
        with engine.begin() as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config.attributes["connection"] = connection
            command.upgrade(config, target)
    finally:
        engine.dispose()


def prepopulate(database: Database) -> None:
    """Fills the columns for trace analytics, as `mlflow db prepopulate-trace-analytics` does."""
    engine = engine_of(database)
    try:
        prepopulate_trace_analytics(engine)
    finally:
        engine.dispose()
