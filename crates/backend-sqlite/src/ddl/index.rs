//! Reads `CREATE INDEX`, and the columns of PRIMARY KEY and UNIQUE constraints.

use std::ops::Range;

use super::cursor::Cursor;
use super::token::dequote;
use super::{DdlError, IndexedColumn, Token, TokenKind};

/// The keywords after which an expression continues.
///
/// A following ASC, DESC or BEGIN can only be a name.
const OPERATOR_KEYWORDS: [&str; 18] = [
    "AND", "BETWEEN", "CASE", "COLLATE", "ELSE", "ESCAPE", "EXISTS", "FROM", "GLOB", "IN", "IS",
    "LIKE", "MATCH", "NOT", "OR", "REGEXP", "THEN", "WHEN",
];

/// A `CREATE INDEX` statement, as `lang_createindex` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIndex {
    /// The schema before the index's name; SQLite does not keep it in `sqlite_schema`.
    pub schema: Option<String>,
    /// The index's name, without quotes.
    pub name: String,
    /// The span of the index's name, with its quotes and without the schema.
    pub name_span: Range<usize>,
    /// The indexed table's name, without quotes.
    pub table: String,
    /// The span of the table's name, with its quotes.
    pub table_span: Range<usize>,
    /// Whether the index is `UNIQUE`.
    pub unique: bool,
    /// Whether `IF NOT EXISTS` was given; SQLite does not keep it in `sqlite_schema`.
    pub if_not_exists: bool,
    /// The indexed columns and expressions, in order.
    pub columns: Vec<IndexedExpression>,
    /// The source text of the `WHERE` clause of a partial index, without the word.
    pub predicate: Option<String>,
}

/// One entry of an index (`indexed-column`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedExpression {
    /// The column or expression.
    pub key: IndexKey,
    /// The collation given for the key, without quotes.
    ///
    /// A collation after an expression with operators stays part of the expression's text, because
    /// it may apply to the last operand only.
    pub collation: Option<String>,
    /// Whether the order is `DESC`.
    pub descending: bool,
    /// The span of the entry with its collation and order.
    pub span: Range<usize>,
}

/// What an index entry is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexKey {
    /// A column, by its name without quotes. SQLite also reads `'name'` and `("name")` as a column.
    Column(String),
    /// The source text of an expression.
    ///
    /// Parentheses stay where the entry's collation needs them to apply to the whole expression.
    Expression(String),
}

impl CreateIndex {
    /// Reads the text of a `CREATE INDEX` statement.
    ///
    /// # Errors
    ///
    /// An error if the text is not a `CREATE INDEX` statement.
    pub fn parse(sql: &str) -> Result<Self, DdlError> {
        let mut cursor = Cursor::new(sql)?;
        cursor.expect_keyword("CREATE")?;
        let unique = cursor.take_keyword("UNIQUE");
        cursor.expect_keyword("INDEX")?;
        let if_not_exists = cursor.take_keywords(&["IF", "NOT", "EXISTS"]);
        let (schema, name, name_span) = cursor.qualified_name("the name of an index")?;
        cursor.expect_keyword("ON")?;
        let (table, table_span) = cursor.name("the name of a table")?;
        let columns = list(&mut cursor)?
            .into_iter()
            .map(|entry| indexed_expression(&cursor, entry))
            .collect::<Result<_, _>>()?;
        let predicate = predicate(&mut cursor)?;
        cursor.finish()?;
        Ok(Self {
            schema,
            name,
            name_span,
            table,
            table_span,
            unique,
            if_not_exists,
            columns,
            predicate,
        })
    }
}

/// Reads the columns in parentheses of a UNIQUE constraint.
pub(super) fn indexed_columns(cursor: &mut Cursor<'_>) -> Result<Vec<IndexedColumn>, DdlError> {
    list(cursor)?.into_iter().map(|entry| indexed_column(cursor, entry)).collect()
}

