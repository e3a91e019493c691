//! Reading `CREATE TRIGGER`.

use std::ops::Range;

use super::cursor::Cursor;
use super::index::ends_operand;
use super::{DdlError, TokenKind};

/// A `CREATE TRIGGER` statement, as `lang_createtrigger` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTrigger {
    /// The schema before the trigger's name; SQLite does not keep it in `sqlite_schema`.
    pub schema: Option<String>,
    /// The trigger's name, without quotes.
    pub name: String,
    /// Where the trigger's name stands, with its quotes and without the schema.
    pub name_span: Range<usize>,
    /// Whether `TEMP` or `TEMPORARY` was given; SQLite does not keep it in `sqlite_schema`.
    pub temporary: bool,
    /// Whether `IF NOT EXISTS` was given; SQLite does not keep it in `sqlite_schema`.
    pub if_not_exists: bool,
    /// When the trigger runs; SQLite takes `BEFORE` if `None`.
    pub timing: Option<TriggerTiming>,
    /// The event that runs the trigger.
    pub event: TriggerEvent,
    /// The table or view, without quotes.
    pub table: String,
    /// Where the table's name stands, with its quotes and without a schema.
    pub table_span: Range<usize>,
    /// The source text of the `WHEN` expression, without the word.
    pub condition: Option<String>,
    /// The source text between `BEGIN` and `END`, with the semicolons.
    pub body: String,
}

/// When a trigger runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerTiming {
    /// `BEFORE`
    Before,
    /// `AFTER`
    After,
    /// `INSTEAD OF`
    InsteadOf,
}

/// The event that runs a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerEvent {
    /// `DELETE`
    Delete,
    /// `INSERT`
    Insert,
    /// `UPDATE`, with the columns after `OF`; empty if none are written, which means any.
    Update(Vec<String>),
}

impl CreateTrigger {
    /// Reads the text of a `CREATE TRIGGER` statement.
    ///
    /// # Errors
    ///
    /// An error if the text is not a `CREATE TRIGGER` statement.
    pub fn parse(sql: &str) -> Result<Self, DdlError> {
        let mut cursor = Cursor::new(sql)?;
        cursor.expect_keyword("CREATE")?;
        let temporary = cursor.take_keyword("TEMP") || cursor.take_keyword("TEMPORARY");
        cursor.expect_keyword("TRIGGER")?;
        let if_not_exists = cursor.take_keywords(&["IF", "NOT", "EXISTS"]);
        let (schema, name, name_span) = cursor.qualified_name("the name of a trigger")?;
        let timing = cursor.choose(&[
            (&["BEFORE"] as &[&str], TriggerTiming::Before),
            (&["AFTER"], TriggerTiming::After),
            (&["INSTEAD", "OF"], TriggerTiming::InsteadOf),
        ]);
        let event = event(&mut cursor)?;
        cursor.expect_keyword("ON")?;
        let (_, table, table_span) = cursor.qualified_name("the name of a table")?;
        cursor.take_keywords(&["FOR", "EACH", "ROW"]);
        let condition = condition(&mut cursor)?;
        let body = body(&mut cursor)?;
        Ok(Self {
            schema,
            name,
            name_span,
            temporary,
            if_not_exists,
            timing,
            event,
            table,
            table_span,
            condition,
            body,
        })
    }
}

fn event(cursor: &mut Cursor<'_>) -> Result<TriggerEvent, DdlError> {
    if cursor.take_keyword("DELETE") {
        return Ok(TriggerEvent::Delete);
    }
    if cursor.take_keyword("INSERT") {
        return Ok(TriggerEvent::Insert);
    }
    if !cursor.take_keyword("UPDATE") {
        return Err(cursor.unexpected("DELETE, INSERT or UPDATE"));
    }
    let mut columns = Vec::new();
    let mut more = cursor.take_keyword("OF");
    while more {
        columns.push(cursor.name("the name of a column")?.0);
        more = cursor.take(TokenKind::Comma);
    }
    Ok(TriggerEvent::Update(columns))
}

/// The expression after WHEN, if that comes next. It ends at the first BEGIN that is not part of
/// it; SQLite also accepts `begin` as the name of a column.
fn condition(cursor: &mut Cursor<'_>) -> Result<Option<String>, DdlError> {
    if !cursor.take_keyword("WHEN") {
        return Ok(None);
    }
    let start = cursor.position();
    let mut position = start;
    while position < cursor.length() {
        if cursor.is_keyword(position, "BEGIN") && ends_operand(cursor, start, position) {
            cursor.move_to(position);
            return Ok(Some(cursor.tokens_text(start..position).to_owned()));
        }
        position = cursor.after_group(position);
    }
    Err(cursor.unexpected_end("BEGIN"))
}

/// The statements between BEGIN and the END with which the whole statement ends.
fn body(cursor: &mut Cursor<'_>) -> Result<String, DdlError> {
    cursor.expect_keyword("BEGIN")?;
    let start = cursor.position();
    let is_semicolon = |position: usize| {
        cursor.token(position).is_some_and(|token| token.kind == TokenKind::Semicolon)
    };
    let mut end = cursor.length();
    while end > start && is_semicolon(end - 1) {
        end -= 1;
    }
    let ends_with_statement = end >= start + 2 && is_semicolon(end - 2);
    if !ends_with_statement || !cursor.is_keyword(end - 1, "END") {
        return Err(cursor.unexpected_end("statements and END"));
    }
    Ok(cursor.tokens_text(start..end - 1).to_owned())
}
