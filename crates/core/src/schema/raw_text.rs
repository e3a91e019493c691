//! Checks the texts of a table that become part of MySQL's statements without quoting.
//!
//! A text is well formed if nothing in it can end the surrounding clause, parentheses or statement.
//! A text that the parser does not understand is not well formed.

use super::{ColumnType, DefaultValue, Table};

/// A text that becomes part of statements unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawText<'a> {
    /// The name of a collation, which contains the name of the character set.
    Collation(&'a str),
    /// A type that the model does not know.
    Type(&'a str),
    /// An expression.
    Expression(&'a str),
}

/// The words that may follow the name of a type and its parentheses.
const TYPE_WORDS: [&str; 5] = ["unsigned", "signed", "zerofill", "precision", "varying"];

/// MariaDB's additions to the type of a column that is compressed, or stored in an old format.
const TYPE_COMMENTS: [&str; 4] = [
    " /* mariadb-5.3 */",
    " /* mysql-5.6 */",
    " /*!100301 COMPRESSED*/",
    " /*M!100301 COMPRESSED*/",
];

/// The words of a plain expression, besides quoted names of columns.
const PLAIN_WORDS: [&str; 48] = [
    "abs",
    "and",
    "as",
    "between",
    "binary",
    "bool",
    "case",
    "cast",
    "ceiling",
    "char",
    "char_length",
    "coalesce",
    "concat",
    "curdate",
    "current_timestamp",
    "date",
    "decimal",
    "div",
    "else",
    "end",
    "escape",
    "false",
    "floor",
    "if",
    "ifnull",
    "in",
    "is",
    "isnull",
    "json_valid",
    "least",
    "length",
    "like",
    "lower",
    "lcase",
    "mod",
    "not",
    "now",
    "null",
    "nullif",
    "or",
    "regexp",
    "signed",
    "then",
    "trim",
    "true",
    "ucase",
    "upper",
    "when",
];

impl<'a> RawText<'a> {
    /// Returns whether nothing in the text can end what surrounds it.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        match self {
            Self::Collation(name) => is_word(name),
            Self::Type(name) => is_type(name),
            Self::Expression(text) => tokens(text).is_some(),
        }
    }

    /// Returns whether the text is well formed, and names only columns of its own table.
    #[must_use]
    pub(crate) fn is_plain(&self) -> bool {
        let Self::Expression(text) = self else { return self.is_well_formed() };
        let Some(tokens) = tokens(text) else { return false };
        let is_plain = |token: &Token<'_>| match token {
            Token::Word(word) => {
                word.parse::<u64>().is_ok() || PLAIN_WORDS.contains(&&*word.to_ascii_lowercase())
            }
            Token::Sign('@' | ':' | '{' | '}') => false,
            Token::Sign(_) | Token::Text | Token::Name => true,
        };
        // A name before a parenthesis is a function, and a name before a point is a table.
        let is_reference = |pair: &[Token<'_>]| {
            matches!(pair, [Token::Name, Token::Sign('(' | '.')] | [Token::Sign('.'), Token::Name])
        };
        tokens.iter().all(is_plain) && !tokens.windows(2).any(is_reference)
    }

    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &'a str {
        match self {
            Self::Collation(text) | Self::Type(text) | Self::Expression(text) => text,
        }
    }
}

impl Table {
    /// Returns the texts that become part of MySQL's statements, each with its object.
    #[must_use]
    pub fn raw_texts(&self) -> Vec<(String, RawText<'_>)> {
        let mut texts = Vec::new();
        texts.extend(self.collation.iter().map(|it| (String::new(), RawText::Collation(it))));
        for column in &self.columns {
            let of_column = [
                column.collation.as_deref().map(RawText::Collation),
                match &column.column_type {
                    ColumnType::Other(name) => Some(RawText::Type(name)),
                    _ => None,
                },
                match &column.default {
                    Some(DefaultValue::Expression(text)) => Some(RawText::Expression(text)),
                    _ => None,
                },
                column.generated.as_ref().map(|it| RawText::Expression(&it.expression)),
            ];
            let found = of_column.into_iter().flatten();
            texts.extend(found.map(|text| (format!("column {}", column.name), text)));
        }
        for check in &self.checks {
            let name = check.name.as_deref().unwrap_or_default();
            texts.push((format!("CHECK {name}"), RawText::Expression(&check.expression)));
        }
        texts
    }
}

/// Returns whether a text consists only of letters, digits and `_`.
fn is_word(text: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(is_of_word)
}

/// Returns whether a text is the name of a type, with optional numbers or texts in parentheses.
fn is_type(text: &str) -> bool {
    let bare = TYPE_COMMENTS.iter().find_map(|comment| text.strip_suffix(comment));
    let text = bare.unwrap_or(text);
    let end = text.find(|one: char| !one.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let (values, words) = match rest.strip_prefix('(') {
        Some(inside) => match closing(inside) {
            Some(end) => (inside.get(..end), inside.get(end + 1..).unwrap_or_default()),
            None => return false,
        },
        None => (None, rest),
    };
    is_word(name)
        && values.is_none_or(are_values)
        && words.split_whitespace().all(|word| TYPE_WORDS.contains(&&*word.to_ascii_lowercase()))
}

/// Returns the position where the parenthesis closes that is open before a text.
fn closing(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        match rest.chars().next()? {
            ')' => return Some(at),
            '\'' => at += quoted_length(rest, '\'')?,
            other => at += other.len_utf8(),
        }
    }
}

