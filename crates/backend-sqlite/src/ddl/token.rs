//! Splits a statement into tokens, by the rules of SQLite's tokenize.c.

use std::ops::Range;

use super::DdlError;

/// The white space that SQLite trims from the text of an expression (`sqlite3Isspace`).
pub(super) const WHITESPACE: [char; 6] = [' ', '\t', '\n', '\x0b', '\x0c', '\r'];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or an identifier without quotes; its place decides which.
    Word,
    /// An identifier in `"…"`, `` `…` `` or `[…]`.
    QuotedIdentifier,
    /// A text literal `'…'`. Where the grammar requires a name, SQLite reads it as a name.
    String,
    /// A blob literal `x'…'`.
    Blob,
    /// A number without sign: decimal, hexadecimal or floating-point, possibly with `_` in it.
    Number,
    /// A parameter: `?`, `?1`, `:name`, `@name`, `$name` or `#1`.
    Variable,
    /// `(`
    LeftParenthesis,
    /// `)`
    RightParenthesis,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `.`
    Dot,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// Any other operator.
    Operator,
}

/// One token and its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The kind of the token.
    pub kind: TokenKind,
    /// The offset of the token's first byte.
    pub start: usize,
    /// The offset of the byte after the token's last one.
    pub end: usize,
}

impl Token {
    /// Returns the span of the token.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Returns the token's source text.
    pub fn text<'a>(&self, sql: &'a str) -> &'a str {
        sql.get(self.span()).unwrap_or_default()
    }
}

/// Splits a statement into tokens, without white space and comments.
///
/// # Errors
///
/// [`DdlError::IllegalToken`] at the first text that is no token.
pub fn tokenize(sql: &str) -> Result<Vec<Token>, DdlError> {
    let scanner = Scanner { bytes: sql.as_bytes() };
    let mut tokens = Vec::new();
    let mut start = 0;
    while start < sql.len() {
        let (lexeme, end) = scanner.scan(start);
        match lexeme {
            Lexeme::Trivia => {}
            Lexeme::Token(kind) => tokens.push(Token { kind, start, end }),
            Lexeme::Illegal => return Err(DdlError::illegal_token(sql, start)),
        }
        start = end;
    }
    Ok(tokens)
}

/// Returns a name without its quotes, as `sqlite3Dequote` removes them.
///
/// A doubled quote stands for one, and what follows the closing quote is dropped.
pub(super) fn dequote(text: &str) -> String {
    let mut characters = text.chars();
    let quote = match characters.next() {
        Some('[') => ']',
        Some(quote @ ('"' | '\'' | '`')) => quote,
        _ => return text.to_owned(),
    };
    let mut name = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        if character == quote && characters.next() != Some(quote) {
            break;
        }
        name.push(character);
    }
    name
}

/// What the scanner finds at an offset.
enum Lexeme {
    /// White space or a comment.
    Trivia,
    Token(TokenKind),
    Illegal,
}

struct Scanner<'a> {
    bytes: &'a [u8],
}

