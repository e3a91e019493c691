#!/usr/bin/env python3
"""Makes an MLflow file store with everything that a file store can hold.

usage: make_file_store.py FOLDER [RUNS METRICS]

MLflow's own `FileStore` classes write most of it. Layouts of MLflow 1.x, and files that only another
program writes, are plain files. With RUNS and METRICS the store holds as many runs with as many lines
of metrics each, and nothing else: for measurements.
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
from mlflow.entities.trace_status import TraceStatus  # noqa: E402
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag  # noqa: E402
from mlflow.store.model_registry.file_store import FileStore as Registry  # noqa: E402
from mlflow.store.tracking.file_store import FileStore  # noqa: E402
from mlflow.utils.yaml_utils import write_yaml  # noqa: E402

TEXTS = [
    "", " ", "plain", "two\nlines\n", "\r\nwindows\r", "tab\there", "ünïcödé 😀 日本語", "null", "~", "yes", "No", "1",
    "1_000", "017", "0o17", "1e3", "1.5", "2020-01-01", "2020-01-01T00:00:00Z", "12:30:45", ".inf", "=", "<<", "- a", "a: b",
    "a #b", "#", "'", '"', "\\", "%", "@", "`", "&a", "*a", "!a", "|", ">", "?", "{", "[", ",", "a\u2028b", "a\u2029  b\n",
    "a\u0085b", "\u2028", "a \u2028 \n\nb", "x" * 300, "word " * 60, "lots of\n\n\nempty\n lines ", "\ufeffbom", "\x7f", "\x01",
    "trailing ", " leading", "a\n b", "a:", ":a", "---", "...", "--- a", "\u00a0", "a\u200bb", "\x1c1\x1c",
]


def some_value(rng: random.Random, depth: int = 0) -> Any:
    """Returns a value of any type that JSON has."""
    kind = rng.randrange(9 if depth < 3 else 7)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([0, 1, -1, 2**31, 2**63, -(2**63), 10**30, rng.randrange(10**9)])
    if kind == 2:
        numbers = [0.0, -0.0, 0.1, 1e16, 1e-5, 1e300, -2.5e-300, float("nan"), float("inf"), -float("inf")]
        return rng.choice([*numbers, rng.random()])
    if kind == 7:
        return [some_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 8:
        return {some_text(rng): some_value(rng, depth + 1) for _ in range(rng.randrange(4))}
    return some_text(rng)


def some_text(rng: random.Random) -> str:
    """Returns a text of awkward pieces."""
    if rng.random() < 0.4:
        return rng.choice(TEXTS)
    pieces = [rng.choice([*TEXTS, "a", "b ", "\n", " ", "'", '"', ": ", " #"]) for _ in range(rng.randrange(1, 6))]
    return "".join(pieces)


def runs(store: FileStore) -> list[str]:
    """Makes experiments, one of them deleted, with runs."""
    experiment = store.create_experiment("ünï: #1 \u2028", "file:///tmp/ärtifacts", [ExperimentTag("a/b", "x\ny"), ExperimentTag("e", "")])
    deleted = store.create_experiment("deleted")
    ids = []
    for number, parent in enumerate([experiment, experiment, experiment, "0", deleted]):
        tags = [RunTag("mlflow.note.content", TEXTS[number]), RunTag("deep/er/key", "v"), RunTag("empty", "")]
        run = store.create_run(parent, "üser", 1_600_000_000_000 + number, tags, f"run {number}: '\"")
        ids.append(run.info.run_id)
        metrics = [
            Metric("loss", value, timestamp, step)
            for step, (timestamp, value) in enumerate([(5, 1.5), (4, float("nan")), (3, float("inf")), (9, -float("inf")), (1, 1e-310)])
        ]
        metrics += [Metric("tie", value, 7, 1) for value in (0.5, float("nan"), -1.0, 0.0)]
        metrics += [Metric("nan first", float("nan"), 7, 1), Metric("nan first", 0.0, 7, 1)]
        metrics += [Metric("a/b/c", 1.0, 1, -5), Metric("système/mémoire", 2**53 + 1, 2, 2**40)]
        store.log_batch(ids[-1], metrics, [Param("p", "1"), Param("nested/p", "x y"), Param("e", "")], [RunTag("ü", "😀")])
    store.update_run_info(ids[0], RunStatus.FINISHED, 1_600_000_100_000, "renamed")
    store.update_run_info(ids[1], RunStatus.FAILED, 1_600_000_200_000, None)
    store.update_run_info(ids[2], RunStatus.KILLED, None, None)
    store.delete_run(ids[2])
    data = Dataset("data: 1", "digest1", "local", '{"uri": "x"}', '{"schema": 1}', None)
    other = Dataset("öther", "digest2", "hf", "{}", None, '{"rows": 3}')
    store.log_inputs(ids[0], [DatasetInput(data, [InputTag("context", "train"), InputTag("e", "")]), DatasetInput(other, [])])
    store.log_inputs(ids[1], [DatasetInput(data, [InputTag("yes", "1")])])
    store.delete_experiment(deleted)
    return ids


def logged_models(store: FileStore, ids: list[str]) -> None:
    """Makes logged models, inputs and outputs of runs, and metrics of models."""
    experiment = store.get_run(ids[0]).info.experiment_id
    for number in range(3):
        model = store.create_logged_model(
            experiment, f"model-{number}", ids[0], [LoggedModelTag("t/u", "x\n")], [LoggedModelParameter("p", "ü")], "agent"
        )
        store.log_inputs(ids[1], None, [LoggedModelInput(model.model_id)])
        store.log_outputs(ids[0], [LoggedModelOutput(model.model_id, number)])
        metric = {"model_id": model.model_id, "run_id": ids[0]}
        store.log_metric(ids[0], Metric("f1", 0.5, 10 * number + 1, 0, **metric))
        store.log_metric(ids[0], Metric("f1", float("nan"), 10 * number + 2, 0, **metric))
        store.log_metric(ids[1], Metric("f1", float("inf"), 10 * number + 2, 0, **metric))
        store.log_metric(ids[0], Metric("g/h", 1.0, number, 1, dataset_name="d", dataset_digest="x", **metric))
        if number == 1:
            store.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        if number == 2:
            store.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
            store.delete_logged_model(model.model_id)


def traces(store: FileStore, run: str) -> str:
    """Makes traces of versions 3 and 2 with assessments, and returns the experiment."""
    experiment = store.get_run(run).info.experiment_id
    usage = '{"input_tokens": 1, "output_tokens": 2.0, "total_tokens": "3", "cache_read_input_tokens": 1.5, "other": 1}'
    metadata = {
        "mlflow.trace.session": "s" * 300, "mlflow.trace.tokenUsage": usage, "mlflow.trace.cost": '{"input_cost": 0.1, "total_cost": "1e400"}',
        "mlflow.trace_schema.version": "3", "e": "", "ü": "x\ny",
    }
    for number, state in enumerate([TraceState.OK, TraceState.ERROR, TraceState.IN_PROGRESS]):
        info = TraceInfo(
            trace_id=f"tr-{number}", trace_location=TraceLocation.from_experiment_id(experiment), request_time=1_746_102_896_789 + number,
            state=state, request_preview=TEXTS[number + 4], response_preview="r\u2028s", client_request_id=f"c{number}",
            execution_duration=[None, 0, 17][number], trace_metadata=metadata if number else {}, tags={"mlflow.traceName": "n" * 5000, "t": "v"} if number else {},
        )
        store.start_trace(info)
        human, code = AssessmentSource("HUMAN", "üser"), AssessmentSource("CODE")
        feedback = store.create_assessment(Feedback("correct", True, trace_id=info.trace_id, source=human, rationale="because\n", metadata={"k": "v"}))
        store.create_assessment(Expectation("expected", {"a": [1, 2.5, None]}, trace_id=info.trace_id, source=human))
        store.create_assessment(Feedback("failed", error=AssessmentError("CODE", "message\n"), trace_id=info.trace_id, source=code))
        store.update_assessment(info.trace_id, feedback.assessment_id, feedback=None, rationale="better")
        store.create_assessment(Feedback("correct", "yes", trace_id=info.trace_id, source=human, overrides=feedback.assessment_id))
    started = store.deprecated_start_trace_v2(experiment, 1_600_000_000_123, {"k": "v"}, {"mlflow.traceName": "v2", "x": "y"})
    store.deprecated_end_trace_v2(started.request_id, 1_600_000_000_456, TraceStatus.OK, {"end": "1"}, {"y": "z"})
    return experiment


def registry(root: Path) -> None:
    """Makes registered models."""
    store = Registry(str(root))
    store.create_registered_model("mödel #1", [RegisteredModelTag("a/b", "x"), RegisteredModelTag("e", "")], "text\nof two lines")
    store.create_registered_model("empty")
    for number in range(11):
        store.create_model_version("mödel #1", f"s3://bucket/{number}", f"{number:032}", [ModelVersionTag("v/w", str(number))], "https://link", "version")
    store.transition_model_version_stage("mödel #1", "2", "Production", False)
    store.set_registered_model_alias("mödel #1", "champion", "3")
    store.set_registered_model_alias("mödel #1", "2", "11")
    store.delete_model_version("mödel #1", "4")


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


def old_layouts(root: Path) -> None:
    """Writes what MLflow 0.x and 1.x left, and what people and other programs make of a file store."""
    write(root / "77" / "meta.yaml", "artifact_location: mlruns/77\nexperiment_id: 77\nname: from 0.8\n")
    write(root / "-3" / "meta.yaml", "name: ~x\nlifecycle_stage: ~\ncreation_time: '12'\nlast_update_time: 1.0\nartifact_location: 1.50\n")
    write(root / "1_000" / "meta.yaml", "{}\n")
    write(root / "notes" / "x", "no experiment")
    write(root / ".trash" / "88" / "meta.yaml", "name: 2020-01-02\nlifecycle_stage: deleted\n")
    write(root / ".trash" / "88" / "artifacts" / "x", "no run")
    for number, (status, source, stage, name, end) in enumerate([
        (3, 4, "active", "name: ''\n", "1530000100000"), (1, 1, "active", "", "null"), ("FINISHED", "LOCAL", "deleted", "name: 7\nrun_name: ''\n", "~"),
        (5, "NOTEBOOK", "active", "name: yes\nrun_id: other\n", "'1530000100000'"), (4, "~", "~", "name: 2020-01-02 03:04:05.60 +1\n", "1_530"),
    ]):
        run = f"{number:x}" * 32
        folder = root / "77" / run
        write(folder / "meta.yaml", OLD_RUN.format(experiment=77, run=f"'{run}'", status=status, source=source, stage=stage, name=name, end=end))
        write(folder / "metrics" / "two fields", "1530000000 0.5\n1530000001 nan\n1530000001 0.25\n")
        write(folder / "metrics" / "more" / "fields", "1 2 3 name digest\n  2 1_0.5 \u0665  \r\n3 -Infinity -4")
        write(folder / "metrics" / "empty")
        write(folder / "params" / ".hidden", "\ufeffx\r\n")
        write(folder / "tags" / "mlflow.runName", "old name\r")
        write(folder / "artifacts" / "model" / "MLmodel", "x")
    write(root / "77" / "no id" / "meta.yaml", "status: 1\n")
    write(root / "77" / "bad yaml" / "meta.yaml", "a: [\n")
    write(root / "77" / "latin" / "meta.yaml", b"run_id: \xe4\n")
    write(root / "77" / "empty" / "meta.yaml")
    write(root / "77" / "linked" / "meta.yaml", "run_id: linked\n")
    (root / "77" / "linked" / "tags").symlink_to(root / "77" / ("0" * 32) / "tags")
    (root / "77" / "linked" / "params").mkdir()
    (root / "77" / "linked" / "params" / "loop").symlink_to(root / "77" / "linked")
    (root / "77" / "linked" / "params" / "file").symlink_to(root / "77" / "linked" / "meta.yaml")
    (root / "77" / "linked" / "params" / "gone").symlink_to(root / "nowhere")
    (root / "77" / ("f" * 32)).symlink_to(root / "77" / "linked2")
    write(root / "77" / "linked2" / "meta.yaml", "run_uuid: ''\nrun_id: 12345\nuser_id: no\nsource_name: ~\nartifact_uri: 1e3\n")
    (root / "77" / ("f" * 32)).unlink()
    write(root / "77" / "orphan" / "outputs" / "m-1" / "meta.yaml", "step: '5'\n")
    models = root / "models"
    write(models / "old" / "meta.yaml", "creation_timestamp: 1\nlast_updated_timestamp: ~\n")
    write(models / "old" / "version-x" / "meta.yaml", "version: 2.0\nstatus: ~\ncurrent_stage: ~\nrun_id: 12\n")
    write(models / "old" / "aliases" / "one", " 1_0\n")
    write(models / "old" / "aliases" / "none", "latest")
    write(models / "bad" / "meta.yaml", "\t")


# YAML 1.1 as only a person would write it: words, and whole values.
WORDS = """yes no on off y n Yes NO true TRUE tRue null ~ Null NULL nULL 1_000 017 0o17 08 0 00 -0 +5 0b101 0b_ 0x1F 0xfg 1:30
190:20:30 1:60 -1:30 1e3 1.e3 1.0e3 1.0e+3 1.5E-2 . .5 -.5 .5e+1 5. 1_0.5_0 1:30.5 1__0 _1 .inf -.Inf +.INF .nan .NaN -.nan 1.2.3
2020-01-01x 0.1 1e400 1.0e+400 -0.0 123456789012345678901234567890 -9223372036854775808 9223372036854775808 0xffffffffffffffff
012345670123456701234567"""
VALUES = [
    "!!str 5", "!!int '5'", "!!float 5", "!!float '1.5'", "!!bool 'yes'", "!!null x", "! 5", "! '5'", r'"\u2028\x41\_\N"', "'it''s'", "a b",
    "[1, yes, [a, {b: c}]]", "{a: 1, a: 2, 1: x, 1.5: y, yes: z, ~: w}", "&a [1, 2]", "{x: &b {k: v}, y: *b}", "{<<: {a: 1, b: 2}, b: 3}",
    "{x: [&c {a: 1}, &d {a: 2, b: 2}], <<: [*c, *d]}", '"a  \\n  b"', '"folded\\\n      here"', "'single\n\n      quoted'",
    "|\n    a\n     b\n\n", ">-\n    a\n    b\n\n    c", "|+\n    a\n\n", "\n    - a\n    -\n      - b", "a\n    b\n\n    c", "a # comment",
]


def random_yaml(root: Path, experiment: str) -> None:
    """Writes assessments with any value, by the program that MLflow writes its YAML with."""
    rng = random.Random(18)
    folder = root / experiment / "traces" / "random" / "assessments"
    write(folder.parent / "trace_info.yaml", "request_time: '2025-05-01T12:34:56.7Z'\nstate: OK\nexecution_duration_ms: 5\n")
    folder.mkdir()
    for number in range(1500):
        kind = "feedback" if number % 3 else "expectation"
        assessment = {"assessment_name": some_text(rng), kind: {"value": some_value(rng)}, "rationale": some_text(rng)}
        if number % 5 == 0:
            assessment["metadata"] = {some_text(rng): some_text(rng)}
        write_yaml(str(folder), f"a-{number}.yaml", assessment)
    for number, value in enumerate([*WORDS.split(), *VALUES]):
        content = f"create_time_ms: {number}\nvalid: {number % 2}\nfeedback:\n  value: {value}\n"
        write(folder / f"s-{number}.yaml", content)
    write(folder / "neither.yaml", "assessment_id: x\n")
    write(folder / "ignored.yml", "feedback: {value: 1}\n")
    for number, time in enumerate(["'2025-05-01T12:34:56'", "2025-05-01T12:34:56Z", "17", "'20250501T123456.5+0200'", "1.5", "no time", "true"]):
        write(root / experiment / "traces" / f"time{number}" / "trace_info.yaml", f"request_time: {time}\nstatus: ''\nexecution_time_ms: 0\n")


def measured(root: Path, count: int, lines: int) -> None:
    """Writes runs with five metrics, as MLflow's client would."""
    store = FileStore(str(root))
    for number in range(count):
        run = store.create_run("0", "user", number, [], f"run {number}").info.run_id
        folder = root / "0" / run
        for key in range(5):
            write(folder / "params" / f"p{key}", str(key))
            values = (f"{1_600_000_000_000 + step} {1 / (step + 1)} {step}\n" for step in range(lines // 5))
            write(folder / "metrics" / f"m{key}", "".join(values))


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
    random_yaml(root, experiment)


if __name__ == "__main__":
    main()
