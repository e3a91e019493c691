//! What refers to a column follows when it gets another name.

/// Renames a column in a list of names.
pub(super) fn rename_in(columns: &mut [String], from: &str, to: &str) {
    for column in columns.iter_mut().filter(|column| *column == from) {
        to.clone_into(column);
    }
}

/// Renames a column where an expression names it, in quotes or without.
pub(super) fn rename_in_expression(expression: &str, from: &str, to: &str) -> String {
    let mut renamed = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let is_word = |one: char| one.is_alphanumeric() || matches!(one, '_' | '$');
        let (length, quotes) = match first {
            '\'' | '"' | '`' => {
                let end = rest.get(1..).and_then(|inner| inner.find(first));
                (end.map_or(rest.len(), |end| end + 2), usize::from(first != '\''))
            }
            _ if is_word(first) => (rest.find(|one| !is_word(one)).unwrap_or(rest.len()), 0),
            _ => (first.len_utf8(), 0),
        };
        let (token, after) = rest.split_at(length);
        let name = token.get(quotes..token.len() - quotes).unwrap_or_default();
        if name.eq_ignore_ascii_case(from) {
            renamed.extend([&token[..quotes], to, &token[token.len() - quotes..]]);
        } else {
            renamed.push_str(token);
        }
        rest = after;
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::rename_in_expression;

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
            ("", ""),
        ] {
            assert_eq!(rename_in_expression(expression, "old", "new"), expected);
        }
    }
}
