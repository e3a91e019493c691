#!/usr/bin/env python3
"""Makes an MLflow file store with everything that a file store can hold.

usage: make_file_store.py FOLDER [RUNS METRICS]

MLflow's own `FileStore` classes write most of it. Layouts of MLflow 1.x, and files that only
another program writes, are plain files. With RUNS and METRICS the store holds as many runs with as
many lines of metrics each, and nothing else: for measurements.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import Any

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

from mlflow.entities import (  # noqa: E402
    AssessmentError,
    AssessmentSource,
    Dataset,
    DatasetInput,
    Expectation,
    ExperimentTag,
    Feedback,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    Param,
    RunStatus,
    RunTag,
    TraceInfo,
    TraceLocation,
    TraceState,
)
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag  # noqa: E402
from mlflow.entities.trace_status import TraceStatus  # noqa: E402
from mlflow.store.model_registry.file_store import FileStore as Registry  # noqa: E402
from mlflow.store.tracking.file_store import FileStore  # noqa: E402
from mlflow.utils.yaml_utils import write_yaml  # noqa: E402

# Texts that YAML, paths and line breaks make awkward.
TEXTS = [
    *["", " ", "plain", "two\nlines\n", "\r\nwindows\r", "tab\there", "ünïcödé 😀 日本語", "null", "~"],
    *["yes", "No", "1", "1_000", "017", "0o17", "1e3", "1.5", "2020-01-01", "2020-01-01T00:00:00Z"],
    *["12:30:45", ".inf", "=", "<<", "- a", "a: b", "a #b", "#", "'", '"', "\\", "%", "@", "`", "&a"],
    *["*a", "!a", "|", ">", "?", "{", "[", ",", "a\u2028b", "a\u2029  b\n", "a\u0085b", "\u2028"],
    *["a \u2028 \n\nb", "x" * 300, "word " * 60, "lots of\n\n\nempty\n lines ", "\ufeffbom", "\x7f"],
    *["\x01", "trailing ", " leading", "a\n b", "a:", ":a", "---", "...", "--- a", "\u00a0", "a\u200bb"],
    "\x1c1\x1c",
]

INTEGERS = [0, 1, -1, 2**31, 2**63, -(2**63), 10**30]
INFINITY = float("inf")
NAN = float("nan")
FLOATS = [0.0, -0.0, 0.1, 1e16, 1e-5, 1e300, -2.5e-300, NAN, INFINITY, -INFINITY]
PIECES = [*TEXTS, "a", "b ", "\n", " ", "'", '"', ": ", " #"]


def some_value(rng: random.Random, depth: int = 0) -> Any:
    """Returns a value of any type that JSON has."""
    kind = rng.randrange(9 if depth < 3 else 7)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([*INTEGERS, rng.randrange(10**9)])
    if kind == 2:
        return rng.choice([*FLOATS, rng.random()])
    if kind == 7:
        return [some_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 8:
        return {some_text(rng): some_value(rng, depth + 1) for _ in range(rng.randrange(4))}
    return some_text(rng)


def some_text(rng: random.Random) -> str:
    """Returns a text of awkward pieces."""
    if rng.random() < 0.4:
        return rng.choice(TEXTS)
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 6)))


def metrics() -> list[Metric]:
    """Returns metrics of a run: values that databases have not, ties, and folders in names."""
    values = [(5, 1.5), (4, NAN), (3, INFINITY), (9, -INFINITY), (1, 1e-310)]
    return [
        *[Metric("loss", value, timestamp, step) for step, (timestamp, value) in enumerate(values)],
        *[Metric("tie", value, 7, 1) for value in (0.5, NAN, -1.0, 0.0)],
        *[Metric("nan first", value, 7, 1) for value in (NAN, 0.0)],
        Metric("a/b/c", 1.0, 1, -5),
        Metric("système/mémoire", 2**53 + 1, 2, 2**40),
    ]


def runs(store: FileStore) -> list[str]:
    """Makes experiments, one of them deleted, with runs."""
    tags = [ExperimentTag("a/b", "x\ny"), ExperimentTag("e", "")]
    experiment = store.create_experiment("ünï: #1 \u2028", "file:///tmp/ärtifacts", tags)
    deleted = store.create_experiment("deleted")
    params = [Param("p", "1"), Param("nested/p", "x y"), Param("e", "")]
    ids = []
    for number, parent in enumerate([experiment, experiment, experiment, "0", deleted]):
        note = RunTag("mlflow.note.content", TEXTS[number])
        tags = [note, RunTag("deep/er/key", "v"), RunTag("empty", "")]
        name = f"run {number}: '\""
        run = store.create_run(parent, "üser", 1_600_000_000_000 + number, tags, name)
        ids.append(run.info.run_id)
        store.log_batch(ids[-1], metrics(), params, [RunTag("ü", "😀")])
    store.update_run_info(ids[0], RunStatus.FINISHED, 1_600_000_100_000, "renamed")
    store.update_run_info(ids[1], RunStatus.FAILED, 1_600_000_200_000, None)
    store.update_run_info(ids[2], RunStatus.KILLED, None, None)
    store.delete_run(ids[2])
    data = Dataset("data: 1", "digest1", "local", '{"uri": "x"}', '{"schema": 1}', None)
    other = Dataset("öther", "digest2", "hf", "{}", None, '{"rows": 3}')
    tags = [InputTag("context", "train"), InputTag("e", "")]
    store.log_inputs(ids[0], [DatasetInput(data, tags), DatasetInput(other, [])])
    store.log_inputs(ids[1], [DatasetInput(data, [InputTag("yes", "1")])])
    store.delete_experiment(deleted)
    return ids


def logged_models(store: FileStore, ids: list[str]) -> None:
    """Makes logged models, inputs and outputs of runs, and metrics of models."""
    experiment = store.get_run(ids[0]).info.experiment_id
    for number in range(3):
        tags, params = [LoggedModelTag("t/u", "x\n")], [LoggedModelParameter("p", "ü")]
        name = f"model-{number}"
        model = store.create_logged_model(experiment, name, ids[0], tags, params, "agent")
        store.log_inputs(ids[1], None, [LoggedModelInput(model.model_id)])
        store.log_outputs(ids[0], [LoggedModelOutput(model.model_id, number)])
        metric = {"model_id": model.model_id, "run_id": ids[0]}
        time = 10 * number
        store.log_metric(ids[0], Metric("f1", 0.5, time, 0, **metric))
        store.log_metric(ids[0], Metric("f1", NAN, time + 1, 0, **metric))
        store.log_metric(ids[1], Metric("f1", INFINITY, time + 1, 0, **metric))
        dataset = {"dataset_name": "d", "dataset_digest": "x"}
        store.log_metric(ids[0], Metric("g/h", 1.0, time, 1, **dataset, **metric))
        if number == 1:
            store.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        if number == 2:
            store.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
            store.delete_logged_model(model.model_id)


USAGE = """{"input_tokens": 1, "output_tokens": 2.0, "total_tokens": "3",
    "cache_read_input_tokens": 1.5, "other": 1}"""
METADATA = {
    "mlflow.trace.session": "s" * 300,
    "mlflow.trace.tokenUsage": USAGE,
    "mlflow.trace.cost": '{"input_cost": 0.1, "total_cost": "1e400"}',
    "mlflow.trace_schema.version": "3",
    "e": "",
    "ü": "x\ny",
}


def traces(store: FileStore, run: str) -> str:
    """Makes traces of versions 3 and 2 with assessments, and returns the experiment."""
    experiment = store.get_run(run).info.experiment_id
    for number, state in enumerate([TraceState.OK, TraceState.ERROR, TraceState.IN_PROGRESS]):
        store.start_trace(
            TraceInfo(
                trace_id=f"tr-{number}",
                trace_location=TraceLocation.from_experiment_id(experiment),
                request_time=1_746_102_896_789 + number,
                state=state,
                request_preview=TEXTS[number + 4],
                response_preview="r\u2028s",
                client_request_id=f"c{number}",
                execution_duration=[None, 0, 17][number],
                trace_metadata=METADATA if number else {},
                tags={"mlflow.traceName": "n" * 5000, "t": "v"} if number else {},
            )
        )
        assessments(store, f"tr-{number}")
    tags = {"mlflow.traceName": "v2", "x": "y"}
    trace = store.deprecated_start_trace_v2(experiment, 1_600_000_000_123, {"k": "v"}, tags)
    end = (1_600_000_000_456, TraceStatus.OK, {"end": "1"}, {"y": "z"})
    store.deprecated_end_trace_v2(trace.request_id, *end)
    return experiment


def assessments(store: FileStore, trace: str) -> None:
    """Makes assessments of a trace: of each kind, changed, and overridden."""
    human = {"trace_id": trace, "source": AssessmentSource("HUMAN", "üser")}
    code = {"trace_id": trace, "source": AssessmentSource("CODE")}
    correct = Feedback("correct", True, rationale="because\n", metadata={"k": "v"}, **human)
    first = store.create_assessment(correct).assessment_id
    store.create_assessment(Expectation("expected", {"a": [1, 2.5, None]}, **human))
    store.create_assessment(Expectation("number", 2, **human))
    error = AssessmentError("CODE", "message\n")
    store.create_assessment(Feedback("failed", error=error, **code))
    store.update_assessment(trace, first, feedback=None, rationale="better")
    store.create_assessment(Feedback("correct", "yes", overrides=first, **human))


def registry(root: Path) -> None:
    """Makes registered models."""
    store = Registry(str(root))
    name = "mödel #1"
    tags = [RegisteredModelTag("a/b", "x"), RegisteredModelTag("e", "")]
    store.create_registered_model(name, tags, "text\nof two lines")
    store.create_registered_model("empty")
    for number in range(11):
        tags = [ModelVersionTag("v/w", str(number))]
        origin = (f"s3://bucket/{number}", f"{number:032}")
        store.create_model_version(name, *origin, tags, "https://link", "version")
    store.transition_model_version_stage(name, "2", "Production", False)
    store.set_registered_model_alias(name, "champion", "3")
    store.set_registered_model_alias(name, "2", "11")
    store.delete_model_version(name, "4")


def write(path: Path, content: str | bytes = b"") -> None:
    """Writes a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


