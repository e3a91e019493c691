//! What is malformed, and what is skipped.

use Expected::{Malformed, Skipped};

use super::{File, read, refusal, store};
use crate::{Entries, ReadReport, Table};

const EXPERIMENT_2: File<'static> = ("2/meta.yaml", b"name: second\n");
const TRACE: File<'static> = ("1/traces/t/trace_info.yaml", b"trace_id: t\nstate: OK\n");
const DATASET: File<'static> = ("1/datasets/d/meta.yaml", b"name: d\n");
const MODEL: File<'static> = ("1/models/m/meta.yaml", b"model_id: m\nname: m\n");
const REGISTERED: File<'static> = ("models/m/meta.yaml", b"name: m\n");

/// How an entry is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    Malformed,
    Skipped,
}

/// Files, and what of them is left out: as what, for which table, and why.
type Case = (&'static [File<'static>], Expected, Table, &'static str);

/// MLflow 3.18's command ends at each malformed entry, and writes the rest where one is skipped.
const CASES: &[Case] = &[
    (&[("x/meta.yaml", b"")], Skipped, Table::Experiments, "has a name that is no experiment id"),
    (&[("2/x", b"")], Skipped, Table::Experiments, "has no meta.yaml"),
    (&[("2/meta.yaml", b"")], Skipped, Table::Experiments, "is no valid YAML: it is empty"),
    (&[("2/meta.yaml", b"[]")], Malformed, Table::Experiments, "is no YAML mapping"),
    (&[("2/meta.yaml", b"name: ~")], Malformed, Table::Experiments, "has no value for name"),
    (
        &[("2/meta.yaml", b"name: [a]")],
        Malformed,
        Table::Experiments,
        "has a value for name that is no text",
    ),
    (
        &[("2/meta.yaml", b"lifecycle_stage: gone")],
        Malformed,
        Table::Experiments,
        "has a value for lifecycle_stage that MLflow does not know: gone",
    ),
    (
        &[("2/meta.yaml", b"name: first")],
        Malformed,
        Table::Experiments,
        "has the key of an earlier entry: first",
    ),
    (
        &[("1 /meta.yaml", b"name: x")],
        Malformed,
        Table::Experiments,
        "has the key of an earlier entry: 1",
    ),
    (
        &[(".trash/1/meta.yaml", b"name: x")],
        Malformed,
        Table::Experiments,
        "has the key of an earlier entry: 1",
    ),
    (&[("1/tags/t", b"\xff")], Malformed, Table::ExperimentTags, "is not UTF-8"),
    (&[("1/x/y", b"")], Skipped, Table::Runs, "has no meta.yaml"),
    (&[("1/x/meta.yaml", b"status: 3")], Skipped, Table::Runs, "has neither run_uuid nor run_id"),
    (&[("1/x/meta.yaml", b"\xff")], Skipped, Table::Runs, "is not UTF-8"),
    (
        &[("1/x/meta.yaml", b"a: !!python/object:x {}")],
        Skipped,
        Table::Runs,
        "is no valid YAML: it has a tag that safe_load does not know",
    ),
    (&[("1/x/meta.yaml", b"text")], Malformed, Table::Runs, "is no YAML mapping"),
    (
        &[("1/x/meta.yaml", b"run_uuid: x\nstatus: 9")],
        Malformed,
        Table::Runs,
        "has a value for status that MLflow does not know: 9",
    ),
    (
        &[("1/x/meta.yaml", b"run_uuid: x\nstatus: ~")],
        Malformed,
        Table::Runs,
        "has a value for status that MLflow does not know: None",
    ),
    (
        &[("1/x/meta.yaml", b"run_uuid: x\nsource_type: ''")],
        Malformed,
        Table::Runs,
        "has a value for source_type that MLflow does not know: ",
    ),
    (
        &[("1/x/meta.yaml", b"run_uuid: x\nend_time: 9223372036854775808")],
        Malformed,
        Table::Runs,
        "has a value for end_time that is no integer",
    ),
    (
        &[("1/x/meta.yaml", b"run_uuid: run")],
        Malformed,
        Table::Runs,
        "has the key of an earlier entry: run",
    ),
    (&[("1/run/params/p", b"\xff")], Malformed, Table::Params, "is not UTF-8"),
    (&[("1/run/metrics/m", b"1 2 3\n\n")], Malformed, Table::Metrics, "line 2 is malformed"),
    (&[("1/run/metrics/m", b"1 2 3\n1\n")], Malformed, Table::Metrics, "line 2 is malformed"),
    (&[("1/run/metrics/m", b"1 2 3\n1.0 2 3\n")], Malformed, Table::Metrics, "line 2 is malformed"),
    (&[("1/run/metrics/m", b"1 2 3\n1 x 3\n")], Malformed, Table::Metrics, "line 2 is malformed"),
    (
        &[("1/run/metrics/m", b"1 2 3\n0 2 3\n1 2.0 3 x\n")],
        Malformed,
        Table::Metrics,
        "line 3 repeats an earlier line",
    ),
    (
        &[("1/run/metrics/m", b"1 0.0 3\n1 -0.0 3\n")],
        Malformed,
        Table::Metrics,
        "line 2 repeats an earlier line",
    ),
    (
        &[("1/run/metrics/m", b"1 inf 3\n1 1.7976931348623157e308 3\n")],
        Malformed,
        Table::Metrics,
        "line 2 repeats an earlier line",
    ),
    (&[("1/datasets/d/x", b"")], Skipped, Table::Datasets, "has no meta.yaml"),
    (
        &[("1/datasets/d/meta.yaml", b"source: ~")],
        Malformed,
        Table::Datasets,
        "has no value for source",
    ),
    (
        &[DATASET, ("1/datasets/e/meta.yaml", b"name: d")],
        Malformed,
        Table::Datasets,
        "has the key of an earlier entry: 1 \"d\" \"\"",
    ),
    (
        &[("1/run/inputs/i/meta.yaml", b"source_id: d")],
        Skipped,
        Table::Inputs,
        "belongs to an experiment without datasets, of which MLflow reads no inputs",
    ),
    (
        &[DATASET, ("1/run/inputs/i/meta.yaml", b"source_id: e")],
        Skipped,
        Table::Inputs,
        "refers to a source that does not exist",
    ),
    (
        &[DATASET, ("1/run/inputs/i/meta.yaml", b"source_type: OTHER")],
        Skipped,
        Table::Inputs,
        "refers to a source that does not exist",
    ),
    (
        &[DATASET, ("1/run/inputs/i/meta.yaml", b"source_type: MODEL\nsource_id: ~")],
        Malformed,
        Table::Inputs,
        "has no value for source_id",
    ),
    (
        &[DATASET, ("1/run/inputs/i/meta.yaml", b"source_id: d\ntags: ~")],
        Malformed,
        Table::Inputs,
        "has a value for tags that is no mapping",
    ),
    (
        &[DATASET, ("1/run/inputs/i/meta.yaml", b"source_id: d\ntags: {1: a, '1': b}")],
        Malformed,
        Table::Inputs,
        "has the key of an earlier entry: 1",
    ),
    (
        &[("1/run/outputs/m/meta.yaml", b"step: x")],
        Malformed,
        Table::Inputs,
        "has a value for step that is no integer",
    ),
    (&[("1/traces/t/x", b"")], Skipped, Table::TraceInfo, "has no trace_info.yaml"),
    (
        &[("1/traces/t/trace_info.yaml", b"state: ~")],
        Malformed,
        Table::TraceInfo,
        "has no value for state",
    ),
    (
        &[TRACE, EXPERIMENT_2, ("2/traces/t/trace_info.yaml", b"{}")],
        Malformed,
        Table::TraceInfo,
        "has the key of an earlier entry: t",
    ),
    (&[TRACE, ("1/traces/t/tags/x", b"\xff")], Malformed, Table::TraceTags, "is not UTF-8"),
    (
        &[TRACE, ("1/traces/t/request_metadata/x", b"\xff")],
        Malformed,
        Table::TraceRequestMetadata,
        "is not UTF-8",
    ),
    (
        &[TRACE, ("1/traces/t/assessments/a.yaml", b"{}")],
        Skipped,
        Table::Assessments,
        "holds neither feedback nor an expectation",
    ),
    (
        &[TRACE, ("1/traces/t/assessments/a.yaml", b"feedback: 1")],
        Malformed,
        Table::Assessments,
        "has a value for feedback that is no mapping",
    ),
    (
        &[TRACE, ("1/traces/t/assessments/a.yaml", b"feedback: {value: 2020-01-01}")],
        Malformed,
        Table::Assessments,
        "has YAML that no column takes: JSON has no timestamps",
    ),
    (
        &[TRACE, ("1/traces/t/assessments/a.yaml", b"feedback: {}\nvalid: maybe")],
        Malformed,
        Table::Assessments,
        "has a value for valid that is no boolean",
    ),
    (
        &[TRACE, ("1/traces/t/assessments/a.yaml", b"feedback: {}\nsource: ~")],
        Malformed,
        Table::Assessments,
        "has a value for source that is no mapping",
    ),
    (
        &[
            TRACE,
            ("1/traces/t/assessments/a.yaml", b"feedback: {}"),
            ("1/traces/t/assessments/b.yaml", b"feedback: {}\nassessment_id: a"),
        ],
        Malformed,
        Table::Assessments,
        "has the key of an earlier entry: a",
    ),
    (&[("1/models/m/x", b"")], Skipped, Table::LoggedModels, "has no meta.yaml"),
    (
        &[("1/models/m/meta.yaml", b"status: ~")],
        Malformed,
        Table::LoggedModels,
        "has no value for status",
    ),
    (
        &[MODEL, EXPERIMENT_2, ("2/models/m/meta.yaml", b"{}")],
        Malformed,
        Table::LoggedModels,
        "has the key of an earlier entry: m",
    ),
    (
        &[MODEL, ("1/models/m/metrics/f", b"1 2 3 run\n1 2 3\n")],
        Skipped,
        Table::LoggedModelMetrics,
        "line 2 is malformed",
    ),
    (
        &[MODEL, ("1/models/m/metrics/f", b"1 2 3 run\n1 2 x run\n")],
        Malformed,
        Table::LoggedModelMetrics,
        "line 2 is malformed",
    ),
    (
        &[MODEL, ("1/models/m/metrics/f", b"1 2 3 run\n1 9 3 run d e\n")],
        Malformed,
        Table::LoggedModelMetrics,
        "line 2 repeats an earlier line",
    ),
    (&[("models/m/x", b"")], Skipped, Table::RegisteredModels, "has no meta.yaml"),
    (
        &[REGISTERED, ("models/n/meta.yaml", b"name: m")],
        Malformed,
        Table::RegisteredModels,
        "has the key of an earlier entry: m",
    ),
    (
        &[REGISTERED, ("models/m/version-1/meta.yaml", b"{}")],
        Malformed,
        Table::ModelVersions,
        "has no value for version",
    ),
    (
        &[REGISTERED, ("models/m/version-1/meta.yaml", b"version: x")],
        Malformed,
        Table::ModelVersions,
        "has a value for version that is no integer",
    ),
    (
        &[
            REGISTERED,
            ("models/m/version-1/meta.yaml", b"version: 1"),
            ("models/m/version-2/meta.yaml", b"version: '1'"),
        ],
        Malformed,
        Table::ModelVersions,
        "has the key of an earlier entry: 1",
    ),
    (
        &[REGISTERED, ("models/m/aliases/a", b"x")],
        Skipped,
        Table::RegisteredModelAliases,
        "holds no version",
    ),
    (
        &[REGISTERED, ("models/m/aliases/a", b"\xff")],
        Malformed,
        Table::RegisteredModelAliases,
        "is not UTF-8",
    ),
];

/// Returns the only entry that a report names.
fn only(report: &ReadReport) -> (Expected, Table, String) {
    let of = |class, (table, entries): (&Table, &Entries)| {
        assert_eq!(entries.count, 1, "{entries:?}");
        (class, *table, entries.first[0].reason.to_string())
    };
    let malformed = report.malformed.iter().map(|entries| of(Malformed, entries));
    let all: Vec<_> = malformed.chain(report.skipped.iter().map(|e| of(Skipped, e))).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

#[test]
fn each_entry_is_left_out_with_its_reason() {
    for (files, expected, table, reason) in CASES {
        let folder = store(files);
        let (report, _) = read(folder.path());
        assert_eq!(only(&report), (*expected, *table, (*reason).to_owned()), "{files:?}");
        if *expected == Malformed {
            assert_eq!(only(&refusal(folder.path())).2, *reason);
        }
    }
}
