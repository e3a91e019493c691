//! Reads `CREATE TABLE`.

use std::ops::Range;

use super::column::Columns;
use super::cursor::Cursor;
use super::index::{indexed_columns, indexed_columns_with_autoincrement};
use super::{
    Check, ColumnDefinition, CreateTable, DdlError, ForeignKey, PrimaryKey, TableConstraint,
    TokenKind, Unique,
};

impl CreateTable {
    /// Reads the text of a `CREATE TABLE` statement.
    ///
    /// # Errors
    ///
    /// [`DdlError::Unsupported`] for virtual tables, and for `CREATE TABLE … AS SELECT`, of which
    /// SQLite keeps only the resulting table. Another error if the text is not a `CREATE TABLE`
    /// statement.
    pub fn parse(sql: &str) -> Result<Self, DdlError> {
        let mut cursor = Cursor::new(sql)?;
        cursor.expect_keyword("CREATE")?;
        if cursor.at_keyword("VIRTUAL") {
            return Err(DdlError::Unsupported { statement: "CREATE VIRTUAL TABLE" });
        }
        let temporary = cursor.take_keyword("TEMP") || cursor.take_keyword("TEMPORARY");
        cursor.expect_keyword("TABLE")?;
        let if_not_exists = cursor.take_keywords(&["IF", "NOT", "EXISTS"]);
        let (schema, name, name_span) = cursor.qualified_name("the name of a table")?;
        if cursor.at_keyword("AS") {
            return Err(DdlError::Unsupported { statement: "CREATE TABLE … AS SELECT" });
        }

        cursor.expect(TokenKind::LeftParenthesis, "the opening parenthesis of the columns")?;
        let (columns, constraints) = columns_and_constraints(&mut cursor)?;
        let closing_parenthesis =
            cursor.expect(TokenKind::RightParenthesis, "a comma or the closing parenthesis")?;
        let (without_rowid, strict) = table_options(&mut cursor)?;
        cursor.finish()?;
        Ok(Self {
            schema,
            name,
            name_span,
            temporary,
            if_not_exists,
            columns,
            constraints,
            closing_parenthesis,
            without_rowid,
            strict,
        })
    }

    /// Returns the primary key, whether written at a column or as a table constraint.
    pub fn primary_key(&self) -> Option<&PrimaryKey> {
        let of_table = self.constraints.iter().find_map(|constraint| match constraint {
            TableConstraint::PrimaryKey(primary_key) => Some(primary_key),
            _ => None,
        });
        self.columns.iter().find_map(|column| column.primary_key.as_ref()).or(of_table)
    }

    /// Returns the UNIQUE constraints, first those written at columns.
    pub fn unique_constraints(&self) -> impl Iterator<Item = &Unique> {
        let of_table = self.constraints.iter().filter_map(|constraint| match constraint {
            TableConstraint::Unique(unique) => Some(unique),
            _ => None,
        });
        self.columns.iter().flat_map(|column| &column.unique).chain(of_table)
    }

    /// Returns the CHECK constraints, first those written at columns.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        let of_table = self.constraints.iter().filter_map(|constraint| match constraint {
            TableConstraint::Check(check) => Some(check),
            _ => None,
        });
        self.columns.iter().flat_map(|column| &column.checks).chain(of_table)
    }

    /// Returns the foreign keys, first those written at columns.
    pub fn foreign_keys(&self) -> impl Iterator<Item = &ForeignKey> {
        let of_table = self.constraints.iter().filter_map(|constraint| match constraint {
            TableConstraint::ForeignKey(foreign_key) => Some(foreign_key),
            _ => None,
        });
        self.columns.iter().flat_map(|column| &column.references).chain(of_table)
    }
}

