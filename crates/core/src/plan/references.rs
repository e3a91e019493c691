//! Finds foreign keys that a plan would leave without what they reference.
//!
//! A revision replaces keys, and considers only MLflow's own foreign keys. A user's foreign key
//! would lose its key. Where each change commits, the server would report the loss too late.

use crate::plan::{DroppedTable, Step, TableChange};
use crate::schema::platform::{Dialect, Platform};
use crate::schema::{
    Column, ColumnType, ForeignKey, ReferentialAction, Schema, Table, is_same_name,
};

use super::Plan;

/// A foreign key from another database or schema of the same server to a table of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideReference {
    /// The referencing table, with the name of its database or schema.
    pub table: String,
    /// The foreign key.
    pub key: ForeignKey,
    /// The statement that drops the foreign key.
    pub drop: String,
}

/// A foreign key that a plan leaves without what it references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stranded {
    /// The referencing table.
    pub(crate) table: String,
    /// The foreign key.
    pub(crate) key: ForeignKey,
    /// What the foreign key needs, and the plan removes or does not have.
    pub(crate) lacks: String,
    /// The revisions that remove it.
    pub(crate) revisions: Vec<String>,
    /// The origin of the foreign key.
    pub(crate) origin: Origin,
}

/// The origin of a stranded foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The foreign key is in the live schema.
    Live,
    /// The plan adds the foreign key, but the referenced table lacks the key.
    ///
    /// Holds the statement that adds the key.
    Plan(String),
    /// Another database has the foreign key. Holds the statement that drops it.
    Outside(String),
}

/// Finds every foreign key that lacks what it references after any change of a plan.
pub(crate) fn stranded(
    plan: &Plan,
    live: &Schema,
    outside: &[OutsideReference],
    platform: &Platform,
) -> Vec<Stranded> {
    let mut found = Found { all: Vec::new(), live, platform };
    if platform.is_sqlite() {
        // SQLite checks references only when rows are written, so only the result counts.
        found.compare(&plan.result, |_| true, &[]);
        for stranded in &mut found.all {
            let is_cause = |step: &&Step| {
                changed_by(step)
                    .is_some_and(|name| name.eq_ignore_ascii_case(&stranded.key.referred_table))
            };
            let causes = plan.steps.iter().filter(is_cause);
            stranded.revisions = causes.flat_map(|step| step.revisions().to_vec()).collect();
        }
        return found.all;
    }
    let mut schema = live.clone();
    for step in &plan.steps {
        match step {
            Step::Change(change) => {
                found.outside(change, outside);
                follow(&mut schema, change);
            }
            Step::DropTable(dropped) => {
                found.outside_of_dropped(dropped, outside);
                schema.tables.remove(&dropped.table.name);
            }
            Step::RemoveLeftovers(_) | Step::Migrate { .. } => {}
        }
        if let Some(name) = changed_by(step) {
            found.compare(&schema, |key| key == name, step.revisions());
        }
    }
    found.all
}

/// Returns the table whose definition a step changes.
fn changed_by(step: &Step) -> Option<&str> {
    match step {
        Step::Change(change) => Some(&change.after.name),
        Step::DropTable(dropped) => Some(&dropped.table.name),
        Step::RemoveLeftovers(_) | Step::Migrate { .. } => None,
    }
}

/// Applies a change to the schema. Foreign keys of other tables follow a renamed column.
fn follow(schema: &mut Schema, change: &TableChange) {
    let after = &change.after;
    let renamed = after.columns.iter().filter(|column| column.live_name() != column.name);
    for column in renamed {
        let keys = schema.tables.values_mut().flat_map(|table| &mut table.foreign_keys);
        for key in keys.filter(|key| key.referred_table == after.name) {
            let names = key.referred_columns.iter_mut();
            names.filter(|name| *name == column.live_name()).for_each(|name| {
                column.name.clone_into(name);
            });
        }
    }
    let mut after = after.clone();
    after.settle();
    schema.insert(after);
}

struct Found<'a> {
    all: Vec<Stranded>,
    live: &'a Schema,
    platform: &'a Platform,
}

