//! Applies a revision's operations to the model.
//!
//! An edit accepts its result if it exists already. Such objects are left by MLflow's own chain,
//! interrupted halfway on a database without transactional DDL, and by `mlflow db
//! prepopulate-trace-analytics`. An edit that finds a *different* object is an error.

use super::convention::{
    Kept, keep_index, name_check, name_foreign_key, name_unique, settle_new_table,
};
use super::rename::{rename_in, rename_in_expression};
use super::{Check, Column, ForeignKey, Index, Object, PrimaryKey, Schema, Table, Unique};
use crate::schema::op::{ColumnChange, Op, TableEdit};
use crate::schema::platform::Platform;

/// The reason why an operation does not fit the live schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The table does not exist.
    #[error("table {table} does not exist")]
    MissingTable {
        /// The table.
        table: String,
    },
    /// An object of the table does not exist.
    #[error("table {table} has no {object}")]
    MissingObject {
        /// The table.
        table: String,
        /// The kind and the name of the missing object.
        object: String,
    },
    /// A table of that name exists, but differs from the one that the revision would create.
    #[error("table {table} already exists, and is not the one expected: {difference}")]
    TableExists {
        /// The table.
        table: String,
        /// The difference.
        difference: String,
    },
    /// An object of that name exists, but differs from the one that the revision would create.
    #[error(
        "table {table} already has {}, which is not the one expected: {difference}",
        object.title()
    )]
    Occupied {
        /// The table.
        table: String,
        /// The existing object.
        object: Box<Object>,
        /// The difference.
        difference: String,
    },
}

impl Schema {
    /// Applies one operation.
    ///
    /// # Errors
    /// If the schema lacks what the operation needs, or has a different object in its place.
    pub fn apply(&mut self, op: &Op, platform: &Platform) -> Result<(), EditError> {
        let name = op.table();
        match op {
            Op::CreateTable(table) => self.create_table(table, platform)?,
            Op::Alter { edit, .. } => {
                if let TableEdit::RenameColumn { from, to } = edit {
                    self.follow_rename(name, from, to);
                }
                let table = self
                    .tables
                    .get_mut(name)
                    .ok_or_else(|| EditError::MissingTable { table: name.to_owned() })?;
                table.edit(edit, platform)?;
            }
        }
        if platform.is_mysql() {
            self.forget_default_collations(name);
            self.follow_references(op);
            self.tables.get_mut(name).into_iter().for_each(Table::follow_innodb);
        }
        Ok(())
    }

    fn create_table(&mut self, table: &Table, platform: &Platform) -> Result<(), EditError> {
        let created = settle_new_table(table.clone(), platform);
        let Some(existing) = self.tables.get_mut(&created.name) else {
            self.insert(created);
            return Ok(());
        };
        existing.refuse_another(&created)?;
        for column in &created.columns {
            existing.add_column(column, platform)?;
        }
        existing.foreign_keys = created.foreign_keys;
        existing.primary_key = created.primary_key;
        for unique in created.uniques {
            existing.add_unique(unique, platform);
        }
        for index in created.indexes {
            existing.edit(&TableEdit::CreateIndex(index), platform)?;
        }
        for check in created.checks {
            existing.add_check(check, platform);
        }
        Ok(())
    }

    /// Renames a column in the foreign keys of other tables.
    fn follow_rename(&mut self, table: &str, from: &str, to: &str) {
        for foreign_key in self.tables.values_mut().flat_map(|other| &mut other.foreign_keys) {
            if foreign_key.referred_table == table {
                rename_in(&mut foreign_key.referred_columns, from, to);
            }
        }
    }
}

