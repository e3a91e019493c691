//! The schema of the JSON Lines: against the code, and against the page that explains it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mlflow_migrate_core::event::{Amount, Event, Phase, Unit, Wait, WaitReason};
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::harness::Check;
use mlflow_migrate_tests::json_schema::{JsonSchema, assert_fits, tables};
use serde_json::{Value, json};

pub(crate) const CHECKS: &[Check] = checks![
    a_key_has_one_meaning,
    every_definition_is_used,
    what_the_code_tells_is_in_the_schema,
    the_page_is_the_schema,
    a_line_that_is_not_in_the_schema_is_refused,
    every_phase_and_wait_is_in_the_schema,
];

/// The words of a key that no enum of core has, since the command line adds them.
const ADDED: [(&str, &[&str]); 2] = [("kind", &["usage", "output"]), ("event", &["error"])];

/// Where the values of a key come from: file, enum, key.
const ENUMS: [(&str, &str, &str); 15] = [
    ("core/src/graphs/mod.rs", "GraphName", "graph"),
    ("core/src/event/mod.rs", "Event", "event"),
    ("cli/src/outcome.rs", "Outcome", "event"),
    ("core/src/error/kind.rs", "ErrorKind", "kind"),
    ("core/src/error/unfinished.rs", "Operation", "operation"),
    ("core/src/event/phase.rs", "Phase", "phase"),
    ("core/src/event/phase.rs", "Unit", "unit"),
    ("core/src/event/step_kind.rs", "StepKind", "step_kind"),
    ("core/src/event/wait.rs", "WaitReason", "wait_reason"),
    ("core/src/plan/lock.rs", "Waiting", "waiting"),
    ("core/src/report/check.rs", "Verdict", "verdict"),
    ("core/src/report/estimate/mod.rs", "CalibrationOutcome", "outcome"),
    ("core/src/report/status.rs", "Status", "status"),
    ("core/src/schema/difference.rs", "DifferenceKind", "difference"),
    ("core/src/upgrade/repair.rs", "Repair", "repair"),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The same key refers to the same definition, whatever event or object has it.
fn a_key_has_one_meaning() {
    let schema = JsonSchema::get().unwrap();
    for (name, definition) in schema.definitions() {
        if name.starts_with("key.") {
            assert!(definition["description"].is_string(), "{name} has no description");
            assert!(definition.get("properties").is_none(), "{name}: an object has a definition");
            continue;
        }
        assert_eq!(definition["additionalProperties"], false, "{name} takes any key");
        let properties = definition["properties"].as_object().unwrap();
        for (key, value) in properties {
            let expected = match name.strip_prefix("event.") {
                Some(event) if key == "event" => json!({ "const": event }),
                _ => json!({ "$ref": format!("#/$defs/key.{key}") }),
            };
            assert_eq!(*value, expected, "{name}: {key}");
        }
        for key in definition["required"].as_array().unwrap() {
            assert!(properties.contains_key(key.as_str().unwrap()), "{name} lacks {key}");
        }
    }
}

fn every_definition_is_used() {
    let schema = JsonSchema::get().unwrap();
    let mut used = BTreeSet::new();
    references(schema.document(), &mut used);
    let names: BTreeSet<String> = schema.definitions().keys().cloned().collect();
    assert_eq!(names, used);
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            let name = reference.map(|it| it.trim_start_matches("#/$defs/").to_owned());
            found.extend(name);
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// Some of these are seen only on a server that is busy enough.
fn every_phase_and_wait_is_in_the_schema() {
    let phases = [
        Phase::Copying,
        Phase::Changing,
        Phase::BuildingIndex { number: 1, count: 2 },
        Phase::BuildingIndexes { count: 2 },
        Phase::Checking,
        Phase::Server { name: "altering table".to_owned() },
    ];
    for phase in phases {
        assert_fits(&Event::Phase { step: 1, phase }, &Value::Null);
    }
    for unit in [Unit::Rows, Unit::Blocks, Unit::Units] {
        let amount = Amount { done: 1, total: None, is_estimate: false, unit };
        assert_fits(&Event::Progress { step: 1, amount }, &Value::Null);
    }
    for reason in [WaitReason::Lock, WaitReason::Upgrade, WaitReason::MlflowUpgrade] {
        let (holders, began_ms) = (vec!["connection 1".to_owned()], Some(1));
        let wait = Wait { reason, holders, began_ms, waited_seconds: 1, limit_seconds: None };
        assert_fits(&Event::Waiting(wait), &Value::Null);
    }
}

/// A variant without a definition, and a definition without a variant, are both wrong.
fn what_the_code_tells_is_in_the_schema() {
    let schema = JsonSchema::get().unwrap();
    let keys: BTreeSet<&str> = ENUMS.iter().map(|(_, _, key)| *key).collect();
    for key in keys {
        let of_key = ENUMS.iter().filter(|(_, _, it)| *it == key);
        let mut expected: BTreeSet<String> =
            of_key.flat_map(|(file, name, _)| variants(file, name)).collect();
        let added = ADDED.iter().filter(|(it, _)| *it == key).flat_map(|(_, words)| *words);
        expected.extend(added.map(|word| (*word).to_owned()));
        let known: BTreeSet<String> = match key {
            "event" => schema.events().into_iter().collect(),
            _ => {
                let definition = &schema.definitions()[&format!("key.{key}")];
                let words = definition["enum"].as_array().unwrap().iter();
                words.map(|word| word.as_str().unwrap().to_owned()).collect()
            }
        };
        assert_eq!(known, expected, "docs/json.schema.json has, and the code has, of {key}");
    }
}

/// The variants of an enum, as JSON names them.
fn variants(file: &str, name: &str) -> Vec<String> {
    let source = std::fs::read_to_string(workspace().join("crates").join(file)).unwrap();
    let (_, body) = source.split_once(&format!("enum {name} {{\n")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let lines: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let before = std::iter::once("").chain(lines.iter().copied());
    let written = before.zip(&lines).filter(|(before, _)| *before != "#[serde(skip)]");
    let written = written.map(|(_, line)| *line);
    let variants = written.filter(|line| line.starts_with(|one: char| one.is_ascii_uppercase()));
    let words = variants.map(|line| line.split(|one: char| !one.is_alphanumeric()).next().unwrap());
    words.map(in_snake_case).collect()
}

fn in_snake_case(word: &str) -> String {
    let mut result = String::new();
    for one in word.chars() {
        if one.is_ascii_uppercase() && !result.is_empty() {
            result.push('_');
        }
        result.push(one.to_ascii_lowercase());
    }
    result
}

/// `INSTA_UPDATE=always` writes the page, as it writes snapshots.
fn the_page_is_the_schema() {
    let file = workspace().join("docs/json.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let expected = tables(JsonSchema::get().unwrap());
    let (heading, _) = expected.split_once('\n').unwrap();
    let (text, found) = page.split_at(page.find(heading).unwrap());
    if found == expected {
        return;
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|it| it == "always") {
        std::fs::write(&file, format!("{text}{expected}")).unwrap();
        return;
    }
    let wrong = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    panic!(
        "docs/json.md is not what docs/json.schema.json says: {wrong:?}; INSTA_UPDATE=always \
         writes it"
    );
}

fn a_line_that_is_not_in_the_schema_is_refused() {
    let schema = JsonSchema::get().unwrap();
    let line = json!({
        "schema_version": 1,
        "tool_version": "0.1.0",
        "time": "2026-01-31T23:59:59.123Z",
        "event": "notice",
        "message": "text",
    });
    schema.validate(&line).unwrap();
    let whole = jsonschema::draft202012::new(schema.document()).unwrap();
    assert!(whole.is_valid(&line));
    let with = |key: &str, value: Value| {
        let mut line = line.clone();
        line[key] = value;
        line
    };
    let mut without = line.clone();
    without.as_object_mut().unwrap().remove("message");
    let cases = [
        (with("more", json!(1)), "'more' was unexpected"),
        (with("message", json!(1)), "is not of type"),
        (with("schema_version", json!(2)), "1 was expected"),
        (with("time", json!("yesterday")), "does not match"),
        (with("event", json!("nothing")), "no such event"),
        (without, "is a required property"),
    ];
    for (line, expected) in cases {
        assert!(!whole.is_valid(&line), "{line}");
        let fault = schema.validate(&line).unwrap_err();
        assert!(fault.contains(expected), "{fault}");
    }
}
