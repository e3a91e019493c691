//! Texts that servers change: expressions and statements.

use serde_json::Value;

/// An expression as the reference holds it: in lower case, without white space, parentheses and
/// quotes of names.
pub(super) fn expression(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .filter(|character| {
            !character.is_whitespace() && !matches!(character, '(' | ')' | '`' | '"')
        })
        .collect()
}

/// A statement on one line, without its semicolon.
pub(super) fn statement(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches(';').to_owned()
}

/// Orders a list whose order says nothing.
pub(super) fn sorted(mut list: Vec<Value>) -> Value {
    list.sort_by_cached_key(ToString::to_string);
    Value::Array(list)
}
