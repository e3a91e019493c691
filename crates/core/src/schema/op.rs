//! What a revision says: edits of the schema model.
//!
//! An operation never describes a whole table that exists already; it says what becomes different.
//! That is what lets a column, an index or a trigger that a user has added live through an upgrade.

use crate::schema::{
    Check, Column, ColumnType, DefaultValue, ForeignKey, Index, PrimaryKey, Table, Trigger,
};

/// One edit of the schema model.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A table comes into being, with everything that belongs to it.
    CreateTable(Table),
    /// A change within a table.
    Alter {
        /// The table.
        table: String,
        /// What becomes different.
        edit: TableEdit,
    },
}

impl Op {
    /// The table that it edits.
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Self::CreateTable(table) => &table.name,
            Self::Alter { table, .. } => table,
        }
    }
}

/// What becomes different within a table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableEdit {
    /// A column is added at the end.
    AddColumn(Column),
    /// A column goes, with its values.
    DropColumn(String),
    /// A column gets another name; what refers to it follows.
    RenameColumn {
        /// The name so far.
        from: String,
        /// The name from here on.
        to: String,
    },
    /// A column's definition changes.
    AlterColumn {
        /// The column.
        column: String,
        /// What of it changes.
        change: ColumnChange,
    },
    /// The primary key is replaced.
    SetPrimaryKey(PrimaryKey),
    /// A foreign key is added.
    AddForeignKey(ForeignKey),
    /// The foreign key over these columns goes, whatever its name is.
    DropForeignKey(Vec<String>),
    /// A unique constraint is added.
    AddUnique {
        /// Its name.
        name: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// The unique constraint or unique index over exactly these columns goes, whatever its name is.
    DropUnique(Vec<String>),
    /// A CHECK is added.
    AddCheck(Check),
    /// The CHECK of that name goes.
    DropCheck(String),
    /// An index is added.
    CreateIndex(Index),
    /// The index of that name goes.
    DropIndex(String),
    /// A trigger is added.
    CreateTrigger(Trigger),
}

/// What changes of a column; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnChange {
    /// The type.
    pub column_type: Option<ColumnType>,
    /// Whether it can hold NULL.
    pub nullable: Option<bool>,
    /// The default; `Some(None)` takes it away.
    pub default: Option<Option<DefaultValue>>,
    /// The collation.
    pub collation: Option<String>,
}

impl ColumnChange {
    /// Another type.
    #[must_use]
    pub fn to_type(column_type: ColumnType) -> Self {
        Self { column_type: Some(column_type), ..Self::default() }
    }

    /// Whether it can hold NULL.
    #[must_use]
    pub fn nullable(mut self, nullable: bool) -> Self {
        self.nullable = Some(nullable);
        self
    }

    /// No default any more.
    #[must_use]
    pub fn without_default(mut self) -> Self {
        self.default = Some(None);
        self
    }

    /// Another default, as a quoted literal.
    #[must_use]
    pub fn server_default(mut self, literal: &str) -> Self {
        self.default = Some(Some(DefaultValue::Literal(literal.to_owned())));
        self
    }

    /// Another collation.
    #[must_use]
    pub fn collate(mut self, collation: &str) -> Self {
        self.collation = Some(collation.to_owned());
        self
    }
}

/// Collects the edits of one table, in their order.
#[derive(Debug, Default)]
pub struct TableEdits {
    pub(crate) edits: Vec<TableEdit>,
}

impl TableEdits {
    fn push(&mut self, edit: TableEdit) -> &mut Self {
        self.edits.push(edit);
        self
    }

    /// See [`TableEdit::AddColumn`].
    pub fn add_column(&mut self, column: Column) -> &mut Self {
        self.push(TableEdit::AddColumn(column))
    }

    /// See [`TableEdit::DropColumn`].
    pub fn drop_column(&mut self, column: &str) -> &mut Self {
        self.push(TableEdit::DropColumn(column.to_owned()))
    }

    /// See [`TableEdit::RenameColumn`].
    pub fn rename_column(&mut self, from: &str, to: &str) -> &mut Self {
        self.push(TableEdit::RenameColumn { from: from.to_owned(), to: to.to_owned() })
    }

    /// See [`TableEdit::AlterColumn`].
    pub fn alter_column(&mut self, column: &str, change: ColumnChange) -> &mut Self {
        self.push(TableEdit::AlterColumn { column: column.to_owned(), change })
    }

    /// See [`TableEdit::SetPrimaryKey`].
    pub fn primary_key(&mut self, name: &str, columns: &[&str]) -> &mut Self {
        self.push(TableEdit::SetPrimaryKey(PrimaryKey {
            name: Some(name.to_owned()),
            columns: owned(columns),
        }))
    }

    /// See [`TableEdit::AddForeignKey`].
    pub fn add_foreign_key(&mut self, foreign_key: ForeignKey) -> &mut Self {
        self.push(TableEdit::AddForeignKey(foreign_key))
    }

    /// See [`TableEdit::DropForeignKey`].
    pub fn drop_foreign_key(&mut self, columns: &[&str]) -> &mut Self {
        self.push(TableEdit::DropForeignKey(owned(columns)))
    }

    /// See [`TableEdit::AddUnique`].
    pub fn add_unique(&mut self, name: &str, columns: &[&str]) -> &mut Self {
        self.push(TableEdit::AddUnique { name: name.to_owned(), columns: owned(columns) })
    }

    /// See [`TableEdit::DropUnique`].
    pub fn drop_unique(&mut self, columns: &[&str]) -> &mut Self {
        self.push(TableEdit::DropUnique(owned(columns)))
    }

    /// A CHECK that the database names, if it names any.
    pub fn add_check(&mut self, expression: &str) -> &mut Self {
        self.push(TableEdit::AddCheck(Check::new(None, expression)))
    }

    /// See [`TableEdit::DropCheck`].
    pub fn drop_check(&mut self, name: &str) -> &mut Self {
        self.push(TableEdit::DropCheck(name.to_owned()))
    }

    /// See [`TableEdit::CreateIndex`].
    pub fn create_index(&mut self, index: Index) -> &mut Self {
        self.push(TableEdit::CreateIndex(index))
    }

    /// See [`TableEdit::DropIndex`].
    pub fn drop_index(&mut self, name: &str) -> &mut Self {
        self.push(TableEdit::DropIndex(name.to_owned()))
    }

    /// See [`TableEdit::CreateTrigger`].
    pub fn create_trigger(&mut self, trigger: Trigger) -> &mut Self {
        self.push(TableEdit::CreateTrigger(trigger))
    }
}

fn owned(columns: &[&str]) -> Vec<String> {
    columns.iter().map(ToString::to_string).collect()
}
