//! Validates JSON Lines against the schema in `docs/json.schema.json`.
//!
//! The schema refuses unknown keys, so whatever the tests see is documented.

mod page;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use page::tables;

/// The text of the schema.
const TEXT: &str = include_str!("../../../docs/json.schema.json");

/// How the name of an event's definition begins.
const EVENT: &str = "event.";

/// The keys that every line has.
pub const OF_EVERY_LINE: [&str; 4] = ["schema_version", "tool_version", "time", "event"];

static SCHEMA: LazyLock<Result<JsonSchema, String>> = LazyLock::new(JsonSchema::read);

/// The schema of the JSON Lines.
#[derive(Debug)]
pub struct JsonSchema {
    document: Value,
    /// By event, since their errors are clearer than those of the whole.
    validators: BTreeMap<String, Validator>,
}

impl JsonSchema {
    /// Returns the schema.
    ///
    /// # Errors
    /// If the document is no JSON Schema.
    pub fn get() -> Result<&'static Self, String> {
        SCHEMA.as_ref().map_err(Clone::clone)
    }

    fn read() -> Result<Self, String> {
        let document: Value = serde_json::from_str(TEXT).map_err(|error| error.to_string())?;
        jsonschema::draft202012::meta::validate(&document).map_err(|error| error.to_string())?;
        let mut schema = Self { document, validators: BTreeMap::new() };
        for event in schema.events() {
            let reference = format!("#/$defs/{EVENT}{event}");
            let alone = json!({
                "$schema": schema.document["$schema"],
                "$ref": reference,
                "$defs": schema.document["$defs"],
            });
            let validator = jsonschema::draft202012::new(&alone)
                .map_err(|error| format!("{event}: {error}"))?;
            schema.validators.insert(event, validator);
        }
        Ok(schema)
    }

    /// Returns the whole document.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Returns the events that the schema lists, in its order.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        let listed = self.document["oneOf"].as_array().into_iter().flatten();
        let names = listed.filter_map(|one| one["$ref"].as_str()?.strip_prefix("#/$defs/event."));
        names.map(ToOwned::to_owned).collect()
    }

    /// Returns the definitions, by name.
    #[must_use]
    pub fn definitions(&self) -> Map<String, Value> {
        self.document["$defs"].as_object().cloned().unwrap_or_default()
    }

    /// Validates one line.
    ///
    /// # Errors
    /// The faults of the line.
    pub fn validate(&self, line: &Value) -> Result<(), String> {
        let event = line["event"].as_str().unwrap_or_default();
        let validator = self.validators.get(event);
        let validator = validator.ok_or_else(|| format!("no such event in the schema: {line}"))?;
        let faults: Vec<String> = validator
            .iter_errors(line)
            .map(|fault| format!("{event}{}: {fault}", fault.instance_path()))
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(format!("not as in docs/json.schema.json: {}\nin {line}", faults.join("; ")))
    }
}

/// Returns a line of JSON, which must be as in the schema.
///
/// # Panics
/// If it is not.
#[track_caller]
#[allow(clippy::panic, reason = "this is an assertion")]
pub fn checked(line: &str) -> Value {
    let value: Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
    if let Err(fault) = JsonSchema::get().and_then(|schema| schema.validate(&value)) {
        panic!("{fault}");
    }
    value
}

/// Asserts that an event, or the result of a command, is as in the schema.
///
/// `others` are the keys that the program adds to what the library returns.
///
/// # Panics
/// If it is not.
#[track_caller]
#[allow(clippy::panic, reason = "this is an assertion")]
pub fn assert_fits(content: &impl Serialize, others: &Value) {
    let mut line = json!({
        "schema_version": 1,
        "tool_version": "0.0.0",
        "time": "2026-01-31T23:59:59.123Z",
    });
    let content = serde_json::to_value(content).unwrap_or_else(|error| panic!("{error}"));
    let parts = [content, others.clone()];
    if let Some(line) = line.as_object_mut() {
        line.extend(parts.iter().filter_map(Value::as_object).flat_map(Map::clone));
    }
    checked(&line.to_string());
}
