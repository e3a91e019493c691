"""Proves that MLflow 3.18.0 works with upgraded databases: reads them, and writes to them.

usage: open_store.py DATABASE ...     prints `ok DATABASE` for each; raises at the first that fails

DATABASE is the path of a SQLite file or the URL of a database on a server.
It leaves an experiment and a registered model behind, so give it copies.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import warnings

import sqlalchemy as sa

from databases import Database, engine_of, sqlite_path, text_of, url_of

with warnings.catch_warnings():
    # MLflow finds fault with its own mlflow-skinny.
    warnings.simplefilter("ignore")
    from mlflow.entities import (
        Experiment,
        ExperimentTag,
        Metric,
        Param,
        Run,
        RunTag,
        ViewType,
    )
    from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore
    from mlflow.version import VERSION

# The most that MLflow gives at a time.
_RUNS_PAGE = 50_000
_PAGE = 500
_NEW = f"written by MLflow {VERSION}"


def check_database(database: Database) -> None:
    """Raises unless MLflow reads and writes the database as if it had made it."""
    path = sqlite_path(database)
    uri = text_of(url_of(database)) if path is None else f"sqlite:///{path.resolve()}"
    engine = engine_of(database)
    with tempfile.TemporaryDirectory() as artifacts:
        tracking = TrackingStore(uri, artifacts)
        registry = RegistryStore(uri)
        try:
            with engine.connect() as connection:
                experiments = _check_experiments(tracking, connection)
                runs = _check_runs(tracking, connection, experiments)
                _check_latest_metrics(tracking, connection, runs)
                _check_traces(tracking, connection, experiments)
                _check_registered_models(registry, connection)
            run = _write_run(tracking)
            _write_model(registry, run)
        finally:
            tracking.engine.dispose()
            registry.engine.dispose()
            engine.dispose()


def _count(connection: sa.Connection, table: str, condition: str = "1 = 1") -> int:
    found = connection.execute(sa.text(f"SELECT count(*) FROM {table} WHERE {condition}"))
    return int(found.scalar_one())


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")


def _check_experiments(store: TrackingStore, connection: sa.Connection) -> list[Experiment]:
    found = list(store.search_experiments(ViewType.ALL, _RUNS_PAGE))
    stated = _count(connection, "experiments", "lifecycle_stage IS NOT NULL")
    _expect("experiments", len(found), stated)
    tags = sum(len(experiment.tags) for experiment in found)
    listed = ", ".join(str(int(experiment.experiment_id)) for experiment in found)
    condition = f"experiment_id IN ({listed})"
    _expect("experiment tags", tags, _count(connection, "experiment_tags", condition))
    return found


def _check_runs(
    store: TrackingStore, connection: sa.Connection, experiments: list[Experiment]
) -> list[Run]:
    ids = [experiment.experiment_id for experiment in experiments]
    runs = list(store.search_runs(ids, "", ViewType.ALL, _RUNS_PAGE))
    listed = ", ".join(str(int(experiment)) for experiment in ids)
    found_by_search = f"lifecycle_stage IS NOT NULL AND experiment_id IN ({listed})"
    _expect("runs", len(runs), _count(connection, "runs", found_by_search))
    for run in runs:
        on_run = f"run_uuid = '{run.info.run_id}'"
        _expect("parameters", len(run.data.params), _count(connection, "params", on_run))
        _expect("tags", len(run.data.tags), _count(connection, "tags", on_run))
    return runs


def _check_latest_metrics(
    store: TrackingStore, connection: sa.Connection, runs: list[Run]
) -> None:
    for run in runs:
        run_id = run.info.run_id
        history = list(
            connection.execute(
                sa.text(
                    "SELECT m.key, m.value, m.timestamp, m.step, m.is_nan FROM metrics AS m"
                    " WHERE m.run_uuid = :run"
                ),
                {"run": run_id},
            )
        )
        # Of a NaN and a number that agree in the rest, the number is the latest.
        ordered = sorted(history, key=lambda m: (m.step, m.timestamp, m.value, not m.is_nan))
        expected = {
            m.key: (repr(math.nan if m.is_nan else m.value), m.timestamp, m.step) for m in ordered
        }
        for source, data in (("search_runs", run.data), ("get_run", store.get_run(run_id).data)):
            found = {
                metric.key: (repr(metric.value), metric.timestamp, metric.step)
                for metric in data._metric_objs
            }
            _expect(f"latest metrics of {run_id} by {source}", found, expected)
        for key in list(expected)[:1]:
            entries = sum(m.key == key for m in history)
            _expect(f"history of {key!r}", len(store.get_metric_history(run_id, key)), entries)


def _check_traces(
    store: TrackingStore, connection: sa.Connection, experiments: list[Experiment]
) -> None:
    unreadable = _experiments_with_unreadable_assessments(connection)
    for experiment in experiments:
        number = int(experiment.experiment_id)
        if number in unreadable:
            continue
        traces, _ = store.search_traces(locations=[experiment.experiment_id], max_results=_PAGE)
        condition = f"experiment_id = {number}"
        expected = _count(connection, "trace_info", condition)
        _expect("traces", len(traces), min(expected, _PAGE))


def _experiments_with_unreadable_assessments(connection: sa.Connection) -> set[int]:
    """Experiments that hold an assessment which MLflow's search cannot show, whoever upgraded."""
    found = connection.execute(
        sa.text(
            "SELECT t.experiment_id, a.value FROM assessments AS a"
            " JOIN trace_info AS t ON t.request_id = a.trace_id"
        )
    )
    return {experiment for experiment, value in found if not _is_readable(value)}


