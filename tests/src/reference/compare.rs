//! Compares two descriptions object by object.

use serde_json::Value;

use super::Description;
use super::text::sorted;

/// What a description lacks of the expected one, and what it has beside it; one line each.
#[must_use]
pub fn differences(expected: &Description, found: &Description) -> Vec<String> {
    let mut lines = Vec::new();
    let names = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name)));
    for name in names {
        match (expected.get(name), found.get(name)) {
            (Some(expected), Some(found)) => tables(name, expected, found, &mut lines),
            (Some(_), None) => lines.push(format!("{name} is missing")),
            (None, _) => lines.push(format!("{name} is not expected")),
        }
    }
    lines
}

fn tables(name: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    let (Value::Object(expected), Value::Object(found)) = (expected, found) else {
        return values(name, expected, found, lines);
    };
    let parts = expected.keys().chain(found.keys().filter(|part| !expected.contains_key(*part)));
    for part in parts {
        let (expected, found) = (expected.get(part), found.get(part));
        let (expected, found) = (expected.unwrap_or(&Value::Null), found.unwrap_or(&Value::Null));
        if part == "columns" {
            values(&format!("{name} {part}"), expected, found, lines);
        } else {
            values(&format!("{name} {part}"), &unordered(expected), &unordered(found), lines);
        }
    }
}

fn unordered(value: &Value) -> Value {
    value.as_array().map_or_else(|| value.clone(), |list| sorted(list.clone()))
}

fn values(what: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    if expected == found {
        return;
    }
    let (Value::Array(expected), Value::Array(found)) = (expected, found) else {
        lines.push(format!("{what}: {found}, expected {expected}"));
        return;
    };
    let before = lines.len();
    let missing = expected.iter().filter(|object| !found.contains(object));
    lines.extend(missing.map(|object| format!("{what}: missing {object}")));
    let extra = found.iter().filter(|object| !expected.contains(object));
    lines.extend(extra.map(|object| format!("{what}: not expected {object}")));
    if lines.len() == before {
        lines.push(format!("{what}: another order or number of the same objects"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn description(value: &Value) -> Description {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_order_counts_for_columns_only() {
        let one = json!({"runs": {"columns": ["a", "b"], "checks": ["c", "d"]}});
        let other = json!({"runs": {"columns": ["a", "b"], "checks": ["d", "c"]}});
        assert!(differences(&description(&one), &description(&other)).is_empty());
        let swapped = json!({"runs": {"columns": ["b", "a"], "checks": ["c", "d"]}});
        assert_eq!(
            differences(&description(&one), &description(&swapped)),
            ["runs columns: another order or number of the same objects"]
        );
    }

    #[test]
    fn what_is_missing_and_what_is_extra_is_named() {
        let expected = json!({"runs": {"checks": ["c", "c"], "pk": 1}, "tags": {}});
        let found = json!({"runs": {"checks": ["c"], "pk": 2, "extra": []}, "metrics": {}});
        let lines = differences(&description(&expected), &description(&found));
        assert_eq!(
            lines,
            [
                "runs checks: another order or number of the same objects",
                "runs pk: 2, expected 1",
                "runs extra: [], expected null",
                "tags is missing",
                "metrics is not expected",
            ]
        );
    }
}
