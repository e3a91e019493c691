//! Renders the schema as the tables of `docs/json.md`.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::{JsonSchema, OF_EVERY_LINE};

/// Returns the tables of the page, from their first heading on.
#[must_use]
pub fn tables(schema: &JsonSchema) -> String {
    let definitions = schema.definitions();
    let named = |prefix: &'static str| {
        let all = definitions.iter();
        all.filter_map(move |(name, it)| Some((name.strip_prefix(prefix)?.to_owned(), it.clone())))
    };
    let mut page = String::from(
        "## Events and results\n\nA key in parentheses may be missing. The keys of every line are \
         left out.\n\n| `event` | when | keys |\n|---|---|---|\n",
    );
    for event in schema.events() {
        if let Some(definition) = definitions.get(&format!("event.{event}")) {
            row(&mut page, &event, definition);
        }
    }
    page.push_str("\n## Objects\n\n| object | what it is | keys |\n|---|---|---|\n");
    named("object.").for_each(|(name, definition)| row(&mut page, &name, &definition));
    page.push_str("\n## Keys\n\n| key | value | meaning |\n|---|---|---|\n");
    for (name, definition) in named("key.") {
        let (value, meaning) = (words(&definition), text(&definition, "description"));
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `{name}` | {value} | {meaning} |");
    }
    page
}

/// Writes the row of an event or an object.
fn row(page: &mut String, name: &str, definition: &Value) {
    let required: Vec<&str> =
        definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let all = definition["properties"].as_object().cloned().unwrap_or_default();
    let keys: Vec<String> = all
        .keys()
        .filter(|key| !OF_EVERY_LINE.contains(&key.as_str()))
        .map(|key| match required.contains(&key.as_str()) {
            true => format!("`{key}`"),
            false => format!("(`{key}`)"),
        })
        .collect();
    let meaning = text(definition, "description");
    let _ = writeln!(page, "| `{name}` | {meaning} | {} |", keys.join(", "));
}

fn text<'a>(definition: &'a Value, key: &str) -> &'a str {
    definition[key].as_str().unwrap_or_default()
}

/// Returns what a value may be, in words.
fn words(definition: &Value) -> String {
    if let Some(reference) = definition["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let name = name.trim_start_matches("object.").trim_start_matches("key.");
        return format!("`{name}`");
    }
    if let Some(values) = definition["enum"].as_array() {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" ");
    }
    if !definition["const"].is_null() {
        return format!("`{}`", definition["const"]);
    }
    if let Some(choices) = definition["anyOf"].as_array() {
        return choices.iter().map(words).collect::<Vec<_>>().join(" or ");
    }
    let types = match &definition["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let types = types.iter().filter_map(Value::as_str).map(|one| match one {
        "string" => "text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "null" => "`null`".to_owned(),
        "array" => format!("list of {}", words(&definition["items"])),
        "object" => of_any_key(definition),
        other => other.to_owned(),
    });
    types.collect::<Vec<_>>().join(" or ")
}

fn of_any_key(definition: &Value) -> String {
    let values = definition.as_object().and_then(|all: &Map<String, Value>| {
        all.get("additionalProperties").filter(|values| values.is_object())
    });
    values.map_or_else(|| "object".to_owned(), |values| format!("object of {}", words(values)))
}
