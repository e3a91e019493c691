//! Statements as a log may show them.

use std::fmt::{self, Write as _};
use std::iter::Peekable;
use std::str::Chars;

/// Shows a statement without the values that it holds as literals: `?` stands for a number, and
/// `'?'` for a text.
#[derive(Clone, Copy, Debug)]
pub struct WithoutValues<'a>(pub &'a str);

impl fmt::Display for WithoutValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars().peekable();
        let mut is_in_word = false;
        while let Some(one) = rest.next() {
            match one {
                '\'' => {
                    f.write_str("'?'")?;
                    skip_text(&mut rest);
                }
                '`' | '"' => {
                    f.write_char(one)?;
                    copy_identifier(&mut rest, one, f)?;
                }
                '0'..='9' if !is_in_word => {
                    f.write_char('?')?;
                    while rest.next_if(|next| next.is_alphanumeric() || *next == '.').is_some() {}
                }
                _ => f.write_char(one)?,
            }
            is_in_word = one.is_alphanumeric() || one == '_';
        }
        Ok(())
    }
}

/// Skips a text to its end. A doubled quote in the text reads as the end, and the begin of another.
fn skip_text(rest: &mut Peekable<Chars<'_>>) {
    while let Some(one) = rest.next() {
        match one {
            '\\' => {
                rest.next();
            }
            '\'' => return,
            _ => {}
        }
    }
}

fn copy_identifier(
    rest: &mut Peekable<Chars<'_>>,
    quote: char,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for one in rest.by_ref() {
        f.write_char(one)?;
        if one == quote {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::WithoutValues;

    #[test]
    fn texts_and_numbers_are_left_out() {
        for (sql, shown) in [
            ("SET a = 'secret', b = b2", "SET a = '?', b = b2"),
            ("VALUES ('it''s', 1)", "VALUES ('?''?', ?)"),
            (r"VALUES ('a\' secret', 'b')", "VALUES ('?', '?')"),
            ("VALUES ('unended", "VALUES ('?'"),
            ("SELECT 1.5e0, -7, x'00', NULL AS c0", "SELECT ?, -?, x'?', NULL AS c0"),
            ("SELECT `7 o'clock`, \"it's 8\"", "SELECT `7 o'clock`, \"it's 8\""),
        ] {
            assert_eq!(WithoutValues(sql).to_string(), shown);
        }
    }
}