impl Found<'_> {
    fn push(&mut self, stranded: Stranded) {
        let is_known = |one: &Stranded| one.table == stranded.table && one.key == stranded.key;
        if !self.all.iter().any(is_known) {
            self.all.push(stranded);
        }
    }

    /// Checks the foreign keys of and to the tables that `concerns` selects.
    fn compare(&mut self, schema: &Schema, concerns: impl Fn(&str) -> bool, revisions: &[String]) {
        for table in schema.tables.values() {
            let concerned = table
                .foreign_keys
                .iter()
                .filter(|key| concerns(&table.name) || concerns(&key.referred_table));
            for key in concerned {
                let state = State { schema, platform: self.platform };
                let Some((lacks, remedy)) = state.lack(table, key) else { continue };
                let origin = match self.live_holder(table, key) {
                    // The live foreign key lacks the same already, so the plan cannot break it.
                    Some(holder) if self.live_state().lack(holder, key).is_some() => continue,
                    Some(_) => Origin::Live,
                    None if self.platform.is_sqlite() => continue,
                    None => Origin::Plan(remedy),
                };
                let (table, key) = (table.name.clone(), key.clone());
                self.push(Stranded { table, key, lacks, revisions: revisions.to_vec(), origin });
            }
        }
    }

    fn live_state(&self) -> State<'_> {
        State { schema: self.live, platform: self.platform }
    }

    fn live_holder(&self, table: &Table, key: &ForeignKey) -> Option<&Table> {
        let is_same = |one: &ForeignKey| {
            one.name == key.name
                && one.columns == key.columns
                && one.referred_table == key.referred_table
        };
        self.live.table(&table.name).filter(|live| live.foreign_keys.iter().any(is_same))
    }

    /// Finds foreign keys of other databases that a change would strand or that block it.
    ///
    /// The planner cannot drop and re-create such a foreign key, so it blocks every change that the
    /// server refuses under a foreign key.
    fn outside(&mut self, change: &TableChange, outside: &[OutsideReference]) {
        let Some(before) = &change.before else { return };
        let name = &change.after.name;
        for reference in outside.iter().filter(|one| one.key.referred_table == *name) {
            let referred = &reference.key.referred_columns;
            let Some(lacks) = self.disturbance(before, &change.after, referred) else { continue };
            self.push(Stranded {
                table: reference.table.clone(),
                key: reference.key.clone(),
                lacks,
                revisions: change.revisions.clone(),
                origin: Origin::Outside(reference.drop.clone()),
            });
        }
    }

    fn outside_of_dropped(&mut self, dropped: &DroppedTable, outside: &[OutsideReference]) {
        let name = &dropped.table.name;
        for reference in outside.iter().filter(|one| one.key.referred_table == *name) {
            self.push(Stranded {
                table: reference.table.clone(),
                key: reference.key.clone(),
                lacks: format!("table {name}"),
                revisions: dropped.revisions.clone(),
                origin: Origin::Outside(reference.drop.clone()),
            });
        }
    }

    fn disturbance(&self, before: &Table, after: &Table, referred: &[String]) -> Option<String> {
        let new = |name: &String| after.columns.iter().find(|column| column.live_name() == name);
        if let Some(gone) = referred.iter().find(|name| new(name).is_none()) {
            return Some(format!("column {gone} of {}", after.name));
        }
        let names: Vec<String> =
            referred.iter().filter_map(new).map(|column| column.name.clone()).collect();
        if after.loses_key_for(before, referred, &names, self.platform) {
            return Some(key_over(referred, &after.name));
        }
        let is_altered = |name: &&String| {
            let (old, new) = (before.find_column(name), new(name));
            old.zip(new).is_some_and(|(old, new)| {
                old.column_type != new.column_type || old.collation != new.collation
            })
        };
        // PostgreSQL alters a column without dropping the foreign keys that it is part of.
        let altered = referred.iter().find(is_altered).filter(|_| self.platform.is_mysql());
        altered.map(|name| format!("column {name} of {} as it is", after.name))
    }
}

impl Table {
    /// Returns whether a change drops a key that a foreign key to these columns may use.
    ///
    /// `self` is the table after the change, `names` are the columns' names after it. A server may
    /// depend on any one of several such keys.
    pub(super) fn loses_key_for(
        &self,
        before: &Self,
        referred: &[String],
        names: &[String],
        platform: &Platform,
    ) -> bool {
        let kept = self.keys_for(names, platform);
        let live = |column: &String| {
            let found = self.find_column(column);
            found.map_or_else(|| column.clone(), |column| column.live_name().to_owned())
        };
        before.keys_for(referred, platform).iter().any(|known| {
            !kept.iter().any(|key| {
                key.name == known.name
                    && key.columns.iter().map(live).eq(known.columns.iter().cloned())
            })
        })
    }
}

fn key_over(columns: &[String], table: &str) -> String {
    format!("a key over ({}) of {table}", columns.join(", "))
}

/// A schema, as one server's rules see it.
#[derive(Clone, Copy)]
struct State<'a> {
    schema: &'a Schema,
    platform: &'a Platform,
}