def _is_readable(value: str) -> bool:
    try:
        return json.loads(value) is not None
    except ValueError:
        return False


def _check_registered_models(store: RegistryStore, connection: sa.Connection) -> None:
    models = store.search_registered_models(max_results=_PAGE)
    _expect("registered models", len(models), min(_count(connection, "registered_models"), _PAGE))
    versions = store.search_model_versions("", max_results=_PAGE)
    visible = _count(connection, "model_versions", "current_stage <> 'Deleted_Internal'")
    _expect("model versions", len(versions), min(visible, _PAGE))


def _write_run(store: TrackingStore) -> str:
    """Writes an experiment and a run with everything on it, and returns the run's id."""
    experiment = store.create_experiment(_NEW)
    store.set_experiment_tag(experiment, ExperimentTag(_NEW, "yes"))
    _expect("experiment tag", store.get_experiment(experiment).tags[_NEW], "yes")
    run: str = store.create_run(experiment, "user", 1, [RunTag("first", "1")], "name").info.run_id
    store.log_metric(run, Metric("m", 1.0, 10, 1))
    store.log_metric(run, Metric("m", math.nan, 10, 2))
    store.log_metric(run, Metric("m", 3.0, 9, 2))
    store.log_metric(run, Metric("n", math.nan, 1, 0))
    store.log_metric(run, Metric("n", -1.0, 1, 1))
    store.log_param(run, Param("p", "v" * 6000))
    store.set_tag(run, RunTag("t", "v" * 8000))
    data = store.get_run(run).data
    metrics = {metric.key: (repr(metric.value), metric.step) for metric in data._metric_objs}
    _expect("new metrics", metrics, {"m": ("nan", 2), "n": ("-1.0", 1)})
    _expect("new metric's history", len(store.get_metric_history(run, "m")), 3)
    _expect("new parameter", data.params["p"], "v" * 6000)
    _expect("new tags", (data.tags["first"], data.tags["t"]), ("1", "v" * 8000))
    return run


def _write_model(store: RegistryStore, run: str) -> None:
    store.create_registered_model(_NEW, [RegisteredModelTag("t", "1")], "description")
    version = store.create_model_version(_NEW, "s3://bucket/model", run).version
    _expect("version's run", store.get_model_version(_NEW, version).run_id, run)
    store.set_registered_model_tag(_NEW, RegisteredModelTag("t", "2"))
    store.set_model_version_tag(_NEW, version, ModelVersionTag("u", "3"))
    store.set_registered_model_alias(_NEW, "champion", version)
    aliased = store.get_model_version_by_alias(_NEW, "champion")
    _expect("aliased version", (aliased.version, aliased.tags), (version, {"u": "3"}))
    _expect("model's tags", store.get_registered_model(_NEW).tags, {"t": "2"})


def main(arguments: list[str]) -> int:
    """Checks each database in turn."""
    if not arguments:
        print("usage: open_store.py DATABASE ...", file=sys.stderr)
        return 2
    for argument in arguments:
        path = sqlite_path(argument)
        if path is not None and not path.is_file():
            raise FileNotFoundError(f"no database at {path}")
        check_database(argument)
        print(f"ok {argument}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
