//! Foreign keys that a plan would leave without what they reference.
//!
//! A revision replaces keys, and knows only MLflow's own foreign keys to them. One that a user has
//! made would lose its key, and where each change commits, that would be found too late.

use crate::plan::TableChange;
use crate::schema::platform::{Dialect, Platform};
use crate::schema::{
    Column, ColumnType, ForeignKey, ReferentialAction, Schema, Table, is_same_name,
};

use super::Plan;

/// A foreign key to a table of this database from another database or schema of the same server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideReference {
    /// The table that has it, with the name of its database or schema.
    pub table: String,
    /// The foreign key.
    pub key: ForeignKey,
    /// The statement that drops it.
    pub drop: String,
}

/// A foreign key that a plan leaves without what it references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stranded {
    /// The table that has it.
    pub(crate) table: String,
    /// The foreign key.
    pub(crate) key: ForeignKey,
    /// What it needs, and is not there.
    pub(crate) lacks: String,
    /// The revisions that take it away.
    pub(crate) revisions: Vec<String>,
    /// Who has made it.
    pub(crate) origin: Origin,
}

/// Where a stranded foreign key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is in the live schema.
    Live,
    /// The plan adds it, to a table that lacks the key: the statement that adds one.
    Plan(String),
    /// Another database has it: the statement that drops it.
    Outside(String),
}

/// Finds every foreign key that lacks what it references in the result of a plan, or on the way there.
pub(crate) fn stranded(
    plan: &Plan,
    live: &Schema,
    outside: &[OutsideReference],
    platform: &Platform,
) -> Vec<Stranded> {
    let mut found = Found { all: Vec::new(), live, platform };
    if platform.is_sqlite() {
        // SQLite looks at references only when rows are written: only the result counts.
        found.compare(&plan.result, |_| true, &[]);
        for stranded in &mut found.all {
            let is_cause = |change: &&TableChange| {
                change.after.name.eq_ignore_ascii_case(&stranded.key.referred_table)
            };
            let causes = plan.changes().filter(is_cause);
            stranded.revisions = causes.flat_map(|change| change.revisions.clone()).collect();
        }
        return found.all;
    }
    let mut schema = live.clone();
    for change in plan.changes() {
        found.outside(change, outside);
        follow(&mut schema, change);
        let name = &change.after.name;
        found.compare(&schema, |key| key == name, &change.revisions);
    }
    found.all
}

/// The schema after a change. Foreign keys elsewhere follow a column that is renamed.
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

    /// Looks at the foreign keys of and to those tables that concern us.
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
                    // It lacks that already, and nothing here can make it worse.
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

    /// Nothing takes a foreign key of another database off and puts it back: it is in the way of
    /// whatever the server does not do under a foreign key.
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
        // PostgreSQL alters a column with the foreign keys that it is part of.
        let altered = referred.iter().find(is_altered).filter(|_| self.platform.is_mysql());
        altered.map(|name| format!("column {name} of {} as it is", after.name))
    }
}

impl Table {
    /// Whether a key that serves a foreign key to these columns goes with a change from `before`.
    /// `names` are the columns' names after it. A server may hold on to any one of such keys.
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

/// A schema, seen by one server.
#[derive(Clone, Copy)]
struct State<'a> {
    schema: &'a Schema,
    platform: &'a Platform,
}

impl<'a> State<'a> {
    /// What a foreign key needs and is not there, and the statement that puts it there.
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

    /// The first column of a foreign key that the server does not take.
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

    /// Whether the server can compare two columns in a foreign key.
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

/// Types that PostgreSQL compares with each other.
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