impl<'a> State<'a> {
    /// Returns what a foreign key lacks, and the statement that adds it.
    fn lack(self, holder: &Table, key: &ForeignKey) -> Option<(String, String)> {
        let parent = self.find(&key.referred_table)?;
        let referred: &[String] = if key.referred_columns.is_empty() {
            parent.key_columns()
        } else {
            &key.referred_columns
        };
        if let Some(gone) = referred.iter().find(|name| self.column(parent, name).is_none()) {
            return Some((format!("column {gone} of {}", parent.name), String::new()));
        }
        if referred.len() != key.columns.len() {
            let lacks =
                format!("a primary key of {} with {} columns", parent.name, key.columns.len());
            return Some((lacks, String::new()));
        }
        if parent.keys_for(referred, self.platform).is_empty() {
            return Some((key_over(referred, &parent.name), self.add_key(parent, referred)));
        }
        if self.platform.is_sqlite() {
            return None;
        }
        self.refused_column(holder, key, parent, referred).map(|lacks| (lacks, String::new()))
    }

    /// Returns the first column of a foreign key that the server does not accept.
    fn refused_column(
        self,
        holder: &Table,
        key: &ForeignKey,
        parent: &Table,
        referred: &[String],
    ) -> Option<String> {
        let sets_null = [key.on_delete, key.on_update].contains(&ReferentialAction::SetNull);
        key.columns.iter().zip(referred).find_map(|(name, other)| {
            let column = self.column(holder, name)?;
            let referred = self.column(parent, other)?;
            let is_key = holder.key_columns().iter().any(|one| one == name);
            if !self.compares(holder, column, parent, referred) {
                let place = format!("{}.{name}", holder.name);
                Some(format!("{}.{other} with the type and collation of {place}", parent.name))
            } else if sets_null && self.platform.is_mysql() && (!column.nullable || is_key) {
                Some(format!("a column {name} of {} that can be NULL", holder.name))
            } else {
                None
            }
        })
    }

    fn find(self, name: &str) -> Option<&'a Table> {
        let ignoring_case =
            || self.schema.tables.values().find(|table| table.name.eq_ignore_ascii_case(name));
        let exact = self.schema.table(name);
        if self.platform.is_sqlite() { exact.or_else(ignoring_case) } else { exact }
    }

    fn column<'t>(self, table: &'t Table, name: &str) -> Option<&'t Column> {
        table.columns.iter().find(|column| is_same_name(&column.name, name, self.platform))
    }

    /// Returns whether the server can compare two columns in a foreign key.
    fn compares(self, holder: &Table, column: &Column, parent: &Table, referred: &Column) -> bool {
        let (one, other) = (family(&column.column_type), family(&referred.column_type));
        if !self.platform.is_mysql() {
            return one == other || one == Family::Unknown || other == Family::Unknown;
        }
        if one == Family::Text && other == Family::Text {
            let (one, other) = (collation(holder, column), collation(parent, referred));
            let default = self.schema.collation.as_deref();
            return one.or(default) == other.or(default);
        }
        let spelled = |column: &Column| column.column_type.sql(Dialect::Mysql).to_ascii_uppercase();
        spelled(column) == spelled(referred)
    }

    fn add_key(self, table: &Table, columns: &[String]) -> String {
        let quote = |name: &String| match self.platform.dialect {
            Dialect::Mysql => format!("`{}`", name.replace('`', "``")),
            Dialect::Postgres | Dialect::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        };
        let kind = if table.primary_key.is_none() { "PRIMARY KEY" } else { "UNIQUE" };
        let columns: Vec<String> = columns.iter().map(quote).collect();
        format!("ALTER TABLE {} ADD {kind} ({})", quote(&table.name), columns.join(", "))
    }
}

fn collation<'a>(table: &'a Table, column: &'a Column) -> Option<&'a str> {
    column.collation.as_deref().or(table.collation.as_deref())
}

/// A family of types that PostgreSQL can compare with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Boolean,
    Date,
    Unknown,
}

fn family(column_type: &ColumnType) -> Family {
    use ColumnType::{
        BigInteger, Binary, Boolean, Date, Double, Float, Integer, Json, LongText, MediumText,
        Other, Text, Varchar,
    };
    match column_type {
        Varchar(_) | Text | MediumText | LongText => Family::Text,
        Integer | BigInteger | Float | Double => Family::Number,
        Boolean => Family::Boolean,
        Date => Family::Date,
        Json | Binary | Other(_) => Family::Unknown,
    }
}
