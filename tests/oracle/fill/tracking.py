"""Experiments, runs, and what is written on a run but for its metrics."""

from __future__ import annotations

from .rows import Filler, Row
from .values import SPECIAL_ROLES, TEXTS, Role

# Up to here the upgrade runs 90e64c465722, in which MLflow maps runs by their experiment: it sees
# one run of each, and crashes on a run without any. Only with one run for each experiment is its
# result right, and thus fit to be compared with.
_BEFORE_USER_TAGS = (None, "451aebb31d03")

# In which it copies the user into a tag, whose value is shorter than `runs.user_id` at that time.
_LONGEST_USER_TAG = 250

_RUNS = 60
_USERS = (
    "alice",
    "Bob Ünïcode 🙂",
    "",
    " ",
    None,
    'O\'Brien "quoted" 100% \\',
    "0",
    "u" * 256,
    "ÄÖ" * 128,
    "alice",
)


def fill_experiments(filler: Filler) -> None:
    """One for each awkward name; the default one has MLflow's id 0."""
    filler.add("experiments", {"experiment_id": 0, "name": "Default", "lifecycle_stage": "active"})
    values = filler.values("experiments")
    filler.add("experiments", {"experiment_id": 2**31 - 2, "name": ""})
    for number, text in enumerate(TEXTS, start=1):
        role = SPECIAL_ROLES[number] if number < len(SPECIAL_ROLES) else Role.MIXED
        filler.add("experiments", {"experiment_id": number, "name": text}, role)
    for number in range(len(TEXTS) + 1, len(TEXTS) + 10):
        long_name = values.long_text(250) + str(number)
        filler.add("experiments", {"experiment_id": 7 * number, "name": long_name})


def fill_runs(filler: Filler) -> None:
    """Runs of every kind; ids that differ by case only, and that are not hexadecimal."""
    values = filler.values("runs")
    columns = filler.tables["runs"].columns
    experiments = [row["experiment_id"] for row in filler.rows["experiments"]]
    longest_user = None
    if filler.revision in _BEFORE_USER_TAGS:
        homes = experiments
        if filler.limits.enforces_lengths:
            longest_user = _LONGEST_USER_TAG
    else:
        homes = [None, None, *(values.random.choice(experiments) for _ in range(_RUNS))]
    ids = ["ABCDEFabcdef00000000000000000000", "abcdefABCDEF00000000000000000000", "My_run-1"]
    ids += [values.identifier(32) for _ in homes]
    for number, (run, home) in enumerate(zip(ids, homes, strict=False)):
        role = SPECIAL_ROLES[number % 12] if number % 12 < len(SPECIAL_ROLES) else Role.MIXED
        user = _USERS[number % len(_USERS)]
        stated = {
            "run_uuid": run,
            "experiment_id": home,
            "user_id": user and user[:longest_user],
        }
        # MLflow cannot show a run without a status, a user and a start. Such a run is kept from its
        # searches by having no lifecycle stage either.
        if role is Role.NULLS or stated["user_id"] is None:
            stated["lifecycle_stage"] = None
        else:
            stated["start_time"] = values.milliseconds()
            for column in ("status", "lifecycle_stage"):
                stated[column] = values.random.choice(columns[column].allowed or ())
        filler.add("runs", stated, role)


def fill_tags(filler: Filler) -> None:
    """Awkward tags on every run, on some the user's name that 90e64c465722 would else add."""
    values = filler.values("tags")
    for number, run in enumerate(filler.rows["runs"]):
        on_run: Row = {"run_uuid": run["run_uuid"]}
        if number % 4 == 1:
            filler.add("tags", {**on_run, "key": "mlflow.user", "value": "someone else"})
        if number % 16 == 3:
            filler.add("tags", {**on_run, "key": "mlflow.user", "value": None})
        if number % 8 == 5:
            filler.add("tags", {**on_run, "key": "MLFLOW.USER", "value": "not the user tag"})
        filler.add("tags", {**on_run, "key": "mlflow.runName", "value": values.text(100)})
        for extra in range(3):
            key = TEXTS[(number * 3 + extra) % len(TEXTS)]
            filler.add("tags", {**on_run, "key": key}, _nth_role(number + extra))
        if number % 4 == 0:
            filler.add("tags", {**on_run, "key": values.long_text(250)}, Role.LONGEST)
    first = filler.rows["runs"][0]["run_uuid"]
    filler.add("tags", {"run_uuid": first, "key": "nul", "value": "before\x00after"})


def fill_params(filler: Filler) -> None:
    """Awkward parameters on every run."""
    values = filler.values("params")
    for number, run in enumerate(filler.rows["runs"]):
        on_run: Row = {"run_uuid": run["run_uuid"]}
        for extra in range(4):
            key = TEXTS[(number * 5 + extra) % len(TEXTS)]
            filler.add("params", {**on_run, "key": key}, _nth_role(number + extra))
        if number % 4 == 0:
            filler.add("params", {**on_run, "key": values.long_text(250)}, Role.LONGEST)
        filler.add("params", {**on_run, "key": ""}, Role.EMPTY)


def _nth_role(number: int) -> Role:
    return SPECIAL_ROLES[number % 10] if number % 10 < len(SPECIAL_ROLES) else Role.MIXED


RECIPES = {
    "experiments": fill_experiments,
    "runs": fill_runs,
    "tags": fill_tags,
    "params": fill_params,
}