OLD_RUN = """artifact_uri: /old/mlruns/{experiment}/{run}/artifacts
end_time: {end}
entry_point_name: main
experiment_id: {experiment}
{name}lifecycle_stage: {stage}
run_uuid: {run}
source_name: /home/user/train.py
source_type: {source}
source_version: 0123abc
start_time: 1530000000000
status: {status}
tags: []
user_id: user
"""


# Of each old run: status, type of the source, stage, name, and end.
OLD_RUNS = [
    (3, 4, "active", "name: ''\n", "1530000100000"),
    (1, 1, "active", "", "null"),
    ("FINISHED", "LOCAL", "deleted", "name: 7\nrun_name: ''\n", "~"),
    (5, "NOTEBOOK", "active", "name: yes\nrun_id: other\n", "'1530000100000'"),
    (4, "~", "~", "name: 2020-01-02 03:04:05.60 +1\n", "1_530"),
]


def old_layouts(root: Path) -> None:
    """Writes what MLflow 0.x and 1.x left, and what people and other programs make of a store."""
    old = root / "77"
    write(old / "meta.yaml", "artifact_location: mlruns/77\nexperiment_id: 77\nname: from 0.8\n")
    times = "creation_time: '12'\nlast_update_time: 1.0\n"
    write(root / "-3" / "meta.yaml", f"name: ~x\nlifecycle_stage: ~\nartifact_location: 1.50\n{times}")
    write(root / "1_000" / "meta.yaml", "{}\n")
    write(root / "notes" / "x", "no experiment")
    write(root / ".trash" / "88" / "meta.yaml", "name: 2020-01-02\nlifecycle_stage: deleted\n")
    write(root / ".trash" / "88" / "artifacts" / "x", "no run")
    for number, (status, source, stage, name, end) in enumerate(OLD_RUNS):
        run = f"{number:x}" * 32
        values = {"status": status, "source": source, "stage": stage, "name": name, "end": end}
        meta = OLD_RUN.format(experiment=77, run=f"'{run}'", **values)
        write(old / run / "meta.yaml", meta)
        lines = "1 2 3 name digest\n  2 1_0.5 \u0665  \r\n3 -Infinity -4"
        write(old / run / "metrics" / "more" / "fields", lines)
        lines = "1530000000 0.5\n1530000001 nan\n1530000001 0.25\n"
        write(old / run / "metrics" / "two fields", lines)
        write(old / run / "metrics" / "empty")
        write(old / run / "params" / ".hidden", "\ufeffx\r\n")
        write(old / run / "tags" / "mlflow.runName", "old name\r")
        write(old / run / "artifacts" / "model" / "MLmodel", "x")
    write(old / "no id" / "meta.yaml", "status: 1\n")
    write(old / "bad yaml" / "meta.yaml", "a: [\n")
    write(old / "latin" / "meta.yaml", b"run_id: \xe4\n")
    write(old / "empty" / "meta.yaml")
    typed = "run_uuid: ''\nrun_id: 12345\nuser_id: no\nsource_name: ~\nartifact_uri: 1e3\n"
    write(old / "typed" / "meta.yaml", typed)
    write(old / "orphan" / "outputs" / "m-1" / "meta.yaml", "step: '5'\n")
    links(old)
    models(root / "models")


