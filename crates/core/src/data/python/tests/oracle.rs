//! Compares the results with a real Python's (`tests/oracle/python_semantics.py`).

use std::{env, fs};

use serde_json::{Value, json};

use super::super::json::loads;
use super::super::number::{Operand, finite_float, token_count};
use super::super::{text, unicode};
use super::{canonical, canonical_string, float_bits};

const TABLE: &str = include_str!("../fixtures/python_semantics.jsonl");

/// The variable that names a file with more cases than the committed table.
const OTHER_TABLE: &str = "PYTHON_SEMANTICS_TABLE";

#[test]
fn agrees_with_python() {
    let table = match env::var_os(OTHER_TABLE) {
        Some(path) => fs::read_to_string(path).unwrap(),
        None => TABLE.to_owned(),
    };
    let mut disagreements = Vec::new();
    for line in table.lines() {
        let row: Vec<Value> = serde_json::from_str(line).unwrap();
        let [function, argument, expected @ ..] = row.as_slice() else { panic!("{line}") };
        let (actual, expected) = match function.as_str().unwrap() {
            // The only argument of a digest is the pattern, if any.
            "lower_digest" => (json!([lower_digest()]), json!([argument])),
            "space_digest" => (json!([space_digest()]), json!([argument])),
            "digit_digest" => (json!([digit_digest()]), json!([argument])),
            name => (result(name, argument.as_str().unwrap()), json!(expected)),
        };
        if actual != expected {
            disagreements.push(format!("{line}\n    but is {actual}"));
        }
    }
    assert!(table.lines().count() > 1000, "the table is cut short");
    let count = disagreements.len();
    disagreements.truncate(20);
    assert!(disagreements.is_empty(), "{count} disagreements:\n{}", disagreements.join("\n"));
}

fn result(function: &str, argument: &str) -> Value {
    match function {
        "loads" => json!([loads(argument).ok().as_ref().map(canonical)]),
        "number_text" => number(Operand::from(argument)),
        "number_json" => number(Operand::from(&loads(argument).unwrap())),
        "token_count_float" => {
            let float = match argument {
                "nan" => f64::NAN,
                bits => f64::from_bits(u64::from_str_radix(bits, 16).unwrap()),
            };
            json!([token_count(float)])
        }
        "strip" => json!([text::strip(argument)]),
        "lower" => json!([text::lower(argument)]),
        "truncate" => json!([0, 1, 3].map(|length| text::truncate(argument, length))),
        "truncate_json" => {
            let document = loads(argument).unwrap();
            let string = document.as_string().unwrap();
            let prefixes = [0, 1, 2].map(|length| canonical_string(&string.truncate(length)));
            let [none, one, two] = prefixes;
            json!([string.code_points(), none, one, two])
        }
        "sigma_digest" => json!([sigma_digest(argument)]),
        unknown => panic!("{unknown}"),
    }
}

fn number(operand: Operand<'_>) -> Value {
    json!([finite_float(operand).map(float_bits), token_count(operand)])
}

/// Iterates over planes 0, 1 and 14: the others hold ideographs and private use.
fn characters() -> impl Iterator<Item = char> {
    ('\0'..'\u{20000}').chain('\u{e0000}'..'\u{f0000}')
}

fn fnv1a(chunks: impl Iterator<Item = String>) -> String {
    let digest = chunks.fold(0xcbf2_9ce4_8422_2325, |digest, chunk| {
        chunk.bytes().fold(digest, |digest: u64, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    });
    format!("{digest:016x}")
}

fn lower_digest() -> String {
    fnv1a(characters().filter_map(|character| {
        let original = character.to_string();
        let lowered = text::lower(&original);
        (lowered != original).then(|| format!("{original}{lowered}"))
    }))
}

/// Hashes the characters next to which a capital sigma becomes a final one.
fn sigma_digest(pattern: &str) -> String {
    let is_final = |character: &String| {
        let text = pattern.replace("%s", character);
        text::lower(&text).replacen(character.as_str(), "", 1).contains('ς')
    };
    fnv1a(characters().map(String::from).filter(is_final))
}

fn space_digest() -> String {
    fnv1a(characters().map(String::from).filter(|character| text::strip(character).is_empty()))
}

fn digit_digest() -> String {
    fnv1a(characters().filter_map(|character| {
        let ascii = unicode::to_ascii(character.encode_utf8(&mut [0; 4]))?.into_owned();
        ascii
            .starts_with(|ascii: char| ascii.is_ascii_digit())
            .then(|| format!("{character}{ascii}"))
    }))
}