/// Returns whether a text is a list of numbers and texts.
fn are_values(text: &str) -> bool {
    tokens(text).is_some_and(|tokens| {
        tokens.iter().all(|token| match token {
            Token::Text | Token::Sign(',') => true,
            Token::Word(word) => word.parse::<u64>().is_ok(),
            Token::Name | Token::Sign(_) => false,
        })
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A text in single quotes.
    Text,
    /// A name in backquotes.
    Name,
    /// A keyword, a number, or an unquoted name.
    Word(&'a str),
    Sign(char),
}

/// Returns the tokens of an expression.
///
/// `None` if parentheses or quotes are unbalanced, or if the text has something that no server
/// writes. Examples are comments, texts in double quotes, and the end of a statement.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let (mut tokens, mut depth, mut rest) = (Vec::new(), 0_u32, text);
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '\'' => (Some(Token::Text), quoted_length(rest, first)?),
            '`' => (Some(Token::Name), quoted_length(rest, first)?),
            '"' | ';' | '#' | '\\' | '\0' => return None,
            _ if begins_comment(rest) => return None,
            _ if first.is_whitespace() => (None, first.len_utf8()),
            _ if is_of_word(first) => {
                let length = rest.find(|one| !is_of_word(one)).unwrap_or(rest.len());
                (Some(Token::Word(rest.get(..length)?)), length)
            }
            _ if !first.is_ascii_graphic() => return None,
            _ => (Some(Token::Sign(first)), first.len_utf8()),
        };
        match first {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        tokens.extend(token);
        rest = rest.get(length..)?;
    }
    (depth == 0 && !tokens.is_empty()).then_some(tokens)
}

fn is_of_word(one: char) -> bool {
    one.is_alphanumeric() || matches!(one, '_' | '$')
}

fn begins_comment(text: &str) -> bool {
    let is_line =
        |rest: &str| rest.chars().next().is_none_or(|one| one.is_whitespace() || one.is_control());
    text.starts_with("/*") || text.starts_with("*/") || text.strip_prefix("--").is_some_and(is_line)
}

/// Returns the length of a quoted part, including its quotes.
///
/// A doubled quote stands for one quote. In a text, a backslash escapes a quote.
fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, one)) = characters.next() {
        if one == '\\' && quote == '\'' {
            characters.next()?;
        } else if one == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + one.len_utf8());
        }
    }
    None
}

/// Returns whether a text is a single statement of MySQL's.
///
/// Outside of quotes, the text has neither the end of a statement nor a comment. Every quote is
/// closed.
#[must_use]
pub fn is_one_statement(text: &str) -> bool {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '`' => quoted_length(rest, first),
            '"' | ';' | '#' => None,
            _ if begins_comment(rest) => None,
            _ => Some(first.len_utf8()),
        };
        let Some(length) = length else { return false };
        rest = rest.get(length..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{RawText, is_one_statement};

    #[test]
    fn a_type_is_a_name_with_numbers_or_texts() {
        for text in [
            "int(10) unsigned",
            "decimal(10,2) unsigned zerofill",
            "timestamp(6) /* mariadb-5.3 */",
            "varchar(9) /*M!100301 COMPRESSED*/",
            "enum('a','it''s','\\\\',')')",
            "set('a')",
            "inet6",
            "double precision",
            "char(36)",
        ] {
            assert!(RawText::Type(text).is_well_formed(), "{text}");
        }
        for text in [
            "",
            "int, ADD COLUMN b int",
            "int;",
            "int CHECK (1)",
            "int(1) COMMENT 'x'",
            "enum('a') DEFAULT 'a'",
            "enum('\\')",
            "enum('a'",
            "int(1))",
            "int /*! , ADD b int */",
            "int(sleep(1))",
            "`int`",
        ] {
            assert!(!RawText::Type(text).is_well_formed(), "{text}");
        }
    }

    #[test]
    fn an_expression_ends_nothing_around_it() {
        for (text, is_well_formed, is_plain) in [
            ("`status` in ('A','b')", true, true),
            ("(`end` - `start`)", true, true),
            ("`a` <> ') ; -- it''s \\' '", true, true),
            ("1 - -2 > 0.5", true, true),
            ("sleep(1)", true, false),
            ("`f`(1)", true, false),
            ("`other`.`a` > 1", true, false),
            ("(select 1)", true, false),
            ("@@version", true, false),
            ("1) , ADD COLUMN (b int", false, false),
            ("1; 2", false, false),
            ("1 -- 2", false, false),
            ("1 /* 2 */", false, false),
            ("1 # 2", false, false),
            ("'\\'", false, false),
            ("\"a\"", false, false),
            ("((1)", false, false),
            ("", false, false),
        ] {
            let text = RawText::Expression(text);
            assert_eq!(
                (text.is_well_formed(), text.is_plain()),
                (is_well_formed, is_plain),
                "{text:?}"
            );
        }
    }

    #[test]
    fn one_statement_is_told_from_two() {
        for text in ["SELECT ';', `a;b`, '\\';' -- ", "SELECT 1"] {
            assert_eq!(is_one_statement(text), !text.contains("-- "), "{text}");
        }
        for text in
            ["SELECT 1; SELECT 2", "SELECT '\\'; SELECT 2", "SELECT 1 /*! x */", "SELECT `a"]
        {
            assert!(!is_one_statement(text), "{text}");
        }
    }
}
