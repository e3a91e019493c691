"""The model registry."""

from __future__ import annotations

from .rows import Filler, Row
from .values import SPECIAL_ROLES, TEXTS, Role


def fill_registered_models(filler: Filler) -> None:
    """One for each awkward name."""
    for number, text in enumerate(TEXTS):
        role = SPECIAL_ROLES[number] if number < len(SPECIAL_ROLES) else Role.MIXED
        filler.add("registered_models", {"name": text}, role)
    long_name = filler.values("registered_models").long_text(256)
    filler.add("registered_models", {"name": long_name}, Role.LONGEST)


def fill_model_versions(filler: Filler) -> None:
    """None to seven versions a model, not without gaps, some from runs that exist."""
    values = filler.values("model_versions")
    runs = [row["run_uuid"] for row in filler.rows["runs"]]
    for number, model in enumerate(filler.rows["registered_models"]):
        of_model = _shared(model, "name")
        for version in range(1, 2 * (number % 5), 1 + number % 2):
            stated = {**of_model, "version": version}
            if version % 2:
                stated["run_id"] = values.random.choice(runs)
            place = (number + version) % 12
            role = SPECIAL_ROLES[place] if place < len(SPECIAL_ROLES) else Role.MIXED
            filler.add("model_versions", stated, role)
    last = filler.rows["registered_models"][-1]
    of_model = _shared(last, "name")
    filler.add("model_versions", {**of_model, "version": 2**31 - 1}, Role.FULL)


def fill_registered_model_aliases(filler: Filler) -> None:
    """Aliases of versions that exist."""
    for number, version in enumerate(filler.rows["model_versions"]):
        stated = _shared(version, "name", "version")
        alias = TEXTS[number % len(TEXTS)] + str(number)
        filler.add("registered_model_aliases", {**stated, "alias": alias})


def _shared(row: Row, *columns: str) -> Row:
    """The columns by which rows refer to this one, with the workspace once there is one."""
    return {column: row[column] for column in (*columns, "workspace") if column in row}


RECIPES = {
    "registered_models": fill_registered_models,
    "model_versions": fill_model_versions,
    "registered_model_aliases": fill_registered_model_aliases,
}
