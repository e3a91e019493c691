//! Tests the decoding of `bytes` as by `json.loads`.

use super::super::encoding::decode;

/// The expected texts are CPython 3.11's.
///
/// They are the results of `data.decode(json.detect_encoding(data), 'surrogatepass')`, where these
/// can be encoded again.
#[test]
fn bytes_are_decoded_by_their_mark_or_their_zeros() {
    let cases: [(&[u8], Option<&str>); 24] = [
        (b"", Some("")),
        (b"1", Some("1")),
        (b"\xc3\xa9", Some("\u{e9}")),
        (b"\xef\xbb\xbf3", Some("3")),
        (b"\xef\xbb\xbf\xef\xbb\xbf3", Some("\u{feff}3")),
        (b"\xff3", None),
        (b"\xed\xa0\x80", None),
        (b"\xff\xfe3\0", Some("3")),
        (b"\xfe\xff\x003", Some("3")),
        (b"3\0", Some("3")),
        (b"\x003", Some("3")),
        (b"3\x001\0", Some("31")),
        (b"\x003\x001", Some("31")),
        (b"3\0\0\0", Some("3")),
        (b"\0\0\x003", Some("3")),
        (b"3\x001\0\0", None),
        (b"\xff\xfe\0\x003\0\0\0", Some("3")),
        (b"\0\0\xfe\xff\0\0\x003", Some("3")),
        (b"\"\x00=\xd8\x00\xde\"\x00", Some("\"\u{1f600}\"")),
        (b"\"\x00=\xd8\"\x00", None),
        (b"\0\0\0\x11\0\0\0", None),
        (b"\0", Some("\0")),
        (b"1\x002", Some("1\x002")),
        (b"\x11\0\0\x11", Some("\x11\u{1100}")),
    ];
    for (bytes, expected) in cases {
        assert_eq!(decode(bytes).as_deref(), expected, "{bytes:x?}");
    }
}