/// Reads the columns in parentheses of a PRIMARY KEY constraint.
///
/// AUTOINCREMENT may follow them within the parentheses.
pub(super) fn indexed_columns_with_autoincrement(
    cursor: &mut Cursor<'_>,
) -> Result<(Vec<IndexedColumn>, bool), DdlError> {
    let mut entries = list(cursor)?;
    let autoincrement = entries.last_mut().is_some_and(|last| {
        let found = last.end > last.start && cursor.is_keyword(last.end - 1, "AUTOINCREMENT");
        last.end -= usize::from(found);
        found
    });
    let columns = entries.into_iter().map(|entry| indexed_column(cursor, entry));
    Ok((columns.collect::<Result<_, _>>()?, autoincrement))
}

/// Returns the token positions of each entry of the next list in parentheses (`sortlist`).
fn list(cursor: &mut Cursor<'_>) -> Result<Vec<Range<usize>>, DdlError> {
    let opening = cursor.position();
    cursor.expect(TokenKind::LeftParenthesis, "the opening parenthesis of indexed columns")?;
    let closing = cursor
        .closing(opening)
        .ok_or_else(|| cursor.unexpected_end("the closing parenthesis of indexed columns"))?;
    let mut entries = Vec::new();
    let mut start = opening + 1;
    let mut position = start;
    while position < closing {
        if cursor.token(position).is_some_and(|token| token.kind == TokenKind::Comma) {
            entries.push(start..position);
            start = position + 1;
        }
        position = cursor.after_group(position);
    }
    entries.push(start..closing);
    cursor.move_to(closing + 1);
    Ok(entries)
}

/// Reads an entry that must be a column.
fn indexed_column(cursor: &Cursor<'_>, entry: Range<usize>) -> Result<IndexedColumn, DdlError> {
    let start = entry.start;
    let IndexedExpression { key, collation, descending, .. } = indexed_expression(cursor, entry)?;
    match key {
        IndexKey::Column(name) => Ok(IndexedColumn { name, collation, descending }),
        IndexKey::Expression(_) => Err(cursor.unexpected_at(start, "the name of a column")),
    }
}

/// Reads one entry (`expr sortorder`).
///
/// The function first removes the order. Then it removes parentheses and collations from the
/// outside to the inside, until a column remains or nothing more can be removed.
fn indexed_expression(
    cursor: &Cursor<'_>,
    entry: Range<usize>,
) -> Result<IndexedExpression, DdlError> {
    if entry.is_empty() {
        return Err(cursor.unexpected_at(entry.start, "a column or an expression"));
    }
    let span = cursor.tokens_span(entry.clone());
    let (mut inner, descending) = without_sort_order(cursor, entry);
    let mut collation = None;
    // Parentheses are removed from this text only together with a collation around them. Otherwise
    // what follows the text could bind to a part of it.
    let mut expression = inner.clone();
    loop {
        if let Some((rest, outer_collation)) = without_collation(cursor, &inner) {
            collation.get_or_insert(outer_collation);
            inner = rest;
            expression = inner.clone();
        } else if inner.len() > 2 && is_group(cursor, inner.start, inner.end) {
            inner = inner.start + 1..inner.end - 1;
        } else {
            break;
        }
    }
    let key = match sole_token(cursor, &inner) {
        Some(token) if cursor.is_name(token) => {
            IndexKey::Column(dequote(cursor.tokens_text(inner)))
        }
        _ => IndexKey::Expression(cursor.tokens_text(expression).to_owned()),
    };
    Ok(IndexedExpression { key, collation, descending, span })
}

/// Returns the entry without `ASC` or `DESC` at its end, and whether it was `DESC`.
fn without_sort_order(cursor: &Cursor<'_>, entry: Range<usize>) -> (Range<usize>, bool) {
    let Some(last) = entry.end.checked_sub(1) else { return (entry, false) };
    let descending = cursor.is_keyword(last, "DESC");
    let is_order =
        (descending || cursor.is_keyword(last, "ASC")) && ends_operand(cursor, entry.start, last);
    if is_order { (entry.start..last, descending) } else { (entry, false) }
}

