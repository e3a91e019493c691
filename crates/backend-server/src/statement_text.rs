//! Statements as a log may show them.

use std::fmt::{self, Write as _};

/// Shows a statement without the values that it holds as literals: `'?'` stands for each text.
#[derive(Clone, Copy, Debug)]
pub struct WithoutValues<'a>(pub &'a str);

impl fmt::Display for WithoutValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        while let Some(one) = rest.next() {
            if one != '\'' {
                f.write_char(one)?;
                continue;
            }
            f.write_str("'?'")?;
            // A quote within the text is doubled, which reads as two texts, or follows a backslash.
            while let Some(inner) = rest.next() {
                match inner {
                    '\\' => {
                        rest.next();
                    }
                    '\'' => break,
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::WithoutValues;

    #[test]
    fn texts_are_left_out() {
        for (sql, shown) in [
            ("SELECT 1", "SELECT 1"),
            ("SET a = 'secret', b = 2", "SET a = '?', b = 2"),
            ("VALUES ('it''s')", "VALUES ('?''?')"),
            (r"VALUES ('a\' secret', 'b')", "VALUES ('?', '?')"),
            ("VALUES ('unended", "VALUES ('?'"),
        ] {
            assert_eq!(WithoutValues(sql).to_string(), shown);
        }
    }
}
