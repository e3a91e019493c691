//! Tests `str.strip`, `str.lower` and slices.

use std::borrow::Cow;

use super::super::text::{code_points, lower, strip, truncate};

#[test]
fn strip_removes_what_python_calls_space() {
    assert_eq!(
        strip("\t\u{b}\u{1c}\u{1f}\u{85}\u{a0}\u{1680}a b\u{2000}\u{2028}\u{202f}\u{3000}"),
        "a b"
    );
    assert_eq!(strip(" \u{205f}"), "");
    for kept in ["\u{200b}a", "\u{feff}a", "a\0", "\u{180e}a", "\u{1b}a"] {
        assert_eq!(strip(kept), kept);
    }
}

#[test]
fn lower_follows_unicode_14() {
    let cases = [
        ("YES", "yes"),
        ("ÀÉẞ", "àéß"),
        ("İ", "i\u{307}"),
        ("ΌΣΟΣ ΑΣ'", "όσος ας'"),
        ("Σ", "σ"),
        // Assigned later: unchanged, and no part of a word.
        ("\u{a7cb}A\u{10d50}", "\u{a7cb}a\u{10d50}"),
        ("AΣ\u{10d50}İ", "aς\u{10d50}i\u{307}"),
        // A letter with case in Unicode 14, and an ignorable mark.
        ("\u{295}Σ", "\u{295}ς"),
        ("AΣ\u{1171e}B", "aσ\u{1171e}b"),
    ];
    for (text, expected) in cases {
        assert_eq!(lower(text), expected, "{text}");
    }
    assert!(matches!(lower("plain"), Cow::Borrowed("plain")));
}

#[test]
fn lengths_count_code_points() {
    assert_eq!(code_points("aé😀"), 3);
    assert_eq!(truncate("aé😀", 2), "aé");
    assert_eq!(truncate("aé😀", 3), "aé😀");
    assert_eq!(truncate("aé😀", 100), "aé😀");
    assert_eq!(truncate("abc", 0), "");
}