impl Table {
    /// Refuses an existing table that differs from the one that a revision creates.
    ///
    /// A table left by an interrupted upgrade is complete, since one statement created it. Any
    /// other table is the user's.
    fn refuse_another(&self, expected: &Self) -> Result<(), EditError> {
        let missing: Vec<&str> = expected
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| self.find_column(name).is_none())
            .collect();
        let difference = if !missing.is_empty() {
            format!("it has no column {}", missing.join(", "))
        } else if self.key_columns() != expected.key_columns() {
            format!("its primary key is ({})", self.key_columns().join(", "))
        } else {
            return Ok(());
        };
        Err(EditError::TableExists { table: self.name.clone(), difference })
    }

    fn edit(&mut self, edit: &TableEdit, platform: &Platform) -> Result<(), EditError> {
        match edit {
            TableEdit::AddColumn(column) => self.add_column(column, platform)?,
            TableEdit::DropColumn(column) => self.drop_column(column, platform),
            TableEdit::RenameColumn { from, to } => self.rename_column(from, to, platform)?,
            TableEdit::AlterColumn { column, change } => self.column_mut(column)?.change(change),
            TableEdit::SetPrimaryKey(key) => {
                let name = if platform.is_mysql() { None } else { key.name.clone() };
                self.primary_key = Some(PrimaryKey { name, columns: key.columns.clone() });
            }
            TableEdit::AddForeignKey(key) => self.add_foreign_key(key, platform),
            TableEdit::DropForeignKey(columns) => {
                self.foreign_keys.retain(|key| key.columns != *columns);
            }
            TableEdit::AddUnique { name, columns } => {
                let unique = Unique { name: Some(name.clone()), columns: columns.clone() };
                self.add_unique(unique, platform);
            }
            TableEdit::DropUnique(columns) => self.drop_unique(columns),
            TableEdit::AddCheck(check) => self.add_check(check.clone(), platform),
            // A CHECK may be missing without an error: a server that was once MySQL 5.7 ignored the
            // CHECKs that it was given then.
            TableEdit::DropCheck(name) => {
                self.checks.retain(|check| check.name.as_ref() != Some(name));
            }
            TableEdit::CreateIndex(index) => self.create_index(index, platform)?,
            TableEdit::DropIndex(name) => {
                self.indexes.retain(|index| index.name != *name);
                if platform.is_mysql() {
                    self.uniques.retain(|unique| unique.name.as_ref() != Some(name));
                }
            }
            TableEdit::CreateTrigger(trigger) => {
                if !self.triggers.iter().any(|existing| existing.name == trigger.name) {
                    self.triggers.push(trigger.clone());
                }
            }
        }
        Ok(())
    }

    fn add_column(&mut self, column: &Column, platform: &Platform) -> Result<(), EditError> {
        match self.find_column(&column.name) {
            None => self.columns.push(column.clone()),
            Some(existing) => {
                if let Some(difference) = column.difference(existing, platform) {
                    return Err(EditError::Occupied {
                        table: self.name.clone(),
                        object: Box::new(Object::Column(column.name.clone())),
                        difference: difference.to_string(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Drops a column, and what the server drops with it.
    pub(crate) fn drop_column(&mut self, column: &str, platform: &Platform) {
        self.drop_with_column(column, platform);
        self.columns.retain(|existing| existing.name != *column);
    }

    fn rename_column(
        &mut self,
        from: &str,
        to: &str,
        platform: &Platform,
    ) -> Result<(), EditError> {
        if self.find_column(from).is_none() && self.find_column(to).is_some() {
            return Ok(());
        }
        let column = self.column_mut(from)?;
        column.renamed_from.get_or_insert_with(|| from.to_owned());
        to.clone_into(&mut column.name);
        let keys = self.primary_key.iter_mut().map(|key| &mut key.columns);
        let uniques = self.uniques.iter_mut().map(|unique| &mut unique.columns);
        let foreign_keys = self.foreign_keys.iter_mut().map(|key| &mut key.columns);
        for columns in keys.chain(uniques).chain(foreign_keys) {
            rename_in(columns, from, to);
        }
        let rename = |text: &mut String| {
            *text = rename_in_expression(text, from, to, platform.dialect);
        };
        for index in &mut self.indexes {
            index.columns.iter_mut().for_each(|column| rename(&mut column.name));
            rename_in(&mut index.include, from, to);
            index.predicate.iter_mut().chain(&mut index.definition).for_each(rename);
        }
        for check in &mut self.checks {
            rename(&mut check.expression);
            // On MariaDB, a column's own CHECK has the name of the column.
            if platform.is_mariadb() && check.name.as_deref() == Some(from) {
                check.name = Some(to.to_owned());
            }
        }
        for generated in self.columns.iter_mut().filter_map(|column| column.generated.as_mut()) {
            rename(&mut generated.expression);
        }
        Ok(())
    }

    fn create_index(&mut self, index: &Index, platform: &Platform) -> Result<(), EditError> {
        let index = match keep_index(index.clone(), platform) {
            Kept::Index(index) => index,
            Kept::Unique(unique) => {
                self.add_unique(unique, platform);
                return Ok(());
            }
        };
        match self.indexes.iter_mut().find(|found| found.name == index.name) {
            None => self.indexes.push(index),
            // PostgreSQL keeps what it has begun of an index online, and does not use it.
            Some(found) if found.is_leftover_of(&index) => *found = index,
            Some(found) if found.describe() == index.describe() => {}
            Some(found) => {
                return Err(EditError::Occupied {
                    table: self.name.clone(),
                    object: Box::new(Object::Index(found.clone())),
                    difference: format!("{}, expected {}", found.describe(), index.describe()),
                });
            }
        }
        Ok(())
    }

    fn add_foreign_key(&mut self, key: &ForeignKey, platform: &Platform) {
        let named = name_foreign_key(key.clone(), self, platform);
        if self.foreign_keys.contains(&named) {
            return;
        }
        self.foreign_keys.retain(|existing| {
            existing.columns != named.columns || existing.referred_table != named.referred_table
        });
        self.foreign_keys.push(named);
    }

    fn add_unique(&mut self, unique: Unique, platform: &Platform) {
        let named = name_unique(unique, self, platform);
        if !self.uniques.contains(&named) {
            self.uniques.push(named);
        }
    }

    fn drop_unique(&mut self, columns: &[String]) {
        let before = self.uniques.len();
        self.uniques.retain(|unique| unique.columns != columns);
        if self.uniques.len() == before {
            // Without a constraint, a unique index takes its place. An index over some of the rows,
            // or with another comparison, is the user's.
            let is_plain = |index: &Index| {
                index.unique && index.predicate.is_none() && index.definition.is_none()
            };
            self.indexes.retain(|index| !(is_plain(index) && index.column_names().eq(columns)));
        }
    }

    fn add_check(&mut self, check: Check, platform: &Platform) {
        if platform.enforces_checks {
            let named = name_check(check, self, platform);
            let is_same = |existing: &Check| {
                existing.name == named.name && existing.normalized() == named.normalized()
            };
            // A CHECK that is not enforced is created again.
            self.checks.retain(|existing| !is_same(existing) || existing.inactive.is_none());
            if !self.checks.iter().any(is_same) {
                self.checks.push(named);
            }
        }
    }

    fn column_mut(&mut self, name: &str) -> Result<&mut Column, EditError> {
        let table = &self.name;
        self.columns.iter_mut().find(|column| column.name == name).ok_or_else(|| {
            EditError::MissingObject { table: table.clone(), object: format!("column {name}") }
        })
    }
}

impl Column {
    pub(crate) fn change(&mut self, change: &ColumnChange) {
        if let Some(column_type) = &change.column_type {
            self.column_type = column_type.clone();
        }
        if let Some(nullable) = change.nullable {
            self.nullable = nullable;
        }
        if let Some(default) = &change.default {
            self.default = default.clone();
        }
        if let Some(collation) = &change.collation {
            self.collation = Some(collation.clone());
        }
    }
}
