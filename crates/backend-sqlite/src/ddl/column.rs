//! Reads the column definitions of `CREATE TABLE`.

use std::ops::Range;

use super::cursor::Cursor;
use super::foreign_key::deferrable_clause;
use super::token::{WHITESPACE, dequote};
use super::{
    Check, ColumnDefinition, DdlError, DefaultValue, ForeignKey, Generated, IndexedColumn, NotNull,
    PrimaryKey, TokenKind, Unique,
};

/// SQLite's standard types (`sqlite3StdType`).
///
/// SQLite stores only a number for each, and so reports them in upper case.
const STANDARD_TYPES: [&str; 6] = ["ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT"];

/// The columns of a table (`columnlist`) that have been read so far.
#[derive(Default)]
pub(super) struct Columns {
    finished: Vec<ColumnDefinition>,
    /// The finished column that has the most recent foreign key.
    last_reference: Option<usize>,
}

impl Columns {
    pub(super) fn into_vec(self) -> Vec<ColumnDefinition> {
        self.finished
    }

    /// Reads another column.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), DdlError> {
        let column = self.column(cursor)?;
        if !column.references.is_empty() {
            self.last_reference = Some(self.finished.len());
        }
        self.finished.push(column);
        Ok(())
    }

    /// Reads one column (`columnname carglist`).
    fn column(&mut self, cursor: &mut Cursor<'_>) -> Result<ColumnDefinition, DdlError> {
        let start = cursor.position();
        let (name, name_span) = cursor.name("the name of a column")?;
        let mut column = ColumnDefinition {
            name,
            name_span,
            declared_type: declared_type(cursor)?,
            not_null: None,
            default: None,
            primary_key: None,
            unique: Vec::new(),
            checks: Vec::new(),
            references: Vec::new(),
            collation: None,
            generated: None,
            span: Range::default(),
        };
        while self.column_constraint(cursor, &mut column)? {}
        column.span = cursor.span_since(start);
        Ok(column)
    }

    /// Reads the next constraint (`ccons`) into the column, and returns whether one was read.
    fn column_constraint(
        &mut self,
        cursor: &mut Cursor<'_>,
        column: &mut ColumnDefinition,
    ) -> Result<bool, DdlError> {
        let start = cursor.position();
        let name = cursor.constraint_name()?;
        if cursor.take_keywords(&["NOT", "NULL"]) {
            column.not_null = Some(NotNull { name, on_conflict: cursor.on_conflict()? });
        } else if cursor.take_keyword("NULL") {
            // NULL has no effect: SQLite does not let it revoke a NOT NULL.
            cursor.on_conflict()?;
        } else if cursor.take_keyword("DEFAULT") {
            column.default = Some(default_value(cursor, name)?);
        } else if cursor.at_keyword("PRIMARY") {
            column.primary_key = Some(primary_key(cursor, start, name, column)?);
        } else if cursor.take_keyword("UNIQUE") {
            let columns = vec![own_column(column, false)];
            let on_conflict = cursor.on_conflict()?;
            let span = cursor.span_since(start);
            column.unique.push(Unique { name, columns, on_conflict, span });
        } else if cursor.take_keyword("CHECK") {
            let expression = cursor.parenthesised()?;
            let span = cursor.span_since(start);
            column.checks.push(Check { name, expression, on_conflict: None, span });
        } else if cursor.at_keyword("REFERENCES") {
            let columns = vec![column.name.clone()];
            column.references.push(ForeignKey::read(cursor, start, name, columns)?);
        } else if let Some(collation) = cursor.collation()? {
            column.collation = Some(collation);
        } else if cursor.take_keywords(&["GENERATED", "ALWAYS", "AS"]) || cursor.take_keyword("AS")
        {
            column.generated = Some(generated(cursor, name)?);
        } else if let Some(deferrable) = deferrable_clause(cursor) {
            // SQLite applies a clause that is not at its REFERENCES to the table's latest one.
            if let Some(reference) = self.latest_reference(column) {
                reference.deferrable = Some(deferrable);
            }
        } else {
            // A name with no constraint after it is allowed.
            return Ok(name.is_some());
        }
        Ok(true)
    }

    fn latest_reference<'a>(
        &'a mut self,
        column: &'a mut ColumnDefinition,
    ) -> Option<&'a mut ForeignKey> {
        let earlier = self.last_reference.and_then(|index| self.finished.get_mut(index));
        column
            .references
            .last_mut()
            .or_else(|| earlier.and_then(|column| column.references.last_mut()))
    }
}

