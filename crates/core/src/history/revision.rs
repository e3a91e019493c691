//! Models a revision: one step of the schema's history.

use std::fmt;
use std::sync::Arc;

use crate::data::DataMigration;
use crate::schema::op::{Op, TableEdit, TableEdits};
use crate::schema::platform::{Dialect, Platform};
use crate::schema::{Column, Index, Table};

/// The parent of the first revision: the schema that MLflow created before it had revisions.
pub const BASE: &str = "base";

/// The platforms of an operation.
#[derive(Clone, Copy)]
enum Condition {
    Always,
    Only(&'static [Dialect]),
    Except(&'static [Dialect]),
    When(fn(&Platform) -> bool),
}

impl Condition {
    fn holds(self, platform: &Platform) -> bool {
        match self {
            Self::Always => true,
            Self::Only(dialects) => dialects.contains(&platform.dialect),
            Self::Except(dialects) => !dialects.contains(&platform.dialect),
            Self::When(condition) => condition(platform),
        }
    }
}

/// One action of a revision: an edit of the schema, or a data migration.
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
    /// The id: an opaque string.
    pub id: String,
    /// The ids of the parent revisions; empty if the revision follows the base schema.
    pub parents: Vec<String>,
    /// The creation date in MLflow's source, as `YYYY-MM-DD`; empty if the source has none.
    pub created: String,
    /// A short description.
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

impl Revision {
    /// Returns a revision that follows the base schema and does nothing yet.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            parents: Vec::new(),
            created: String::new(),
            title: String::new(),
            actions: Vec::new(),
            condition: Condition::Always,
        }
    }

    /// Sets the parent: a revision, or the base schema ([`BASE`]).
    ///
    /// Two calls merge two branches.
    #[must_use]
    pub fn after(mut self, parent: &str) -> Self {
        if parent != BASE {
            self.parents.push(parent.to_owned());
        }
        self
    }

    /// Sets the creation date, as `YYYY-MM-DD`.
    #[must_use]
    pub fn on(mut self, day: &str) -> Self {
        day.clone_into(&mut self.created);
        self
    }

    /// Sets the short description.
    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// Adds operations for these dialects only.
    #[must_use]
    pub fn only(self, dialects: &'static [Dialect], operations: impl FnOnce(Self) -> Self) -> Self {
        self.under(Condition::Only(dialects), operations)
    }

    /// Adds operations for all dialects except these.
    #[must_use]
    pub fn except(
        self,
        dialects: &'static [Dialect],
        operations: impl FnOnce(Self) -> Self,
    ) -> Self {
        self.under(Condition::Except(dialects), operations)
    }

    /// Adds operations for the platforms with a feature that the dialect alone does not determine.
    #[must_use]
    pub fn when(
        self,
        condition: fn(&Platform) -> bool,
        operations: impl FnOnce(Self) -> Self,
    ) -> Self {
        self.under(Condition::When(condition), operations)
    }

    fn under(mut self, condition: Condition, operations: impl FnOnce(Self) -> Self) -> Self {
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

    /// Adds a data migration.
    #[must_use]
    pub fn migrate(self, migration: impl DataMigration + 'static) -> Self {
        self.push(Action::Data(Arc::new(migration)))
    }

    fn push(mut self, action: Action) -> Self {
        self.actions.push((self.condition, action));
        self
    }

    /// Returns the actions on a platform, in order.
    pub fn actions<'a>(&'a self, platform: &'a Platform) -> impl Iterator<Item = &'a Action> {
        self.actions
            .iter()
            .filter(|(condition, _)| condition.holds(platform))
            .map(|(_, action)| action)
    }
}
