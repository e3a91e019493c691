//! Rewrites the line breaks that YAML 1.1 has and YAML 1.2 has not.
//!
//! U+0085, U+2028 and U+2029 end a line in YAML 1.1. PyYAML and libyaml write texts with them in
//! quotes, and indent what follows. A parser for YAML 1.2 would take this indentation for text.

use std::borrow::Cow;

/// Returns a text that means in YAML 1.2 what the given one means within quotes in YAML 1.1.
///
/// Outside of quotes these characters do not occur in what MLflow writes.
pub(super) fn for_yaml_1_2(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_special) {
        return Cow::Borrowed(text);
    }
    let is_part = |character: char| is_special(character) || matches!(character, '\n' | ' ' | '\t');
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        result.push_str(&rest[..start]);
        let run = &rest[start..];
        let end = run.find(|character| !is_part(character)).unwrap_or(run.len());
        let (run, after) = run.split_at(end);
        if run.contains(is_special) {
            fold(run, &mut result);
        } else {
            result.push_str(run);
        }
        rest = after;
    }
    result.push_str(rest);
    Cow::Owned(result)
}

fn is_special(character: char) -> bool {
    matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Writes a run of breaks and blanks, such that folding gives what PyYAML's folding gives.
///
/// PyYAML drops a first line feed if other breaks follow, and keeps all others.
fn fold(run: &str, result: &mut String) {
    let mut breaks = run
        .chars()
        .filter(|character| !matches!(character, ' ' | '\t'))
        .map(|character| if character == '\u{85}' { '\n' } else { character });
    let first = breaks.next();
    let rest: Vec<char> = breaks.collect();
    match first {
        Some('\n') if rest.is_empty() => result.push('\n'),
        Some('\n') | None => write(&rest, result),
        Some(other) => {
            result.push(other);
            write(&rest, result);
        }
    }
}

/// Writes breaks that are all kept: one line feed more than a run of them has.
fn write(breaks: &[char], result: &mut String) {
    let mut previous = None;
    for character in breaks {
        if *character == '\n' && previous != Some('\n') {
            result.push('\n');
        }
        result.push(*character);
        previous = Some(*character);
    }
}
