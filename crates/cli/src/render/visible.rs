//! Escapes characters that a terminal would obey.
//!
//! Names, versions and messages come from databases and servers, which may be hostile. A terminal
//! runs control characters as commands. A terminal also reorders text between bidirectional
//! controls.

use std::fmt::Write;

/// The longest word that is shown in full.
const WORD: usize = 400;

/// The longest message that is shown in full.
const MESSAGE: usize = 20_000;

/// Returns whether a terminal obeys a character instead of showing it.
///
/// Source: Unicode Standard, chapter 23.
fn is_control(one: char) -> bool {
    // Includes bidirectional controls, the separators of lines and paragraphs, and invisible tags.
    one.is_control()
        || matches!(one, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(one, '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Escapes all control characters of a text except the ends of lines.
pub(super) fn lines(text: &str) -> String {
    if !text.contains(|one| one != '\n' && is_control(one)) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for one in text.chars() {
        if one == '\n' || !is_control(one) {
            shown.push(one);
        } else {
            shown.extend(one.escape_default());
        }
    }
    shown
}

/// Returns a message as one line, with very long words and messages cut.
pub(crate) fn one_line(text: &str) -> String {
    let lines_of_text = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
    let line = lines(&lines_of_text.collect::<Vec<_>>().join(" "));
    let words: Vec<String> = line.split(' ').map(|word| cut(word, WORD)).collect();
    cut(&words.join(" "), MESSAGE)
}

fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        None => text.to_owned(),
        Some((end, _)) => {
            let others = text[end..].chars().count();
            format!("{}… ({others} more characters)", &text[..end])
        }
    }
}

/// Escapes control characters in a JSON document, where they can only stand within strings.
pub(super) fn json(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    for one in document.chars() {
        if is_control(one) {
            for unit in one.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(one);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{json, lines, one_line};

    const HOSTILE: [(&str, &str); 9] = [
        ("\u{1b}[2J", "\\u{1b}[2J"),
        ("a\u{7}b", "a\\u{7}b"),
        ("a\tb", "a\\tb"),
        ("a\u{7f}b", "a\\u{7f}b"),
        ("a\u{9b}31mb", "a\\u{9b}31mb"),
        ("a\u{202e}b", "a\\u{202e}b"),
        ("a\u{2066}b\u{2069}", "a\\u{2066}b\\u{2069}"),
        ("a\u{2028}b", "a\\u{2028}b"),
        ("a\u{e0041}b", "a\\u{e0041}b"),
    ];

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (text, expected) in HOSTILE {
            assert_eq!(lines(text), expected);
            assert_eq!(one_line(text), expected);
        }
        assert_eq!(lines("a\nb\r"), "a\nb\\r");
        assert_eq!(one_line(" a\r\n b"), "a b");
        assert_eq!(lines("gr\u{fc}n \u{1f600}"), "gr\u{fc}n \u{1f600}");
    }

    #[test]
    fn json_means_the_same() {
        for (text, _) in HOSTILE {
            let document = serde_json::to_string(text).unwrap();
            let shown = json(&document);
            assert!(!shown.chars().any(super::is_control), "{shown}");
            assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }

    #[test]
    fn endless_values_are_cut() {
        let long = "x".repeat(1_000_000);
        assert_eq!(one_line(&long), format!("{}… (999600 more characters)", "x".repeat(400)));
        let words = "x ".repeat(1_000_000);
        assert!(one_line(&words).len() < 21_000);
    }
}
