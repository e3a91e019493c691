//! Renames a column in the texts and lists that refer to it.

use super::words::pieces;
use crate::schema::platform::Dialect;

/// Renames a column in a list of names.
pub(super) fn rename_in(columns: &mut [String], from: &str, to: &str) {
    for column in columns.iter_mut().filter(|column| *column == from) {
        to.clone_into(column);
    }
}

/// Renames a column in an expression, quoted or not.
#[must_use]
pub fn rename_in_expression(expression: &str, from: &str, to: &str, dialect: Dialect) -> String {
    let mut renamed = String::with_capacity(expression.len());
    for piece in pieces(expression, dialect) {
        if piece.is_name(from, dialect) {
            let (open, close) = piece.quotes();
            renamed.extend([open, to, close]);
        } else {
            renamed.push_str(piece.text);
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::rename_in_expression;
    use crate::schema::platform::Dialect::Mysql;

    #[test]
    fn a_column_is_renamed_where_an_expression_names_it() {
        for (expression, expected) in [
            ("old", "new"),
            ("lower(Old) || old2 || 'old' || my_old", "lower(new) || old2 || 'old' || my_old"),
            (
                "\"old\" > `OLD` AND t.old <> 'it''s old'",
                "\"new\" > `new` AND t.new <> 'it''s old'",
            ),
            ("\"not old\" é old\u{e9} \"old", "\"not old\" é old\u{e9} \"old"),
            ("'it\\'s old', old", "'it\\'s old', new"),
            ("", ""),
        ] {
            assert_eq!(rename_in_expression(expression, "old", "new", Mysql), expected);
        }
    }
}