/// Reads a type (`typetoken`), and returns it as SQLite reports it.
fn declared_type(cursor: &mut Cursor<'_>) -> Result<Option<String>, DdlError> {
    let start = cursor.position();
    while cursor.token(cursor.position()).is_some_and(|token| cursor.is_type_word(token)) {
        cursor.move_to(cursor.position() + 1);
    }
    let words = cursor.position() - start;
    if words > 0 && cursor.take(TokenKind::LeftParenthesis) {
        signed_number(cursor)?;
        if cursor.take(TokenKind::Comma) {
            signed_number(cursor)?;
        }
        cursor.expect(TokenKind::RightParenthesis, "the closing parenthesis of a type")?;
    }
    let text = without_generated_always(cursor.tokens_text(start..cursor.position()));
    if text.is_empty() {
        return Ok(None);
    }
    let name = dequote(text);
    let standard = STANDARD_TYPES.iter().find(|standard| standard.eq_ignore_ascii_case(&name));
    // SQLite does not recognize the type in `"int" x`, although it then keeps only the first word.
    let quotes = text.len().abs_diff(name.len());
    Ok(Some(match standard {
        Some(standard) if quotes == 0 || quotes == 2 => (*standard).to_owned(),
        _ => name,
    }))
}

/// Returns the text of a type without the words GENERATED ALWAYS at its end.
///
/// SQLite reads these words into the type, as identifiers. `sqlite3AddColumn` then removes them in
/// the same way.
fn without_generated_always(text: &str) -> &str {
    if text.len() < "GENERATED ALWAYS".len() {
        return text;
    }
    match cut_end(text, "ALWAYS") {
        Some(rest) => cut_end(rest, "GENERATED").unwrap_or(rest),
        None => text,
    }
}

/// Returns the text without the word at its end and the white space before the word.
///
/// Returns `None` if the text ends differently.
fn cut_end<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(word.len())?)?;
    end.eq_ignore_ascii_case(word).then(|| rest.trim_end_matches(WHITESPACE))
}

/// Reads a number in a type (`signed`), of which only the text matters.
fn signed_number(cursor: &mut Cursor<'_>) -> Result<(), DdlError> {
    cursor.take_sign();
    cursor.expect(TokenKind::Number, "a number").map(|_| ())
}

/// Reads what follows the keyword DEFAULT.
fn default_value(cursor: &mut Cursor<'_>, name: Option<String>) -> Result<DefaultValue, DdlError> {
    if cursor.at(TokenKind::LeftParenthesis) {
        return Ok(DefaultValue { name, text: cursor.parenthesised()?, parenthesised: true });
    }
    let start = cursor.position();
    cursor.take_sign();
    let position = cursor.position();
    let is_value = cursor.token(position).is_some_and(|token| {
        matches!(token.kind, TokenKind::Number | TokenKind::Blob) || cursor.is_name(token)
    });
    if !is_value && !cursor.at_keyword("NULL") {
        return Err(cursor.unexpected("a default value"));
    }
    cursor.move_to(position + 1);
    let text = cursor.tokens_text(start..cursor.position()).to_owned();
    Ok(DefaultValue { name, text, parenthesised: false })
}

fn primary_key(
    cursor: &mut Cursor<'_>,
    start: usize,
    name: Option<String>,
    column: &ColumnDefinition,
) -> Result<PrimaryKey, DdlError> {
    if column.primary_key.is_some() {
        return Err(cursor.unexpected("at most one PRIMARY KEY"));
    }
    cursor.expect_keyword("PRIMARY")?;
    cursor.expect_keyword("KEY")?;
    let descending = cursor.take_sort_order();
    let columns = vec![own_column(column, descending)];
    let on_conflict = cursor.on_conflict()?;
    let autoincrement = cursor.take_keyword("AUTOINCREMENT");
    let span = cursor.span_since(start);
    Ok(PrimaryKey { name, columns, autoincrement, on_conflict, span })
}

/// Returns the column as the only column of its own key.
fn own_column(column: &ColumnDefinition, descending: bool) -> IndexedColumn {
    IndexedColumn { name: column.name.clone(), collation: None, descending }
}

/// Reads what follows the keyword AS (`generated`).
fn generated(cursor: &mut Cursor<'_>, name: Option<String>) -> Result<Generated, DdlError> {
    let expression = cursor.parenthesised()?;
    let stored = !cursor.take_keyword("VIRTUAL") && cursor.take_keyword("STORED");
    Ok(Generated { name, expression, stored })
}