impl TableConstraint {
    /// Returns the name given with `CONSTRAINT`, without quotes.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::PrimaryKey(primary_key) => primary_key.name.as_deref(),
            Self::Unique(unique) => unique.name.as_deref(),
            Self::Check(check) => check.name.as_deref(),
            Self::ForeignKey(foreign_key) => foreign_key.name.as_deref(),
        }
    }

    /// Returns the span of the constraint, from the word `CONSTRAINT` if it has a name.
    pub fn span(&self) -> &Range<usize> {
        match self {
            Self::PrimaryKey(primary_key) => &primary_key.span,
            Self::Unique(unique) => &unique.span,
            Self::Check(check) => &check.span,
            Self::ForeignKey(foreign_key) => &foreign_key.span,
        }
    }
}

/// Returns whether a table constraint (`tcons`) comes next.
///
/// All of these words are reserved, so none of them can be the name of another column.
fn at_table_constraint(cursor: &Cursor<'_>) -> bool {
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
        .iter()
        .any(|keyword| cursor.at_keyword(keyword))
}

/// Reads the content of the table's parentheses (`columnlist conslist_opt`).
fn columns_and_constraints(
    cursor: &mut Cursor<'_>,
) -> Result<(Vec<ColumnDefinition>, Vec<TableConstraint>), DdlError> {
    let mut columns = Columns::default();
    columns.read(cursor)?;
    while cursor.take(TokenKind::Comma) {
        if at_table_constraint(cursor) {
            return Ok((columns.into_vec(), table_constraints(cursor)?));
        }
        columns.read(cursor)?;
    }
    Ok((columns.into_vec(), Vec::new()))
}

/// Reads the table constraints (`conslist`), between which the commas may be missing.
fn table_constraints(cursor: &mut Cursor<'_>) -> Result<Vec<TableConstraint>, DdlError> {
    let mut constraints = Vec::new();
    while at_table_constraint(cursor) {
        constraints.extend(table_constraint(cursor)?);
        if cursor.take(TokenKind::Comma) && !at_table_constraint(cursor) {
            return Err(cursor.unexpected("a table constraint"));
        }
    }
    Ok(constraints)
}

/// Reads one table constraint; `None` for a name alone, which SQLite's grammar allows.
fn table_constraint(cursor: &mut Cursor<'_>) -> Result<Option<TableConstraint>, DdlError> {
    let start = cursor.position();
    let name = cursor.constraint_name()?;
    let constraint = if cursor.take_keyword("PRIMARY") {
        cursor.expect_keyword("KEY")?;
        let (columns, autoincrement) = indexed_columns_with_autoincrement(cursor)?;
        let on_conflict = cursor.on_conflict()?;
        let span = cursor.span_since(start);
        TableConstraint::PrimaryKey(PrimaryKey { name, columns, autoincrement, on_conflict, span })
    } else if cursor.take_keyword("UNIQUE") {
        let columns = indexed_columns(cursor)?;
        let on_conflict = cursor.on_conflict()?;
        let span = cursor.span_since(start);
        TableConstraint::Unique(Unique { name, columns, on_conflict, span })
    } else if cursor.take_keyword("CHECK") {
        let expression = cursor.parenthesised()?;
        let on_conflict = cursor.on_conflict()?;
        let span = cursor.span_since(start);
        TableConstraint::Check(Check { name, expression, on_conflict, span })
    } else if cursor.take_keyword("FOREIGN") {
        TableConstraint::ForeignKey(ForeignKey::of_table(cursor, start, name)?)
    } else {
        return Ok(None);
    };
    Ok(Some(constraint))
}

/// Reads the table options (`table_option_set`): whether WITHOUT ROWID and STRICT are given.
fn table_options(cursor: &mut Cursor<'_>) -> Result<(bool, bool), DdlError> {
    let (mut without_rowid, mut strict) = (false, false);
    // The grammar puts a comma between two options, and also permits one before the first.
    let mut more = cursor.take(TokenKind::Comma) || cursor.at(TokenKind::Word);
    while more {
        if cursor.take_keywords(&["WITHOUT", "ROWID"]) {
            without_rowid = true;
        } else if cursor.take_keyword("STRICT") {
            strict = true;
        } else {
            return Err(cursor.unexpected("WITHOUT ROWID or STRICT"));
        }
        more = cursor.take(TokenKind::Comma);
    }
    Ok((without_rowid, strict))
}
