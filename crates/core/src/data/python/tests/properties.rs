//! Tests properties that hold for every input.

use proptest::prelude::*;
use serde_json::{Map, Number, Value};

use super::super::json::{Json, loads};
use super::super::number::{finite_float, token_count};
use super::super::text;

/// Generates texts of the characters that the grammars distinguish.
fn nearly_valid() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\[\\]{}:,\"\\\\ \n\u{0}\u{1f}]",
        "[-+]?[0-9_.٣１]{1,5}([eE][-+]?[0-9]{1,20})?",
        "(NaN|-?Infinity|inf|null|true|false|\\\\u[dD][89cC]00|\\\\ud83d\\\\ude00)",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(|float| Number::from_f64(float).unwrap().into()),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 40, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..40)
                .prop_map(|entries| entries.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

fn same(ours: &Json<'_>, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Json::Integer(ours), theirs) => ours.to_i64() == theirs.as_i64(),
        (Json::Float(ours), theirs) => theirs.as_f64().map(f64::to_bits) == Some(ours.to_bits()),
        (Json::String(ours), Value::String(theirs)) => *ours == theirs.as_str(),
        (Json::Array(ours), Value::Array(theirs)) => {
            let mut pairs = ours.iter().zip(theirs);
            ours.as_slice().len() == theirs.len() && pairs.all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Object(ours), Value::Object(theirs)) => {
            let mut entries = theirs.iter();
            ours.len() == theirs.len()
                && entries.all(|(key, theirs)| same(ours.get(key).unwrap_or(&Json::Null), theirs))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in prop_oneof![any::<String>(), nearly_valid()], length in 0_usize..40) {
        if let Ok(value) = loads(&text) {
            finite_float(&value);
            token_count(&value);
            if let Some(string) = value.as_string() {
                prop_assert!(string.truncate(length).code_points() <= length);
            }
        }
        finite_float(text.as_str());
        token_count(text.as_str());
        text::lower(&text);
        prop_assert!(text.starts_with(text::truncate(&text, length)));
        prop_assert!(text.contains(text::strip(&text)));
    }

    #[test]
    fn reads_what_serde_json_writes(value in document(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        prop_assert!(same(&loads(&text).unwrap(), &value), "{}", text);
    }

    #[test]
    fn accepts_no_less_than_serde_json(text in nearly_valid()) {
        if serde_json::from_str::<Value>(&text).is_ok() {
            prop_assert!(loads(&text).is_ok());
        }
    }

    #[test]
    fn integers_count_as_themselves(value: i64) {
        prop_assert_eq!(token_count(value), Some(value));
        prop_assert_eq!(token_count(value.to_string().as_str()), Some(value));
        prop_assert_eq!(token_count(&loads(&value.to_string()).unwrap()), Some(value));
    }

    #[test]
    fn floats_read_back(float: f64) {
        prop_assert_eq!(finite_float(format!("{float:e}").as_str()), finite_float(float));
    }
}
