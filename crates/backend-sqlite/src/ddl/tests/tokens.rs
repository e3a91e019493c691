//! The tokenizer.

use crate::ddl::TokenKind::{
    Blob, Comma, Dot, LeftParenthesis, Minus, Number, Operator, Plus, QuotedIdentifier,
    RightParenthesis, Semicolon, String, Variable, Word,
};
use crate::ddl::{DdlError, TokenKind, tokenize};

#[track_caller]
fn assert_tokens(sql: &str, expected: &[(TokenKind, &str)]) {
    let tokens = tokenize(sql).unwrap();
    let found: Vec<_> = tokens.iter().map(|token| (token.kind, token.text(sql))).collect();
    assert_eq!(found, expected, "{sql}");
}

#[test]
fn names_and_literals() {
    assert_tokens(
        "a _b1$ é\u{a0}ü \"q\"\"q\" `q``q` [q\"[q] 'it''s' x'0aFF' X'' x xyz",
        &[
            (Word, "a"),
            (Word, "_b1$"),
            (Word, "é\u{a0}ü"),
            (QuotedIdentifier, "\"q\"\"q\""),
            (QuotedIdentifier, "`q``q`"),
            (QuotedIdentifier, "[q\"[q]"),
            (String, "'it''s'"),
            (Blob, "x'0aFF'"),
            (Blob, "X''"),
            (Word, "x"),
            (Word, "xyz"),
        ],
    );
}

#[test]
fn numbers() {
    for number in
        ["0", "12", "1.", ".5", "1.5e3", "1e-10", "1E+2", "0x1F", "0Xff_ff", "1_000.5_0e1_0"]
    {
        assert_tokens(number, &[(Number, number)]);
    }
    assert_tokens("-1+.5", &[(Minus, "-"), (Number, "1"), (Plus, "+"), (Number, ".5")]);
    assert_tokens("1..", &[(Number, "1."), (Dot, ".")]);
    for illegal in ["1x", "1e", "1e+", "0x", "0xg", "12abc", "1.5.e", "1$"] {
        let is_one_number = matches!(tokenize(illegal).as_deref(), Ok([_]));
        assert!(!is_one_number, "{illegal}");
    }
}

#[test]
fn operators() {
    assert_tokens(
        "(a,b);c.d->e->>f",
        &[
            (LeftParenthesis, "("),
            (Word, "a"),
            (Comma, ","),
            (Word, "b"),
            (RightParenthesis, ")"),
            (Semicolon, ";"),
            (Word, "c"),
            (Dot, "."),
            (Word, "d"),
            (Operator, "->"),
            (Word, "e"),
            (Operator, "->>"),
            (Word, "f"),
        ],
    );
    for operator in [
        "=", "==", "<", "<=", "<>", "<<", ">", ">=", ">>", "!=", "|", "||", "/", "*", "%", "&", "~",
    ] {
        assert_tokens(operator, &[(Operator, operator)]);
    }
}

#[test]
fn parameters() {
    for parameter in ["?", "?12", ":a", "@a", "#1", "$a", "$a::b", "$a::b(c d)", "$::a"] {
        let expected = parameter.split(' ').next().unwrap();
        if expected == parameter {
            assert_tokens(parameter, &[(Variable, parameter)]);
        } else {
            assert!(tokenize(parameter).is_err());
        }
    }
    assert_tokens("$a(b)", &[(Variable, "$a(b)")]);
}

#[test]
fn comments_and_white_space_are_skipped() {
    for (sql, words) in [
        ("a -- b\nc", &["a", "c"][..]),
        ("a -- b", &["a"]),
        ("a--", &["a"]),
        ("a /* b */ c", &["a", "c"]),
        ("a /* b", &["a"]),
        ("a /* b *", &["a"]),
        ("a /*/ b */ c", &["a", "c"]),
        ("a /**/ c", &["a", "c"]),
        ("a /*'*/ c /*\"*/", &["a", "c"]),
        ("\u{feff}a\t\x0c\r\n\u{feff} b", &["a", "b"]),
        ("a/*", &["a", "/", "*"]),
    ] {
        let tokens = tokenize(sql).unwrap();
        let texts: Vec<_> = tokens.iter().map(|token| token.text(sql)).collect();
        assert_eq!(texts, words, "{sql}");
    }
}

#[test]
fn illegal_tokens() {
    for (sql, offset) in [
        ("a 'b", 2),
        ("a 'b''", 2),
        ("a \"b", 2),
        ("a `", 2),
        ("a [b", 2),
        ("a x'0'", 2),
        ("a x'0g'", 2),
        ("a x'00", 2),
        ("a !", 2),
        ("a ^", 2),
        ("a \\", 2),
        ("a {", 2),
        ("a \x0b", 2),
        ("a\0b", 1),
        ("a 'b\0'", 2),
        ("a $", 2),
        ("a ::", 2),
        ("a $a(", 2),
    ] {
        let Err(DdlError::IllegalToken { offset: found, .. }) = tokenize(sql) else {
            panic!("{sql}")
        };
        assert_eq!(found, offset, "{sql}");
    }
}
