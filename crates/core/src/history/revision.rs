//! A revision: one step of the schema's history.

use std::fmt;
use std::sync::Arc;

use crate::data::DataMigration;
use crate::schema::op::{Op, TableEdit, TableEdits};
use crate::schema::platform::Platform;
use crate::schema::{Column, Index, Table};

/// Which platforms an operation is for.
type Condition = fn(&Platform) -> bool;

/// What a revision does at one point: an edit of the schema, or a data migration.
#[derive(Clone)]
pub enum Action {
    /// An edit of the schema model.
    Schema(Box<Op>),
    /// A change of rows.
    Data(Arc<dyn DataMigration>),
}

/// One revision of a migration graph.
#[derive(Clone)]
pub struct Revision {
    /// Its id: an opaque string.
    pub id: String,
    /// The ids of the revisions that it follows; empty for one that follows the base schema.
    pub parents: Vec<String>,
    /// The day on which MLflow says that it was created, as `YYYY-MM-DD`; empty if it says none.
    pub created: String,
    /// What it does, in a few words.
    pub title: String,
    actions: Vec<(Condition, Action)>,
    condition: Condition,
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revision")
            .field("id", &self.id)
            .field("parents", &self.parents)
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

fn always(_: &Platform) -> bool {
    true
}

impl Revision {
    /// A revision that follows `parent`, or the base schema if there is none.
    #[must_use]
    pub fn new(id: &str, parent: Option<&str>, created: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            parents: parent.into_iter().map(ToOwned::to_owned).collect(),
            created: created.to_owned(),
            title: title.to_owned(),
            actions: Vec::new(),
            condition: always,
        }
    }

    /// Makes it a merge of several branches.
    #[must_use]
    pub fn also_follows(mut self, parent: &str) -> Self {
        self.parents.push(parent.to_owned());
        self
    }

    /// Adds operations that only some platforms need.
    #[must_use]
    pub fn when(
        mut self,
        condition: fn(&Platform) -> bool,
        operations: impl FnOnce(Self) -> Self,
    ) -> Self {
        let outer = std::mem::replace(&mut self.condition, condition);
        let mut revision = operations(self);
        revision.condition = outer;
        revision
    }

    /// Creates a table.
    #[must_use]
    pub fn create_table(self, table: Table) -> Self {
        self.push(Action::Schema(Box::new(Op::CreateTable(table))))
    }

    /// Changes a table.
    #[must_use]
    pub fn alter(mut self, table: &str, edits: impl FnOnce(&mut TableEdits)) -> Self {
        let mut collected = TableEdits::default();
        edits(&mut collected);
        for edit in collected.edits {
            self = self.push(Action::Schema(Box::new(Op::Alter { table: table.to_owned(), edit })));
        }
        self
    }

    /// Adds one column.
    #[must_use]
    pub fn add_column(self, table: &str, column: Column) -> Self {
        let edit = TableEdit::AddColumn(column);
        self.push(Action::Schema(Box::new(Op::Alter { table: table.to_owned(), edit })))
    }

    /// Adds one index.
    #[must_use]
    pub fn create_index(self, table: &str, index: Index) -> Self {
        let edit = TableEdit::CreateIndex(index);
        self.push(Action::Schema(Box::new(Op::Alter { table: table.to_owned(), edit })))
    }

    /// Changes rows.
    #[must_use]
    pub fn migrate(self, migration: impl DataMigration + 'static) -> Self {
        self.push(Action::Data(Arc::new(migration)))
    }

    fn push(mut self, action: Action) -> Self {
        self.actions.push((self.condition, action));
        self
    }

    /// What it does on a platform, in order.
    pub fn actions<'a>(&'a self, platform: &'a Platform) -> impl Iterator<Item = &'a Action> {
        self.actions.iter().filter(|(condition, _)| condition(platform)).map(|(_, action)| action)
    }
}