/// Returns an expression without the collations at its end, and the last of them, which counts.
///
/// Returns `None` if there are no such collations. Returns `None` too if they apply only to a part
/// of the expression, as in `a || b COLLATE NOCASE`.
fn without_collation(
    cursor: &Cursor<'_>,
    expression: &Range<usize>,
) -> Option<(Range<usize>, String)> {
    let mut end = expression.end;
    while end >= expression.start + 3 && cursor.is_keyword(end - 2, "COLLATE") {
        end -= 2;
    }
    let rest = expression.start..end;
    if end == expression.end || !is_operand(cursor, &rest) {
        return None;
    }
    let name = cursor.tokens_text(expression.end - 1..expression.end);
    Some((rest, dequote(name)))
}

/// Returns whether COLLATE after the expression applies to all of it.
///
/// This holds for a name, a literal, a function call, a `CASE`, or anything in parentheses. A sign
/// may precede them, because it binds more tightly than COLLATE.
fn is_operand(cursor: &Cursor<'_>, expression: &Range<usize>) -> bool {
    let Range { mut start, end } = *expression;
    while cursor.is_sign(start) {
        start += 1;
    }
    let is_call = cursor.token(start).is_some_and(|token| cursor.is_name(token))
        && is_group(cursor, start + 1, end);
    start + 1 == end || is_group(cursor, start, end) || is_call || is_case(cursor, start, end)
}

/// Returns whether the tokens from `start` up to `end` are one group in parentheses.
fn is_group(cursor: &Cursor<'_>, start: usize, end: usize) -> bool {
    cursor.closing(start).is_some_and(|closing| closing + 1 == end)
}

/// Returns whether the tokens from `start` up to `end` are one `CASE … END`.
fn is_case(cursor: &Cursor<'_>, start: usize, end: usize) -> bool {
    let mut depth = 0_usize;
    let mut position = start;
    while position < end {
        if cursor.is_keyword(position, "CASE") {
            depth += 1;
        } else if cursor.is_keyword(position, "END") && depth > 0 {
            depth -= 1;
        }
        position = cursor.after_group(position);
        if depth == 0 {
            break;
        }
    }
    depth == 0 && position == end && cursor.is_keyword(start, "CASE")
}

/// Returns whether the tokens from `start` up to `end` can be a complete expression.
///
/// Then what follows is not a part of it.
pub(super) fn ends_operand(cursor: &Cursor<'_>, start: usize, end: usize) -> bool {
    let Some(last) = end.checked_sub(1).filter(|last| *last >= start) else { return false };
    match cursor.token(last).map(|token| token.kind) {
        Some(TokenKind::Word) => {
            last == start || !OPERATOR_KEYWORDS.iter().any(|word| cursor.is_keyword(last, word))
        }
        Some(
            TokenKind::QuotedIdentifier
            | TokenKind::String
            | TokenKind::Blob
            | TokenKind::Number
            | TokenKind::Variable
            | TokenKind::RightParenthesis,
        ) => true,
        _ => false,
    }
}

fn sole_token(cursor: &Cursor<'_>, positions: &Range<usize>) -> Option<Token> {
    if positions.len() == 1 { cursor.token(positions.start) } else { None }
}

/// Reads the expression after WHERE, if this keyword comes next.
fn predicate(cursor: &mut Cursor<'_>) -> Result<Option<String>, DdlError> {
    if !cursor.take_keyword("WHERE") {
        return Ok(None);
    }
    let start = cursor.position();
    while cursor.token(cursor.position()).is_some_and(|token| token.kind != TokenKind::Semicolon) {
        cursor.move_to(cursor.position() + 1);
    }
    let text = cursor.tokens_text(start..cursor.position());
    if text.is_empty() {
        return Err(cursor.unexpected("an expression"));
    }
    Ok(Some(text.to_owned()))
}
