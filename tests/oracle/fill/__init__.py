"""Fills a database at any of MLflow's revisions with deterministic rows of awkward values."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from . import assessments, issues, metrics, registry, spans, traces, tracking
from .rows import Filler

# A table that is not named here gets generic rows.
_RECIPES: dict[str, Callable[[Filler], None]] = {
    **tracking.RECIPES,
    **metrics.RECIPES,
    **registry.RECIPES,
    **traces.RECIPES,
    **spans.RECIPES,
    **assessments.RECIPES,
    **issues.RECIPES,
}


def fill(path: Path, seed: int, *, nan_tie: bool = False) -> None:
    """Fills every table of the SQLite database at `path`.

    With `nan_tie`, some metrics have a NaN and a number at their newest step and timestamp, which
    MLflow's own 89d4b8295536 does not survive.
    """
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        filler = Filler(connection, seed, nan_tie)
        for name in filler.tables:
            recipe = _RECIPES.get(name)
            if recipe is None:
                filler.add_generic(name)
            else:
                recipe(filler)
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
        if orphans:
            raise ValueError(f"{path}: rows without their parents: {orphans[:5]}")
    connection.close()
