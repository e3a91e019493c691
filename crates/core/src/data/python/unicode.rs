//! Holds Python 3.11's character properties, those of Unicode 14.
//!
//! Rust's standard library follows a newer Unicode and does not expose decimal digits.

use std::borrow::Cow;

/// The digit zero of every script; the nine digits after each are one to nine.
///
/// Source: Python 3.11's `unicodedata` (Unicode 14), the characters of category `Nd` for which
/// `unicodedata.decimal` is 0.
const ZEROS: [u32; 66] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0,
    0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0,
    0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

/// The characters that Unicode 14 had not assigned and that matter to lowercasing in Unicode 17.
///
/// An unassigned character has no case, and is not ignorable. Each range has a first and a last
/// character.
///
/// Source: `str.lower` of Python 3.11 compared with `str::to_lowercase` of Rust 1.95, for every
/// character alone and next to a capital sigma.
const UNASSIGNED: [(u32, u32); 50] = [
    (0x0897, 0x0897),
    (0x0ECE, 0x0ECE),
    (0x1ACF, 0x1ADD),
    (0x1AE0, 0x1AEB),
    (0x1C89, 0x1C8A),
    (0xA7CB, 0xA7CF),
    (0xA7D2, 0xA7D2),
    (0xA7D4, 0xA7D4),
    (0xA7DA, 0xA7DC),
    (0xA7F1, 0xA7F1),
    (0x10D4E, 0x10D4E),
    (0x10D50, 0x10D65),
    (0x10D69, 0x10D6D),
    (0x10D6F, 0x10D85),
    (0x10EC5, 0x10EC5),
    (0x10EFA, 0x10EFF),
    (0x11241, 0x11241),
    (0x113BB, 0x113C0),
    (0x113CE, 0x113CE),
    (0x113D0, 0x113D0),
    (0x113D2, 0x113D2),
    (0x113E1, 0x113E2),
    (0x11B60, 0x11B60),
    (0x11B62, 0x11B64),
    (0x11B66, 0x11B66),
    (0x11DD9, 0x11DD9),
    (0x11F00, 0x11F01),
    (0x11F36, 0x11F3A),
    (0x11F40, 0x11F40),
    (0x11F42, 0x11F42),
    (0x11F5A, 0x11F5A),
    (0x13439, 0x13440),
    (0x13447, 0x13455),
    (0x1611E, 0x16129),
    (0x1612D, 0x1612F),
    (0x16D40, 0x16D42),
    (0x16D6B, 0x16D6C),
    (0x16EA0, 0x16EB8),
    (0x16EBB, 0x16ED3),
    (0x16FF2, 0x16FF3),
    (0x1DF25, 0x1DF2A),
    (0x1E030, 0x1E06D),
    (0x1E08F, 0x1E08F),
    (0x1E4EB, 0x1E4EF),
    (0x1E5EE, 0x1E5EF),
    (0x1E6E3, 0x1E6E3),
    (0x1E6E6, 0x1E6E6),
    (0x1E6EE, 0x1E6EF),
    (0x1E6F5, 0x1E6F5),
    (0x1E6FF, 0x1E6FF),
];

/// Returns `character.isspace()`: bidirectional class WS, B or S, or category Zs.
pub(super) fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t'..='\r'
            | '\u{1c}'..=' '
            | '\u{85}'
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
    )
}

/// Returns a stand-in for a character that Unicode 14 and Rust lowercase differently.
///
/// Rust treats the stand-in as Unicode 14 treated the character. Each stand-in is its own
/// lowercase.
pub(super) fn stand_in(character: char) -> Option<char> {
    match character {
        // In Unicode 14 a lowercase letter, in Rust a letter without case.
        '\u{295}' => Some('a'),
        // Ignorable next to a sigma in Unicode 14, but not in Rust.
        '\u{1171e}' => Some('\u{300}'),
        _ => is_unassigned(u32::from(character)).then_some('\0'),
    }
}

fn is_unassigned(code_point: u32) -> bool {
    let following = UNASSIGNED.partition_point(|(first, _)| *first <= code_point);
    let range = following.checked_sub(1).and_then(|index| UNASSIGNED.get(index));
    range.is_some_and(|(_, last)| code_point <= *last)
}

/// Returns `unicodedata.decimal(character)` as an ASCII digit.
fn ascii_digit(character: char) -> Option<char> {
    let code_point = u32::from(character);
    let following = ZEROS.partition_point(|zero| *zero <= code_point);
    let zero = following.checked_sub(1).and_then(|index| ZEROS.get(index))?;
    char::from_digit(code_point - zero, 10)
}

/// Converts digits and white space to ASCII, CPython's first step in parsing a number.
///
/// ASCII stays as it is. `None` for any other character, which no number can contain.
pub(super) fn to_ascii(text: &str) -> Option<Cow<'_, str>> {
    if text.is_ascii() {
        return Some(Cow::Borrowed(text));
    }
    let ascii = text.chars().map(|character| match character {
        _ if character.is_ascii() => Some(character),
        _ if is_space(character) => Some(' '),
        _ => ascii_digit(character),
    });
    ascii.collect::<Option<String>>().map(Cow::Owned)
}
