//! Computes the clauses that turn one table into another.
//!
//! As many clauses as possible share one ALTER TABLE, since each statement may copy the table.
//!
//! - Dropped foreign keys come first, in a statement of their own. InnoDB refuses to replace a
//!   foreign key by another of the same name in one statement. InnoDB also refuses to drop an index
//!   that a foreign key needs.
//! - Columns that the server adds instantly come next, in a statement of their own. The server adds
//!   them instantly only if the statement does nothing else. Where no other clause copies the
//!   table, the separate statement saves the only copy.
//! - Columns that the server drops instantly come last, when nothing depends on them. An index
//!   would shrink with its column, be dropped with it, or prevent its drop.
//! - New foreign keys follow afterwards where no clause copies the table: see [`super::unchecked`].

use mlflow_migrate_core::schema::platform::Dialect::Mysql;
use mlflow_migrate_core::schema::{
    Check, Column, ForeignKey, Index, Object, Table, Trigger, Unique, names_column,
    rename_in_expression,
};

use super::clause::{Clause, ColumnAttributes};
use super::column;
use super::cost::Cost;
use super::foreign_key::AddedForeignKeys;
use super::statement::alter_table;
use super::unchecked::UncheckedForeignKeys;
use crate::features::Features;
use crate::quoting::quote;

/// How a table changes.
#[derive(Clone, Debug)]
pub(crate) struct Alteration<'a> {
    /// The table's name.
    pub(crate) table: &'a str,
    /// The foreign keys that are dropped before anything else.
    pub(crate) dropped_foreign_keys: Vec<&'a str>,
    /// The next changes, each part in one statement.
    pub(crate) parts: Vec<Vec<Clause<'a>>>,
    /// The foreign keys that are then added without a check by the server.
    pub(crate) unchecked: UncheckedForeignKeys<'a>,
    /// The highest cost of the clauses.
    pub(crate) cost: Cost,
    /// The triggers that are created.
    pub(crate) triggers: Vec<&'a Trigger>,
}

impl<'a> Alteration<'a> {
    /// Returns the changes that turn `before` into `after`.
    pub(crate) fn between(before: &'a Table, after: &'a Table, features: &Features) -> Self {
        let renamed = Renamed(after);
        let (kept, dropped): (Vec<_>, Vec<_>) = before
            .foreign_keys
            .iter()
            .partition(|key| after.foreign_keys.contains(&renamed.foreign_key(key)));
        let new = after
            .foreign_keys
            .iter()
            .filter(|key| !kept.iter().any(|kept| renamed.foreign_key(kept) == **key));
        let added = AddedForeignKeys::new(new, &kept, &after.name, features);
        let mut clauses = Vec::new();
        if features.enforces_checks() {
            let stays =
                |check: &Check| after.checks.iter().any(|it| same_check(&renamed.check(check), it));
            let goes = |check: &&Check| !stays(check) && !renamed.takes_along(check, before);
            let gone = before.checks.iter().filter(goes);
            clauses
                .extend(gone.filter_map(|check| Some(Clause::DropCheck(check.name.as_deref()?))));
        }
        clauses.extend(dropped_keys(before, after));
        clauses.extend(columns(before, after));
        clauses.extend(added_keys(before, after, &added));
        if features.enforces_checks() {
            let known: Vec<Check> = before.checks.iter().map(|it| renamed.check(it)).collect();
            let is_new = |check: &&Check| !known.iter().any(|known| same_check(check, known));
            clauses.extend(after.checks.iter().filter(is_new).map(Clause::AddCheck));
        }
        if features.rename_index() {
            clauses = with_renamed_indexes(clauses, before, after);
        }
        let is_new = |trigger: &&Trigger| {
            !before.triggers.iter().any(|existing| existing.name == trigger.name)
        };
        let cost_of = |clause: &Clause<'_>| clause.cost(before, features);
        let mut cost = clauses.iter().map(cost_of).max().unwrap_or(Cost::Instant);
        let mut unchecked = added.keys;
        if cost == Cost::Copy {
            let keys = unchecked.drain(..);
            clauses.extend(keys.map(|(key, is_named)| Clause::AddForeignKey { key, is_named }));
        } else if !unchecked.is_empty() {
            cost = cost.max(Cost::Scan);
        }
        let place = |clause: &Clause<'_>| match clause {
            _ if cost >= Cost::Rebuild || cost_of(clause) > Cost::Instant => 1,
            Clause::DropColumn(_) => 2,
            _ => 0,
        };
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        for clause in clauses {
            parts[place(&clause)].push(clause);
        }
        Self {
            table: &after.name,
            dropped_foreign_keys: dropped.iter().filter_map(|key| key.name.as_deref()).collect(),
            parts: parts.into_iter().filter(|part| !part.is_empty()).collect(),
            unchecked: UncheckedForeignKeys { table: &after.name, keys: unchecked },
            cost,
            triggers: after.triggers.iter().filter(is_new).collect(),
        }
    }

    /// Returns the statements before the unchecked foreign keys, in order.
    pub(crate) fn statements(
        &self,
        attributes: &ColumnAttributes,
        features: &Features,
    ) -> Vec<String> {
        let mut statements = Vec::new();
        if !self.dropped_foreign_keys.is_empty() {
            let dropped = self.dropped_foreign_keys.iter();
            let clauses = dropped.map(|name| format!("DROP FOREIGN KEY {}", quote(name)));
            statements.push(alter_table(self.table, clauses));
        }
        for part in &self.parts {
            let clauses = part.iter().map(|clause| clause.sql(attributes, features));
            statements.push(alter_table(self.table, clauses));
        }
        statements
    }
}

