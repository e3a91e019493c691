//! Finds the names in an SQL text, quoted or not, outside of strings and comments.

use crate::schema::platform::Dialect;

/// A piece of an SQL text. All pieces joined are the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    /// The text, with its quotes.
    pub(super) text: &'a str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A keyword, a number, or an unquoted name.
    Word,
    /// A quoted name.
    Quoted,
    /// A string, a comment, or a sign.
    Other,
}

impl<'a> Piece<'a> {
    /// Returns whether the piece is the given name.
    ///
    /// Unquoted names ignore case on all databases, quoted names on all but PostgreSQL.
    pub(super) fn is_name(&self, name: &str, dialect: Dialect) -> bool {
        match self.kind {
            Kind::Other => false,
            Kind::Word if dialect == Dialect::Postgres => self.text.to_lowercase() == name,
            Kind::Quoted if dialect == Dialect::Postgres => self.unquoted() == name,
            Kind::Word | Kind::Quoted => self.unquoted().to_lowercase() == name.to_lowercase(),
        }
    }

    /// Returns the quotes around a name; empty for an unquoted word.
    pub(super) fn quotes(&self) -> (&'a str, &'a str) {
        match self.kind {
            Kind::Quoted => (&self.text[..1], &self.text[self.text.len() - 1..]),
            Kind::Word | Kind::Other => ("", ""),
        }
    }

    fn unquoted(&self) -> String {
        let (open, close) = self.quotes();
        let inner = self.text.get(open.len()..self.text.len() - close.len()).unwrap_or_default();
        if close.is_empty() { inner.to_owned() } else { inner.replace(&close.repeat(2), close) }
    }
}

/// Splits a text into pieces.
pub(super) fn pieces(text: &str, dialect: Dialect) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escapes = pieces.last().is_some_and(|last| last.text.eq_ignore_ascii_case("e"));
        let (kind, length) = first_piece(rest, first, dialect, escapes);
        let (piece, after) = rest.split_at(length);
        pieces.push(Piece { text: piece, kind });
        rest = after;
    }
    pieces
}

/// Returns the kind and the length of the first piece of a text.
fn first_piece(text: &str, first: char, dialect: Dialect, follows_e: bool) -> (Kind, usize) {
    let escapes = dialect == Dialect::Mysql || (dialect == Dialect::Postgres && follows_e);
    let quoted = |close: char| match quoted_length(text, close, false) {
        Some(length) => (Kind::Quoted, length),
        None => (Kind::Other, text.len()),
    };
    match first {
        '\'' => (Kind::Other, quoted_length(text, first, escapes).unwrap_or(text.len())),
        '"' | '`' => quoted(first),
        '[' if dialect == Dialect::Sqlite => quoted(']'),
        // Text between PostgreSQL's dollar quotes is parsed like any other.
        '$' if dialect == Dialect::Postgres => (Kind::Other, 1),
        _ if is_word(first) => {
            let is_end = |one: char| !is_word(one) || (one == '$' && dialect == Dialect::Postgres);
            (Kind::Word, text.find(is_end).unwrap_or(text.len()))
        }
        _ => (Kind::Other, comment_length(text, dialect).unwrap_or(first.len_utf8())),
    }
}

fn is_word(one: char) -> bool {
    one.is_alphanumeric() || matches!(one, '_' | '$')
}

/// Returns the length of a quoted part, including its quotes. A doubled quote stands for one.
fn quoted_length(text: &str, close: char, escapes: bool) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, one)) = characters.next() {
        if one == '\\' && escapes {
            characters.next();
        } else if one == close && characters.next_if(|(_, next)| *next == close).is_none() {
            return Some(at + close.len_utf8());
        }
    }
    None
}

fn comment_length(text: &str, dialect: Dialect) -> Option<usize> {
    if let Some(body) = text.strip_prefix("/*") {
        return Some(body.find("*/").map_or(text.len(), |end| end + 4));
    }
    let is_mysql = dialect == Dialect::Mysql;
    let is_line = text
        .strip_prefix("--")
        .is_some_and(|rest| !is_mysql || rest.chars().next().is_none_or(char::is_whitespace));
    let begins = is_line || (is_mysql && text.starts_with('#'));
    begins.then(|| text.find('\n').unwrap_or(text.len()))
}