def links(experiment: Path) -> None:
    """Writes a run with links: to a folder, to a file, to nothing, and in a circle."""
    run = experiment / "linked"
    write(run / "meta.yaml", "run_id: linked\n")
    (run / "tags").symlink_to(experiment / ("0" * 32) / "tags")
    (run / "params").mkdir()
    (run / "params" / "loop").symlink_to(run)
    (run / "params" / "file").symlink_to(run / "meta.yaml")
    (run / "params" / "gone").symlink_to(experiment / "nowhere")


def models(folder: Path) -> None:
    """Writes registered models as MLflow would not."""
    write(folder / "old" / "meta.yaml", "creation_timestamp: 1\nlast_updated_timestamp: ~\n")
    version = "version: 2.0\nstatus: ~\ncurrent_stage: ~\nrun_id: 12\n"
    write(folder / "old" / "version-x" / "meta.yaml", version)
    write(folder / "old" / "aliases" / "one", " 1_0\n")
    write(folder / "old" / "aliases" / "none", "latest")
    write(folder / "bad" / "meta.yaml", "\t")


# YAML 1.1 as only a person would write it: words, and whole values.
WORDS = """yes no on off y n Yes NO true TRUE tRue null ~ Null NULL nULL 1_000 017 0o17 08 0 00 -0 +5
0b101 0b_ 0x1F 0xfg 1:30 190:20:30 1:60 -1:30 1e3 1.e3 1.0e3 1.0e+3 1.5E-2 . .5 -.5 .5e+1 5. 1_0.5_0
1:30.5 1__0 _1 .inf -.Inf +.INF .nan .NaN -.nan 1.2.3 2020-01-01x 0.1 1e400 1.0e+400 -0.0
123456789012345678901234567890 -9223372036854775808 9223372036854775808 0xffffffffffffffff
012345670123456701234567"""
VALUES = [
    *["!!str 5", "!!int '5'", "!!float 5", "!!float '1.5'", "!!bool 'yes'", "!!null x", "! 5"],
    *["! '5'", r'"\u2028\x41\_\N"', "'it''s'", "a b", "[1, yes, [a, {b: c}]]", "&a [1, 2]"],
    *["{a: 1, a: 2, 1: x, 1.5: y, yes: z, ~: w}", "{x: &b {k: v}, y: *b}"],
    *["{<<: {a: 1, b: 2}, b: 3}", "{x: [&c {a: 1}, &d {a: 2, b: 2}], <<: [*c, *d]}"],
    *['"a  \\n  b"', '"folded\\\n      here"', "'single\n\n      quoted'", "|\n    a\n     b\n\n"],
    *[">-\n    a\n    b\n\n    c", "|+\n    a\n\n", "\n    - a\n    -\n      - b"],
    *["a\n    b\n\n    c", "a # comment"],
]
TIMES = [
    *["'2025-05-01T12:34:56'", "2025-05-01T12:34:56Z", "17", "'20250501T123456.5+0200'", "1.5"],
    *["no time", "true"],
]


