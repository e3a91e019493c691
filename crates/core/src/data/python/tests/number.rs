//! Tests `float(...)`, `Decimal(...)` and MLflow's two conversions.

use super::super::integer::{Integer, IntegerOverflow};
use super::super::json::{Json, loads};
use super::super::number::{finite_float, token_count};

#[test]
fn python_float_grammar() {
    let accepted = [
        ("1", 1.0),
        (" \t\n\u{b}\u{c}\r1.5\u{3000}", 1.5),
        ("\u{85}1\u{a0}", 1.0),
        ("1_0.0_1", 10.01),
        ("1e1_0", 1e10),
        ("+.5e-3", 0.0005),
        ("1.", 1.0),
        ("٣", 3.0),
        ("１.５", 1.5),
        ("1٣_4", 134.0),
        ("-0", -0.0),
        ("1e-400", 0.0),
    ];
    for (text, expected) in accepted {
        let actual = finite_float(text).map(f64::to_bits);
        assert_eq!(actual, Some(f64::to_bits(expected)), "{text:?}");
    }
    let rejected = [
        "",
        " ",
        ".",
        "1__0",
        "_1",
        "1_",
        "1_.0",
        "1._0",
        "1e_5",
        "1_e5",
        "--1",
        "1 2",
        "0x10",
        "1e",
        "²",
        "Ⅻ",
        "−1",
        "\u{1c}1",
        "1\u{1f}",
        "\u{200b}1",
        "1\0",
        "inf",
        "-Infinity",
        "NaN",
        "1e400",
        "i_nf",
    ];
    for text in rejected {
        assert_eq!(finite_float(text), None, "{text:?}");
    }
}

#[test]
fn long_literals_round_correctly() {
    let zeros = "0".repeat(700_000);
    let nines = "9".repeat(700_000);
    for (text, expected) in [
        (format!("0.{zeros}1e700001"), Some(1.0)),
        (format!("-1{zeros}e-700000"), Some(-1.0)),
        (format!("{zeros}7"), Some(7.0)),
        (format!("-0.{zeros}"), Some(-0.0)),
        (format!("0.{nines}"), Some(1.0)),
        (format!("1{zeros}"), None),
        (format!("0.{zeros}1"), Some(0.0)),
        (format!("9007199254740993.{zeros}"), Some(9_007_199_254_740_992.0)),
        (format!("9007199254740993.{zeros}1"), Some(9_007_199_254_740_994.0)),
        (format!("1{zeros}x"), None),
    ] {
        let actual = finite_float(text.as_str()).map(f64::to_bits);
        assert_eq!(actual, expected.map(f64::to_bits));
        if let Ok(document) = loads(&text) {
            assert_eq!(finite_float(&document).map(f64::to_bits), actual);
        }
    }
}

#[test]
fn integers_overflow_where_python_does() {
    // 2**1024 - 2**970, half way between the largest float and 2**1024.
    let border = "179769313486231580793728971405303415079934132710037826936173778980444968292764\
                  750946649017977587207096330286416692887910946555547851940402630657488671505820\
                  681908902000708383676273854845817711531764475730270069855571366959622842914819\
                  860834936475292719074168444365510704342711559699508093042880177904174497792";
    let Json::Integer(integer) = loads(border).unwrap() else { panic!("not an integer") };
    assert_eq!(integer.to_f64(), Err(IntegerOverflow));
    assert_eq!((integer.to_i64(), integer.to_string().as_str()), (None, border));
    assert_eq!(IntegerOverflow.to_string(), "int too large to convert to float");

    let below = border.replace("497792", "497791");
    let largest = loads(&below).unwrap();
    assert_eq!(finite_float(&largest), Some(f64::MAX));
    assert_eq!(finite_float(&loads(&format!("-{border}")).unwrap()), None);
    assert_eq!(finite_float(&loads("9007199254740993").unwrap()), Some(9_007_199_254_740_992.0));
    assert_eq!(finite_float(&loads("-0").unwrap()).map(f64::to_bits), Some(0));
    assert_eq!(Integer::from(7).to_f64(), Ok(7.0));
}

#[test]
fn decimal_grammar() {
    let accepted = [
        ("12", 12),
        ("\u{1f}12\u{85}", 12),
        ("_1__2_", 12),
        ("1_e_1", 10),
        ("٣", 3),
        ("1.00", 1),
        ("5.", 5),
        ("120e-1", 12),
        (".12e+2", 12),
        ("-0.0e5", 0),
        ("9223372036854775807.0", i64::MAX),
        ("-922337203685477580.8e1", i64::MIN),
        ("0e999999999999999999", 0),
        ("0.0e1000000000000000000", 0),
        ("0e-1999999999999999997", 0),
    ];
    for (text, expected) in accepted {
        assert_eq!(token_count(text), Some(expected), "{text:?}");
    }
    let rejected = [
        "",
        "_",
        ".",
        "1.5",
        "1e-1",
        "NaN",
        "sNaN1",
        "-inf",
        "i_n_f",
        "1e",
        "e5",
        "1 2",
        "_ 1",
        "0x1",
        "²",
        "1\0",
        "9223372036854775808",
        "-9223372036854775809",
        "1e19",
        "1e999999999999999999",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0e1000000000000000000",
        "0e-1999999999999999998",
        "0.0e-1999999999999999997",
    ];
    for text in rejected {
        assert_eq!(token_count(text), None, "{text:?}");
    }
}

#[test]
fn long_decimals_take_bounded_work() {
    let zeros = "0".repeat(1_000_000);
    assert_eq!(token_count(format!("{zeros}5.{zeros}").as_str()), Some(5));
    assert_eq!(token_count(format!("5{zeros}e-1000000").as_str()), Some(5));
    assert_eq!(token_count(format!("0.{zeros}5e1000001").as_str()), Some(5));
    assert_eq!(token_count(format!("5{zeros}").as_str()), None);
    assert_eq!(token_count(format!("5.{zeros}1").as_str()), None);
    assert_eq!(token_count(format!("0e{zeros}1").as_str()), Some(0));
}

#[test]
fn floats_count_by_their_repr() {
    let cases = [
        (0.0, Some(0)),
        (-0.0, Some(0)),
        (-12.0, Some(-12)),
        (0.5, None),
        (1e16, Some(10_000_000_000_000_000)),
        // Exactly 1234567890123456768.
        (1.234_567_890_123_456_8e18, Some(1_234_567_890_123_456_800)),
        (9.223_372_036_854_775e18, Some(9_223_372_036_854_775_000)),
        (-9_223_372_036_854_775_808.0, None),
        (1e300, None),
        (f64::INFINITY, None),
        (f64::NAN, None),
    ];
    for (float, expected) in cases {
        assert_eq!(token_count(float), expected, "{float}");
    }
}

#[test]
fn values_that_are_not_numbers() {
    for text in
        ["null", "true", "false", "[]", "[1]", "{}", r#""""#, r#""1\ud800""#, "NaN", "1e400"]
    {
        let value = loads(text).unwrap();
        assert_eq!(finite_float(&value), None, "{text}");
        assert_eq!(token_count(&value), None, "{text}");
    }
    let value = loads(r#""\u0663_0""#).unwrap();
    assert_eq!((finite_float(&value), token_count(&value)), (Some(30.0), Some(30)));
    assert_eq!((finite_float(3), token_count(i64::MIN)), (Some(3.0), Some(i64::MIN)));
}
