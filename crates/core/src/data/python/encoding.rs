//! Decodes `bytes` to text as `json.loads` does.

use std::borrow::Cow;

/// The encodings that `json.detect_encoding` distinguishes.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16(Order),
    Utf32(Order),
}

/// The byte order of a code unit.
#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

/// Decodes as `json.loads` does.
///
/// A byte order mark determines the encoding, or else the positions of the first zeros.
///
/// `None` where Python raises `UnicodeDecodeError`, and for a surrogate outside a pair. Python
/// accepts such a surrogate here and nowhere later, and no database stores it.
pub(crate) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match detect(bytes) {
        (Encoding::Utf8, text) => str::from_utf8(text).ok().map(Cow::Borrowed),
        (Encoding::Utf16(order), text) => {
            let (units, rest) = text.as_chunks();
            let units = units.iter().map(|unit| match order {
                Order::Big => u16::from_be_bytes(*unit),
                Order::Little => u16::from_le_bytes(*unit),
            });
            let text: Result<String, _> = char::decode_utf16(units).collect();
            text.ok().filter(|_| rest.is_empty()).map(Cow::Owned)
        }
        (Encoding::Utf32(order), text) => {
            let (units, rest) = text.as_chunks();
            let units = units.iter().map(|unit| match order {
                Order::Big => u32::from_be_bytes(*unit),
                Order::Little => u32::from_le_bytes(*unit),
            });
            let text: Option<String> = units.map(char::from_u32).collect();
            text.filter(|_| rest.is_empty()).map(Cow::Owned)
        }
    }
}

/// Returns the encoding, and the bytes without their byte order mark.
fn detect(bytes: &[u8]) -> (Encoding, &[u8]) {
    const MARKS: [(&[u8], Encoding); 5] = [
        // Marks of four bytes come first: their first two bytes may be another mark.
        (&[0, 0, 0xfe, 0xff], Encoding::Utf32(Order::Big)),
        (&[0xff, 0xfe, 0, 0], Encoding::Utf32(Order::Little)),
        (&[0xfe, 0xff], Encoding::Utf16(Order::Big)),
        (&[0xff, 0xfe], Encoding::Utf16(Order::Little)),
        (&[0xef, 0xbb, 0xbf], Encoding::Utf8),
    ];
    for (mark, encoding) in MARKS {
        if let Some(text) = bytes.strip_prefix(mark) {
            return (encoding, text);
        }
    }
    let encoding = match bytes {
        [0, 0, _, _, ..] => Encoding::Utf32(Order::Big),
        [0, _, _, _, ..] | [0, _] => Encoding::Utf16(Order::Big),
        [_, 0, 0, 0, ..] => Encoding::Utf32(Order::Little),
        [_, 0, _, _, ..] | [_, 0] => Encoding::Utf16(Order::Little),
        _ => Encoding::Utf8,
    };
    (encoding, bytes)
}
