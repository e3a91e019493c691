//! Reads foreign keys.

use super::cursor::Cursor;
use super::{DdlError, Deferrable, ForeignKey, InitialCheck, ReferentialAction, TokenKind};

impl ForeignKey {
    /// Reads the table constraint after its keyword FOREIGN.
    ///
    /// `start` is the position of its first token.
    pub(super) fn of_table(
        cursor: &mut Cursor<'_>,
        start: usize,
        name: Option<String>,
    ) -> Result<Self, DdlError> {
        cursor.expect_keyword("KEY")?;
        let columns = column_names(cursor)?;
        Self::read(cursor, start, name, columns)
    }

    /// Reads the clause from the keyword REFERENCES on.
    pub(super) fn read(
        cursor: &mut Cursor<'_>,
        start: usize,
        name: Option<String>,
        columns: Vec<String>,
    ) -> Result<Self, DdlError> {
        cursor.expect_keyword("REFERENCES")?;
        let (referred_table, referred_table_span) = cursor.name("the name of the parent table")?;
        let referred_columns =
            if cursor.at(TokenKind::LeftParenthesis) { column_names(cursor)? } else { Vec::new() };
        let mut foreign_key = Self {
            name,
            columns,
            referred_table,
            referred_table_span,
            referred_columns,
            on_delete: None,
            on_update: None,
            match_name: None,
            deferrable: None,
            span: 0..0,
        };
        while foreign_key.argument(cursor)? {}
        foreign_key.deferrable = deferrable_clause(cursor);
        foreign_key.span = cursor.span_since(start);
        Ok(foreign_key)
    }

    /// Reads the next MATCH or ON clause (`refarg`), and returns whether one was read.
    ///
    /// The last clause of a kind counts.
    fn argument(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, DdlError> {
        if cursor.take_keyword("MATCH") {
            self.match_name = Some(cursor.name("a name after MATCH")?.0);
        } else if cursor.take_keywords(&["ON", "DELETE"]) {
            self.on_delete = Some(action(cursor)?);
        } else if cursor.take_keywords(&["ON", "UPDATE"]) {
            self.on_update = Some(action(cursor)?);
        } else if cursor.take_keywords(&["ON", "INSERT"]) {
            // SQLite accepts this clause, and ignores it.
            action(cursor)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

/// Reads the `[NOT] DEFERRABLE` clause (`defer_subclause`), if one comes next.
pub(super) fn deferrable_clause(cursor: &mut Cursor<'_>) -> Option<Deferrable> {
    let deferrable =
        cursor.choose(&[(&["DEFERRABLE"] as &[&str], true), (&["NOT", "DEFERRABLE"], false)])?;
    let initially = cursor.choose(&[
        (&["INITIALLY", "DEFERRED"], InitialCheck::Deferred),
        (&["INITIALLY", "IMMEDIATE"], InitialCheck::Immediate),
    ]);
    Some(Deferrable { deferrable, initially })
}

fn action(cursor: &mut Cursor<'_>) -> Result<ReferentialAction, DdlError> {
    let action = cursor.choose(&[
        (&["SET", "NULL"] as &[&str], ReferentialAction::SetNull),
        (&["SET", "DEFAULT"], ReferentialAction::SetDefault),
        (&["CASCADE"], ReferentialAction::Cascade),
        (&["RESTRICT"], ReferentialAction::Restrict),
        (&["NO", "ACTION"], ReferentialAction::NoAction),
    ]);
    action.ok_or_else(|| cursor.unexpected("a foreign-key action"))
}

/// Reads column names in parentheses (`eidlist`).
fn column_names(cursor: &mut Cursor<'_>) -> Result<Vec<String>, DdlError> {
    cursor.expect(TokenKind::LeftParenthesis, "the opening parenthesis of column names")?;
    let mut names = Vec::new();
    loop {
        names.push(cursor.name("the name of a column")?.0);
        // Old versions of SQLite allow a collation and an order here, and ignore them. New versions
        // still read both in a stored schema.
        cursor.collation()?;
        cursor.take_sort_order();
        if !cursor.take(TokenKind::Comma) {
            break;
        }
    }
    cursor.expect(TokenKind::RightParenthesis, "a comma or a closing parenthesis")?;
    Ok(names)
}
