//! Models what a revision does: edits of the schema model.
//!
//! An operation never describes a whole existing table, only what changes. So a user's own column,
//! index or trigger survives an upgrade.

use crate::schema::{
    Check, Column, ColumnType, DefaultValue, ForeignKey, Index, PrimaryKey, Table, Trigger,
};

/// One edit of the schema model.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Creates a table, with everything that belongs to it.
    CreateTable(Table),
    /// Changes a table.
    Alter {
        /// The table.
        table: String,
        /// The change.
        edit: TableEdit,
    },
}

impl Op {
    /// Returns the table that the operation edits.
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Self::CreateTable(table) => &table.name,
            Self::Alter { table, .. } => table,
        }
    }
}

/// A change within a table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableEdit {
    /// Adds a column at the end.
    AddColumn(Column),
    /// Drops a column, with its values.
    DropColumn(String),
    /// Renames a column; references follow the new name.
    RenameColumn {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// Changes a column's definition.
    AlterColumn {
        /// The column.
        column: String,
        /// The change.
        change: ColumnChange,
    },
    /// Replaces the primary key.
    SetPrimaryKey(PrimaryKey),
    /// Adds a foreign key.
    AddForeignKey(ForeignKey),
    /// Drops the foreign key over these columns, whatever its name is.
    DropForeignKey(Vec<String>),
    /// Adds a unique constraint.
    AddUnique {
        /// The name of the constraint.
        name: String,
        /// The columns, in order.
        columns: Vec<String>,
    },
    /// Drops the unique constraint or index over exactly these columns, whatever its name is.
    DropUnique(Vec<String>),
    /// Adds a CHECK constraint.
    AddCheck(Check),
    /// Drops the CHECK constraint of that name.
    DropCheck(String),
    /// Adds an index.
    CreateIndex(Index),
    /// Drops the index of that name.
    DropIndex(String),
    /// Adds a trigger.
    CreateTrigger(Trigger),
}

/// The changed properties of a column; `None` leaves a property unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnChange {
    /// The type.
    pub column_type: Option<ColumnType>,
    /// Whether the column can hold NULL.
    pub nullable: Option<bool>,
    /// The default; `Some(None)` drops it.
    pub default: Option<Option<DefaultValue>>,
    /// The collation.
    pub collation: Option<String>,
}

impl ColumnChange {
    /// Returns a change of the type.
    #[must_use]
    pub fn to_type(column_type: ColumnType) -> Self {
        Self { column_type: Some(column_type), ..Self::default() }
    }

    /// Sets whether the column can hold NULL.
    #[must_use]
    pub fn nullable(mut self, nullable: bool) -> Self {
        self.nullable = Some(nullable);
        self
    }

    /// Drops the default.
    #[must_use]
    pub fn without_default(mut self) -> Self {
        self.default = Some(None);
        self
    }

    /// Sets the default, as a quoted literal.
    #[must_use]
    pub fn server_default(mut self, literal: &str) -> Self {
        self.default = Some(Some(DefaultValue::Literal(literal.to_owned())));
        self
    }

    /// Sets the collation.
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

    /// Appends [`TableEdit::AddColumn`].
    pub fn add_column(&mut self, column: Column) -> &mut Self {
        self.push(TableEdit::AddColumn(column))
    }

    /// Appends [`TableEdit::DropColumn`].
    pub fn drop_column(&mut self, column: &str) -> &mut Self {
        self.push(TableEdit::DropColumn(column.to_owned()))
    }

    /// Appends [`TableEdit::RenameColumn`].
    pub fn rename_column(&mut self, from: &str, to: &str) -> &mut Self {
        self.push(TableEdit::RenameColumn { from: from.to_owned(), to: to.to_owned() })
    }

    /// Appends [`TableEdit::AlterColumn`].
    pub fn alter_column(&mut self, column: &str, change: ColumnChange) -> &mut Self {
        self.push(TableEdit::AlterColumn { column: column.to_owned(), change })
    }

    /// Appends [`TableEdit::SetPrimaryKey`].
    pub fn primary_key(&mut self, name: &str, columns: &[&str]) -> &mut Self {
        self.push(TableEdit::SetPrimaryKey(PrimaryKey {
            name: Some(name.to_owned()),
            columns: owned(columns),
        }))
    }

    /// Appends [`TableEdit::AddForeignKey`].
    pub fn add_foreign_key(&mut self, foreign_key: ForeignKey) -> &mut Self {
        self.push(TableEdit::AddForeignKey(foreign_key))
    }

    /// Appends [`TableEdit::DropForeignKey`].
    pub fn drop_foreign_key(&mut self, columns: &[&str]) -> &mut Self {
        self.push(TableEdit::DropForeignKey(owned(columns)))
    }

    /// Appends [`TableEdit::AddUnique`].
    pub fn add_unique(&mut self, name: &str, columns: &[&str]) -> &mut Self {
        self.push(TableEdit::AddUnique { name: name.to_owned(), columns: owned(columns) })
    }

    /// Appends [`TableEdit::DropUnique`].
    pub fn drop_unique(&mut self, columns: &[&str]) -> &mut Self {
        self.push(TableEdit::DropUnique(owned(columns)))
    }

    /// Adds a CHECK that the database names, if it names any.
    pub fn add_check(&mut self, expression: &str) -> &mut Self {
        self.push(TableEdit::AddCheck(Check::new(None, expression)))
    }

    /// Appends [`TableEdit::DropCheck`].
    pub fn drop_check(&mut self, name: &str) -> &mut Self {
        self.push(TableEdit::DropCheck(name.to_owned()))
    }

    /// Appends [`TableEdit::CreateIndex`].
    pub fn create_index(&mut self, index: Index) -> &mut Self {
        self.push(TableEdit::CreateIndex(index))
    }

    /// Appends [`TableEdit::DropIndex`].
    pub fn drop_index(&mut self, name: &str) -> &mut Self {
        self.push(TableEdit::DropIndex(name.to_owned()))
    }

    /// Appends [`TableEdit::CreateTrigger`].
    pub fn create_trigger(&mut self, trigger: Trigger) -> &mut Self {
        self.push(TableEdit::CreateTrigger(trigger))
    }
}

fn owned(columns: &[&str]) -> Vec<String> {
    columns.iter().map(ToString::to_string).collect()
}