/// Returns whether an expression names a column. A word before a parenthesis is a function.
#[must_use]
pub fn names_column(expression: &str, column: &str, dialect: Dialect) -> bool {
    let pieces = pieces(expression, dialect);
    pieces.iter().enumerate().any(|(at, piece)| {
        let mut after = pieces.iter().skip(at + 1).map(|piece| piece.text.trim());
        let mut is_call = || after.find(|text| !text.is_empty()) == Some("(");
        piece.is_name(column, dialect) && (piece.kind == Kind::Quoted || !is_call())
    })
}

/// Returns whether a statement contains a name, of a table, a column or another object.
#[must_use]
pub fn mentions(statement: &str, name: &str, dialect: Dialect) -> bool {
    pieces(statement, dialect).iter().any(|piece| piece.is_name(name, dialect))
}

/// Removes the casts of columns to `text` from a PostgreSQL expression.
///
/// The server adds these casts as long as a column has another text type.
#[must_use]
pub fn without_casts_to_text(expression: &str, is_text: impl Fn(&str) -> bool) -> String {
    let pieces = pieces(expression, Dialect::Postgres);
    let text = |at: usize| pieces.get(at).map_or("", |piece| piece.text);
    let mut plain = String::with_capacity(expression.len());
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        plain.push_str(piece.text);
        let is_cast = [text(at + 1), text(at + 2), text(at + 3)] == [":", ":", "text"];
        let is_column = piece.kind != Kind::Other && is_text(&piece.unquoted());
        at += if is_cast && is_column && text(at + 4) != "[" { 4 } else { 1 };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{mentions, names_column, without_casts_to_text};

    #[test]
    fn casts_of_columns_to_text_do_not_count() {
        for (shown, expected) in [
            ("lower(a::text)", "lower(a)"),
            ("\"a\"::text <> 'a::text'::text", "\"a\" <> 'a::text'::text"),
            ("b::text = a::text[1]", "b::text = a::text[1]"),
        ] {
            assert_eq!(without_casts_to_text(shown, |name| name == "a"), expected);
        }
    }
    use crate::schema::platform::Dialect::{self, Mysql, Postgres, Sqlite};

    #[test]
    fn what_an_expression_names() {
        let cases: [(&str, Dialect, bool); 22] = [
            ("old", Sqlite, true),
            ("lower(OLD)", Sqlite, true),
            ("[old] > 1", Sqlite, true),
            ("'old' || older || my_old", Sqlite, false),
            ("a -- old\n > 1", Sqlite, false),
            ("a /* old */ > 1", Sqlite, false),
            ("old (a)", Sqlite, false),
            ("old IN (1)", Sqlite, true),
            ("\"Old\" = 1", Postgres, false),
            ("\"old\" = 1", Postgres, true),
            ("Old = 1", Postgres, true),
            ("ARRAY[old] = a", Postgres, true),
            ("a = '\\' AND b = ' old '", Postgres, false),
            ("a = E'\\' old' AND old > 1", Postgres, true),
            ("a = E'\\' old '", Postgres, false),
            ("$$BEGIN new.old := 1; END$$", Postgres, true),
            ("a = 'it\\'s old' and `b`", Mysql, false),
            ("json_extract(`Old`,_utf8mb4'$.a')", Mysql, true),
            ("a --old", Mysql, true),
            ("a # old", Mysql, false),
            ("a = 'it''s' or old", Mysql, true),
            ("\"unfinished old", Sqlite, false),
        ];
        for (expression, dialect, expected) in cases {
            assert_eq!(names_column(expression, "old", dialect), expected, "{expression}");
        }
        assert!(mentions("INSERT INTO spans(a) VALUES (1)", "spans", Sqlite));
        assert!(names_column("\"a\"\"b\" > 1", "a\"b", Postgres));
    }
}