/// Maps column names of the old table to names of the new one.
#[derive(Clone, Copy)]
struct Renamed<'a>(&'a Table);

impl Renamed<'_> {
    fn name(self, before: &str) -> String {
        let new = self.0.columns.iter().find(|column| column.live_name() == before);
        new.map_or(before, |column| &column.name).to_owned()
    }

    /// Returns whether a column of the old table remains.
    fn keeps(self, before: &str) -> bool {
        self.0.columns.iter().any(|column| column.live_name() == before)
    }

    fn names(self, before: &[String]) -> Vec<String> {
        before.iter().map(|name| self.name(name)).collect()
    }

    fn foreign_key(self, key: &ForeignKey) -> ForeignKey {
        ForeignKey { columns: self.names(&key.columns), ..key.clone() }
    }

    fn unique(self, unique: &Unique) -> Unique {
        Unique { columns: self.names(&unique.columns), ..unique.clone() }
    }

    /// Returns a CHECK with new column names; on MariaDB a column's own CHECK has its name.
    fn check(self, check: &Check) -> Check {
        let mut check = check.clone();
        for column in self.0.columns.iter().filter(|column| column.live_name() != column.name) {
            let (from, to) = (column.live_name(), &column.name);
            check.expression = rename_in_expression(&check.expression, from, to, Mysql);
            if check.name.as_deref() == Some(from) {
                check.name = Some(to.clone());
            }
        }
        check
    }

    /// Returns whether the server drops a CHECK along with the columns that it names.
    fn takes_along(self, check: &Check, before: &Table) -> bool {
        let names = |column: &&Column| names_column(&check.expression, &column.name, Mysql);
        let mut named = before.columns.iter().filter(names).peekable();
        named.peek().is_some() && named.all(|column| !self.keeps(&column.name))
    }

    /// Returns an index for a comparison by content.
    ///
    /// Which indexes the server has made is only a guess, so the guess does not count.
    fn index(self, index: &Index) -> Index {
        let mut index = Index { automatic: false, ..index.clone() };
        for column in &mut index.columns {
            column.name = self.name(&column.name);
        }
        index
    }
}

fn same_check(one: &Check, other: &Check) -> bool {
    one.name == other.name
        && one.normalized() == other.normalized()
        && one.inactive == other.inactive
}

fn columns<'a>(before: &'a Table, after: &'a Table) -> Vec<Clause<'a>> {
    let mut clauses = Vec::new();
    for old in &before.columns {
        if !after.columns.iter().any(|column| column.live_name() == old.name) {
            clauses.push(Clause::DropColumn(&old.name));
        }
    }
    let is_known = |new: &Column| before.find_column(new.live_name()).is_some();
    let first_of_the_last = after.columns.iter().rposition(is_known).map_or(0, |last| last + 1);
    for (place, new) in after.columns.iter().enumerate() {
        match before.find_column(new.live_name()) {
            None if place < first_of_the_last => {
                let behind = place.checked_sub(1).and_then(|place| after.columns.get(place));
                let behind = behind.map(|column| &*column.name);
                clauses.push(Clause::InsertColumn { column: new, behind });
            }
            None => clauses.push(Clause::AddColumn(new)),
            Some(old) if column::definition(old) != column::definition(new) => {
                clauses.push(Clause::ChangeColumn { before: old, after: new });
            }
            Some(old) if old.name != new.name => {
                clauses.push(Clause::RenameColumn { before: old, after: new });
            }
            Some(_) => {}
        }
    }
    clauses
}