impl Scanner<'_> {
    /// Returns the byte at an offset; 0 after the end, where SQLite's text has its terminator.
    ///
    /// So a 0 within the text ends whatever the end of the text would end, as in SQLite.
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn skip_while(&self, from: usize, accepts: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|&&byte| accepts(byte)).count()
    }

    /// Returns what starts at `start` and its end, which is always greater.
    fn scan(&self, start: usize) -> (Lexeme, usize) {
        let next = self.byte(start + 1);
        match self.byte(start) {
            byte if is_space(byte) => (Lexeme::Trivia, self.skip_while(start, is_space)),
            b'-' if next == b'-' => {
                (Lexeme::Trivia, self.skip_while(start, |byte| byte != b'\n' && byte != 0))
            }
            b'/' if next == b'*' && self.byte(start + 2) != 0 => {
                (Lexeme::Trivia, self.block_comment_end(start + 2))
            }
            b'"' | b'\'' | b'`' => self.quoted(start),
            b'[' => self.bracketed(start),
            b'.' if next.is_ascii_digit() => self.number(start),
            b'0'..=b'9' => self.number(start),
            b'?' => variable(self.skip_while(start + 1, |byte| byte.is_ascii_digit())),
            b'$' | b'@' | b'#' | b':' => self.named_variable(start),
            b'x' | b'X' if next == b'\'' => self.blob(start),
            _ if self.bytes.get(start..start + 3) == Some(BYTE_ORDER_MARK) => {
                (Lexeme::Trivia, start + 3)
            }
            byte if is_identifier(byte) => {
                (Lexeme::Token(TokenKind::Word), self.skip_while(start, is_identifier))
            }
            byte => symbol(byte, next, self.byte(start + 2), start),
        }
    }

    /// Returns the end of the block comment whose text starts at `from`.
    ///
    /// Without `*/`, the comment ends with the text.
    fn block_comment_end(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            match (self.byte(at), self.byte(at + 1)) {
                (b'*', b'/') => return at + 2,
                (0, _) => return at,
                _ => at += 1,
            }
        }
    }

    fn quoted(&self, start: usize) -> (Lexeme, usize) {
        let quote = self.byte(start);
        let mut at = start;
        loop {
            at = self.skip_while(at + 1, |byte| byte != quote && byte != 0);
            if self.byte(at) != quote {
                return (Lexeme::Illegal, at);
            }
            at += 1;
            if self.byte(at) != quote {
                break;
            }
        }
        let kind = if quote == b'\'' { TokenKind::String } else { TokenKind::QuotedIdentifier };
        (Lexeme::Token(kind), at)
    }

    fn bracketed(&self, start: usize) -> (Lexeme, usize) {
        let at = self.skip_while(start, |byte| byte != b']' && byte != 0);
        if self.byte(at) == b']' {
            (Lexeme::Token(TokenKind::QuotedIdentifier), at + 1)
        } else {
            (Lexeme::Illegal, at)
        }
    }

    fn blob(&self, start: usize) -> (Lexeme, usize) {
        let digits = start + 2;
        let at = self.skip_while(digits, |byte| byte.is_ascii_hexdigit());
        if self.byte(at) == b'\'' && (at - digits).is_multiple_of(2) {
            (Lexeme::Token(TokenKind::Blob), at + 1)
        } else {
            (Lexeme::Illegal, at)
        }
    }

    fn number(&self, start: usize) -> (Lexeme, usize) {
        let digits = |from| self.skip_while(from, |byte| byte.is_ascii_digit() || byte == b'_');
        let is_hexadecimal = self.byte(start) == b'0'
            && matches!(self.byte(start + 1), b'x' | b'X')
            && self.byte(start + 2).is_ascii_hexdigit();
        let end = if is_hexadecimal {
            self.skip_while(start + 2, |byte| byte.is_ascii_hexdigit() || byte == b'_')
        } else {
            let mut end = digits(start);
            if self.byte(end) == b'.' {
                end = digits(end + 1);
            }
            if let Some(exponent) = self.exponent_digits(end) {
                end = digits(exponent);
            }
            end
        };
        if is_identifier(self.byte(end)) {
            (Lexeme::Illegal, self.skip_while(end, is_identifier))
        } else {
            (Lexeme::Token(TokenKind::Number), end)
        }
    }

    /// Returns where the exponent's digits start, if its `e` stands at `at`.
    fn exponent_digits(&self, at: usize) -> Option<usize> {
        if !matches!(self.byte(at), b'e' | b'E') {
            return None;
        }
        let has_sign = matches!(self.byte(at + 1), b'+' | b'-');
        let digits = at + 1 + usize::from(has_sign);
        self.byte(digits).is_ascii_digit().then_some(digits)
    }

    /// Reads a parameter with a name, which may contain `::` and `(…)` in Tcl's form.
    fn named_variable(&self, start: usize) -> (Lexeme, usize) {
        let mut has_name = false;
        let mut at = start + 1;
        loop {
            match self.byte(at) {
                byte if is_identifier(byte) => {
                    has_name = true;
                    at = self.skip_while(at, is_identifier);
                }
                b':' if self.byte(at + 1) == b':' => at += 2,
                b'(' if has_name => {
                    let end = self.skip_while(at, |byte| {
                        !matches!(byte, b')' | 0) && !WHITESPACE.contains(&char::from(byte))
                    });
                    if self.byte(end) == b')' {
                        return variable(end + 1);
                    }
                    return (Lexeme::Illegal, end);
                }
                _ if has_name => return variable(at),
                _ => return (Lexeme::Illegal, at),
            }
        }
    }
}

fn variable(end: usize) -> (Lexeme, usize) {
    (Lexeme::Token(TokenKind::Variable), end)
}

/// Reads the operator or punctuation that starts with the three given bytes.
fn symbol(first: u8, second: u8, third: u8, start: usize) -> (Lexeme, usize) {
    let (kind, length) = match (first, second, third) {
        (b'(', ..) => (TokenKind::LeftParenthesis, 1),
        (b')', ..) => (TokenKind::RightParenthesis, 1),
        (b',', ..) => (TokenKind::Comma, 1),
        (b';', ..) => (TokenKind::Semicolon, 1),
        (b'.', ..) => (TokenKind::Dot, 1),
        (b'+', ..) => (TokenKind::Plus, 1),
        (b'-', b'>', b'>') => (TokenKind::Operator, 3),
        (b'-', b'>', _)
        | (b'<', b'=' | b'>' | b'<', _)
        | (b'>', b'=' | b'>', _)
        | (b'=' | b'!', b'=', _)
        | (b'|', b'|', _) => (TokenKind::Operator, 2),
        (b'-', ..) => (TokenKind::Minus, 1),
        (b'<' | b'>' | b'=' | b'|' | b'/' | b'*' | b'%' | b'&' | b'~', ..) => {
            (TokenKind::Operator, 1)
        }
        _ => return (Lexeme::Illegal, start + 1),
    };
    (Lexeme::Token(kind), start + length)
}

/// Returns whether a byte is white space between tokens.
///
/// Unlike in [`WHITESPACE`], the vertical tab is illegal there.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r')
}

/// Returns whether a byte can be in an identifier (`IdChar`); its first cannot be a digit or `$`.
fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}