def random_yaml(folder: Path) -> None:
    """Writes traces, and assessments with any value, as MLflow writes its YAML."""
    rng = random.Random(18)
    trace = folder / "random"
    write(trace / "trace_info.yaml", "request_time: '2025-05-01T12:34:56.7Z'\nstate: OK\n")
    (trace / "assessments").mkdir()
    for number in range(1500):
        kind = "feedback" if number % 3 else "expectation"
        assessment = {"assessment_name": some_text(rng), kind: {"value": some_value(rng)}}
        assessment["rationale"] = some_text(rng)
        if number % 5 == 0:
            assessment["metadata"] = {some_text(rng): some_text(rng)}
        write_yaml(str(trace / "assessments"), f"a-{number}.yaml", assessment)
    for number, value in enumerate([*WORDS.split(), *VALUES]):
        head = f"create_time_ms: {number}\nvalid: {number % 2}\n"
        content = f"{head}feedback:\n  value: {value}\n"
        write(trace / "assessments" / f"s-{number}.yaml", content)
    write(trace / "assessments" / "neither.yaml", "assessment_id: x\n")
    write(trace / "assessments" / "ignored.yml", "feedback: {value: 1}\n")
    for number, time in enumerate(TIMES):
        content = f"request_time: {time}\nstatus: ''\nexecution_time_ms: 0\n"
        write(folder / f"time{number}" / "trace_info.yaml", content + "execution_duration_ms: 5\n")


def measured(root: Path, count: int, lines: int) -> None:
    """Writes runs with five metrics, as MLflow's client would."""
    store = FileStore(str(root))
    for number in range(count):
        run = store.create_run("0", "user", number, [], f"run {number}").info.run_id
        folder = root / "0" / run
        for key in range(5):
            write(folder / "params" / f"p{key}", str(key))
            steps = range(lines // 5)
            rows = [f"{1_600_000_000_000 + step} {1 / (step + 1)} {step}\n" for step in steps]
            write(folder / "metrics" / f"m{key}", "".join(rows))


def main() -> None:
    root = Path(sys.argv[1])
    if len(sys.argv) > 2:
        measured(root, int(sys.argv[2]), int(sys.argv[3]))
        return
    store = FileStore(str(root))
    ids = runs(store)
    logged_models(store, ids)
    experiment = traces(store, ids[0])
    registry(root)
    old_layouts(root)
    random_yaml(root / experiment / "traces")


if __name__ == "__main__":
    main()
