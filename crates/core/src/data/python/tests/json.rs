//! Tests `json.loads`, and the methods of its values.

use super::super::json::{Json, Malformed, Object, loads};
use super::super::string::LoneSurrogate;
use super::canonical;

/// Recursion this deep would overflow the stack of a test's thread.
const DEPTH: usize = 100_000;

fn loaded(text: &str) -> Option<String> {
    loads(text).ok().as_ref().map(canonical)
}

fn object(text: &str) -> Object<'_> {
    loads(text).unwrap().into_object().unwrap()
}

#[test]
fn names_and_numbers() {
    let accepted = [
        ("null", "null"),
        (" true\r\n", "true"),
        ("\tfalse", "false"),
        ("NaN", "fnan"),
        ("Infinity", "f7ff0000000000000"),
        ("-Infinity", "ffff0000000000000"),
        ("-0", "i0"),
        ("-0.0", "f8000000000000000"),
        ("1e400", "f7ff0000000000000"),
        ("1E5", "f40f86a0000000000"),
        ("-9223372036854775809", "i-9223372036854775809"),
    ];
    for (text, expected) in accepted {
        assert_eq!(loaded(text).as_deref(), Some(expected), "{text:?}");
    }
    let rejected = [
        "",
        " ",
        "-NaN",
        "nan",
        "nulll",
        "01",
        "-01",
        "1.",
        ".5",
        "1.e5",
        "-",
        "+1",
        "1e",
        "1e+",
        "1_0",
        "0x1",
        "٣",
        "1 2",
        "\u{feff}1",
        "\u{c}1",
        "\u{a0}1",
        "1\0",
    ];
    for text in rejected {
        assert_eq!(loaded(text), None, "{text:?}");
    }
}

#[test]
fn integers_have_at_most_4300_digits() {
    let longest = "1".repeat(4300);
    assert!(loads(&longest).is_ok());
    assert!(loads(&format!("-{longest}")).is_ok());
    assert!(loads(&format!("{longest}1")).is_err());
    assert!(loads(&format!("[-{longest}1]")).is_err());
    assert_eq!(loaded(&format!("{longest}1.0")).as_deref(), Some("f7ff0000000000000"));
    assert_eq!(loaded(&format!("{longest}1e-4301")).as_deref(), Some("f3fbc71c71c71c71c"));
}

#[test]
fn strings() {
    let accepted = [
        (r#""""#, "s;"),
        (r#""aé😀""#, "s61.e9.1f600;"),
        (r#""\"\\\/\b\f\n\r\t""#, "s22.5c.2f.8.c.a.d.9;"),
        (r#""a\u00E9b""#, "s61.e9.62;"),
        (r#""\ud83d\ude00""#, "s1f600;"),
        (r#""\ud83d\ud83d\ude00""#, "sd83d.1f600;"),
        (r#""\ude00\ud83d""#, "sde00.d83d;"),
        (r#""é\ud800\n""#, "se9.d800.a;"),
        ("\"\u{7f}\"", "s7f;"),
    ];
    for (text, expected) in accepted {
        assert_eq!(loaded(text).as_deref(), Some(expected), "{text}");
    }
    let rejected = [
        r#"""#,
        r#""a"#,
        r#""\"#,
        r#""\""#,
        r#""\a""#,
        r#""\é""#,
        r#""\u00g0""#,
        r#""\u+041""#,
        "'a'",
        r#""\ud800\uzzzz""#,
        r#""\ud800\u00""#,
        "\"\n\"",
        "\"\u{1f}\"",
        "\"\0\"",
    ];
    for text in rejected {
        assert_eq!(loaded(text), None, "{text}");
    }
}

#[test]
fn lone_surrogates_survive_until_utf8_is_needed() {
    let document = loads(r#""aé\ud800b""#).unwrap();
    let string = document.as_string().unwrap();
    assert_eq!(string.code_points(), 4);
    let error = LoneSurrogate { code_point: 0xd800, position: 2 };
    assert_eq!(string.as_utf8(), Err(error));
    assert_eq!(string.truncate(3).as_utf8(), Err(error));
    assert_eq!(string.truncate(2).as_utf8(), Ok("aé"));
    assert_eq!(string.truncate(2), "aé");
    assert_eq!(
        error.to_string(),
        r"'utf-8' codec can't encode character '\ud800' in position 2: surrogates not allowed"
    );
}

#[test]
fn containers() {
    let accepted = [
        ("[ ]", "[]"),
        ("[1, [\n2 ]\t,3]", "[i1,[i2],i3]"),
        ("{ }", "{}"),
        (r#"{ "a" : {"b":[]} , "c":1 }"#, "{s61;:{s62;:[]},s63;:i1}"),
        (r#"{"a":1,"b":2,"\u0061":3}"#, "{s61;:i3,s62;:i2}"),
    ];
    for (text, expected) in accepted {
        assert_eq!(loaded(text).as_deref(), Some(expected), "{text}");
    }
    let rejected = [
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,]",
        "[1 2]",
        "[}",
        "]",
        "[] []",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{,}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:2}",
        "{\"a\":1]",
        "{\"a\":1 \"b\":2}",
    ];
    for text in rejected {
        assert_eq!(loaded(text), None, "{text}");
    }
}

#[test]
fn the_last_of_equal_keys_wins_in_large_objects_too() {
    let entries = (0..1000).map(|number| format!(r#""key{}":{number}"#, number % 100));
    let text = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
    let object = object(&text);
    assert_eq!(object.len(), 100);
    assert!(!object.is_empty());
    assert!(object.get("key100").is_none());
    for (number, (key, value)) in object.iter().enumerate() {
        assert_eq!(*key, format!("key{number}").as_str());
        assert_eq!(canonical(value), format!("i{}", 900 + number));
        assert_eq!(canonical(object.get(&format!("key{number}")).unwrap()), canonical(value));
    }
}

#[test]
fn strings_without_escapes_are_borrowed() {
    let text = String::from(r#"{"model": "é"}"#);
    let value = {
        let object = object(&text);
        let value = object.get("model").and_then(Json::as_string).unwrap();
        value.as_utf8().unwrap().as_ptr()
    };
    assert!(text.as_bytes().as_ptr_range().contains(&value));
}

#[test]
fn any_depth_is_read_and_dropped() {
    for (opening, closing) in [("[", "]"), ("{\"a\":", "}"), ("[1,{\"a\":", "}]")] {
        let opened = opening.repeat(DEPTH);
        let text = format!("{opened}null{}", closing.repeat(DEPTH));
        drop(loads(&text).unwrap());
        assert!(loads(&opened).is_err());
        assert!(loads(&text[..text.len() - 1]).is_err());
    }
    let replaced = format!(r#"{{"a":{}{},"a":1}}"#, "[".repeat(DEPTH), "]".repeat(DEPTH));
    assert_eq!(loaded(&replaced).as_deref(), Some("{s61;:i1}"));
}

#[test]
fn errors_tell_where() {
    assert_eq!(loads("[1, x]").unwrap_err(), Malformed { position: 4 });
    assert_eq!(loads("1 2").unwrap_err().to_string(), "malformed JSON near byte 2");
}
