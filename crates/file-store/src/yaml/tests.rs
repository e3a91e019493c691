//! Types of scalars. `tests/oracle/make_file_store.py` has more, compared with PyYAML.

use proptest::prelude::*;

use super::{Yaml, load};

#[test]
fn plain_scalars_have_the_types_of_yaml_1_1() {
    let text = |text: &str| Yaml::Text(text.to_owned());
    let cases = [
        ("yes", Yaml::Bool(true)),
        ("'yes'", text("yes")),
        ("y", text("y")),
        ("tRue", text("tRue")),
        ("~", Yaml::Null),
        ("", Yaml::Null),
        ("1_000", Yaml::Integer(1000)),
        ("017", Yaml::Integer(15)),
        ("0o17", text("0o17")),
        ("08", text("08")),
        ("0b11", Yaml::Integer(3)),
        ("-0x10", Yaml::Integer(-16)),
        ("1:30", Yaml::Integer(90)),
        ("1:60", text("1:60")),
        ("9223372036854775808", Yaml::BigInteger("9223372036854775808".to_owned())),
        ("1e3", text("1e3")),
        ("1.0e+3", Yaml::Float(1000.0)),
        ("1.0e3", text("1.0e3")),
        ("-.inf", Yaml::Float(f64::NEG_INFINITY)),
        ("2020-01-02", Yaml::Timestamp("2020-01-02".to_owned())),
        (
            "2020-1-2 3:04:05.6 -1:30",
            Yaml::Timestamp("2020-01-02 03:04:05.600000-01:30".to_owned()),
        ),
        ("!!str 1", text("1")),
        ("!!float 1", Yaml::Float(1.0)),
    ];
    for (yaml, expected) in cases {
        assert_eq!(load(yaml), Ok(expected), "{yaml}");
    }
    for invalid in
        ["=", "0b_", "2020-02-30", "!!int x", "!x y", "a\u{0}", "--- a\n--- b", "<<", "[", "*a"]
    {
        assert!(load(invalid).is_err(), "{invalid:?}");
    }
}

#[test]
fn breaks_of_yaml_1_1_take_their_indentation_along() {
    for (yaml, expected) in [
        ("'a\u{2028}  b'", "a\u{2028}b"),
        ("'a \u{2028}\n\n  b'", "a\u{2028}\n\nb"),
        ("'a\n\u{2028}  b'", "a\u{2028}b"),
        ("'a\u{85}  b'", "a b"),
        ("\"a\\u2028  b\"", "a\u{2028}  b"),
    ] {
        assert_eq!(load(yaml), Ok(Yaml::Text(expected.to_owned())), "{yaml:?}");
    }
}

proptest! {
    /// A parser that panics ends the whole program.
    #[test]
    fn no_text_makes_the_parser_panic(text in prop::collection::vec(piece(), 0..40)) {
        let _ = load(&text.concat());
    }

    #[test]
    fn a_quoted_text_is_read_as_it_is(text in "\\PC{0,40}") {
        let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        prop_assume!(!text.contains(['\u{2028}', '\u{2029}']));
        prop_assert_eq!(load(&quoted), Ok(Yaml::Text(text)));
    }
}

fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "- ",
        "? ",
        ": ",
        ":",
        "\n",
        " ",
        "  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!",
        "!!",
        "!!int ",
        "!<",
        "|",
        ">",
        "|2-\n",
        "'",
        "\"",
        "\\",
        "\\x",
        "#",
        "%YAML 1.1\n",
        "---",
        "...",
        "<<",
        "1",
        ".",
        "e+",
        "0x",
        "_",
        ":59",
        "2020-01-",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "ü",
        "@",
    ];
    prop_oneof![4 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}