fn dropped_keys<'a>(before: &'a Table, after: &'a Table) -> Vec<Clause<'a>> {
    let renamed = Renamed(after);
    let uniques = before.uniques.iter().filter(|unique| {
        let goes_along = || !unique.columns.iter().any(|column| renamed.keeps(column));
        !after.uniques.contains(&renamed.unique(unique)) && !goes_along()
    });
    let mut clauses: Vec<Clause<'a>> =
        uniques.filter_map(|unique| Some(Clause::DropIndex(unique.name.as_deref()?))).collect();
    let stays = |index: &Index| {
        let index = renamed.index(&shrunk(index, before, renamed));
        index.columns.is_empty() || after.indexes.iter().any(|new| index == without_guess(new))
    };
    // InnoDB drops an automatic index once another key covers it. After a restore from a dump, the
    // index is an ordinary one and would stay. So the index is dropped by name, in the statement
    // that adds the covering key.
    for index in before.indexes.iter().filter(|index| !stays(index)) {
        clauses.push(if is_used_again(index, after) {
            Clause::UseIndex(&index.name)
        } else {
            Clause::DropIndex(&index.name)
        });
    }
    if before.primary_key.is_some() && primary_key_differs(before, after) {
        clauses.push(Clause::DropPrimaryKey);
    }
    clauses
}

fn added_keys<'a>(
    before: &'a Table,
    after: &'a Table,
    added: &AddedForeignKeys<'_>,
) -> Vec<Clause<'a>> {
    let renamed = Renamed(after);
    let mut clauses = Vec::new();
    if primary_key_differs(before, after) {
        clauses.extend(after.primary_key.iter().map(Clause::AddPrimaryKey));
    }
    let uniques: Vec<Unique> = before.uniques.iter().map(|unique| renamed.unique(unique)).collect();
    let is_back = |name: Option<&str>| {
        let mut unused = before.indexes.iter().filter(|index| Some(index.name.as_str()) == name);
        unused.any(|index| is_used_again(index, after))
    };
    let new = after.uniques.iter().filter(|unique| !uniques.contains(unique));
    let new = new.filter(|unique| !is_back(unique.name.as_deref()));
    clauses.extend(new.map(Clause::AddUnique));
    let shrunk = |index| renamed.index(&shrunk(index, before, renamed));
    let indexes: Vec<Index> = before.indexes.iter().map(shrunk).collect();
    let new = after
        .indexes
        .iter()
        .filter(|index| !indexes.contains(&without_guess(index)) && !added.bring(index, after))
        .filter(|index| !is_back(Some(&index.name)));
    clauses.extend(new.map(Clause::AddIndex));
    clauses
}

/// Renames each index that goes while an equal one comes, instead of building the new one.
///
/// InnoDB has made an index for most of MLflow's foreign keys, and later revisions add one under a
/// name of their own. A renamed index is an ordinary one, like an index that is added.
fn with_renamed_indexes<'a>(
    mut clauses: Vec<Clause<'a>>,
    before: &'a Table,
    after: &'a Table,
) -> Vec<Clause<'a>> {
    let is_same = |old: &Index, new: &Index| {
        let stays =
            |name: &str| after.columns.iter().any(|it| it.live_name() == name && it.name == name);
        let renamed = Index { name: new.name.clone(), ..without_guess(old) };
        renamed == without_guess(new)
            && old.inactive.is_none()
            && old.definition.is_none()
            && old.column_names().all(stays)
    };
    for old in &before.indexes {
        let dropped = |it: &Clause<'_>| matches!(it, Clause::DropIndex(name) if *name == old.name);
        let added = |it: &Clause<'_>| matches!(it, Clause::AddIndex(new) if is_same(old, new));
        let (Some(at), Some(new)) =
            (clauses.iter().position(dropped), clauses.iter().position(added))
        else {
            continue;
        };
        if let Clause::AddIndex(index) = clauses.remove(new) {
            clauses.insert(new, Clause::RenameIndex { before: &old.name, after: &index.name });
            clauses.remove(at);
        }
    }
    clauses
}

/// Returns whether an unused index stays as it is, but in use.
///
/// An index that one statement drops and creates again would stay unused.
fn is_used_again(index: &Index, after: &Table) -> bool {
    let same = |object: Object| {
        object.name() == Some(&index.name)
            && object.inactive().is_none()
            && object.has_same_content(&Object::Index(Index { definition: None, ..index.clone() }))
    };
    let uniques = after.uniques.iter().cloned().map(Object::Unique);
    index.inactive.is_some()
        && uniques.chain(after.indexes.iter().cloned().map(Object::Index)).any(same)
}

/// Returns what the server leaves of an index when some of its columns are dropped.
fn shrunk(index: &Index, before: &Table, renamed: Renamed<'_>) -> Index {
    let mut index = index.clone();
    index
        .columns
        .retain(|part| before.find_column(&part.name).is_none() || renamed.keeps(&part.name));
    index
}

fn without_guess(index: &Index) -> Index {
    Index { automatic: false, ..index.clone() }
}

fn primary_key_differs(before: &Table, after: &Table) -> bool {
    Renamed(after).names(before.key_columns()) != after.key_columns()
}
