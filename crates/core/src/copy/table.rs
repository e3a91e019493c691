//! Decides how each table is copied.

use std::collections::BTreeSet;

use super::artifact_root::{ArtifactRoot, Rewriting};
use super::equal_keys::{EqualKeys, Finder, is_float};
use super::fault::Fault;
use super::left_out::{Key, Reference, places};
use super::options::CopyOptions;
use super::renumbering::{Numbers, Renumbering};
use super::source::Source;
use super::value::CopiedColumn;
use crate::backend::{Backend, Filling, Reading};
use crate::data::charset::Repertoire;
use crate::error::Error;
use crate::plan::Plan;
use crate::schema::platform::{Dialect, Platform};
use crate::schema::{Column, Schema, Table};

/// A table that is copied.
#[derive(Clone, Debug)]
pub(crate) struct TableCopy {
    /// The name of the table.
    pub(crate) name: String,
    /// The columns, in the order of a row's values, and then those that the destination computes.
    pub(crate) columns: Vec<CopiedColumn>,
    /// The names of the columns.
    pub(crate) names: Vec<String>,
    /// The number of columns that are written.
    pub(crate) written: usize,
    /// The places of the primary key's columns in a row.
    pub(crate) key: Vec<usize>,
    /// The columns by which the source sorts the rows.
    order_by: Vec<String>,
    /// How places of artifacts are rewritten.
    pub(crate) rewriting: Rewriting,
    /// How experiments are renumbered.
    pub(crate) renumbering: Renumbering,
    /// The foreign keys of the table.
    pub(crate) references: Vec<Reference>,
    /// The keys that other tables reference, with the places of their columns.
    pub(crate) referred: Vec<(Key, Vec<usize>)>,
    /// The unique keys of which some texts are equal at the destination.
    pub(crate) equal_keys: Vec<EqualKeys>,
    /// The number of rows at the source.
    pub(crate) rows: u64,
    /// The most bytes that the destination takes in a row.
    pub(crate) most_row_bytes: Option<u64>,
    dialects: [Dialect; 2],
}

/// What a copy changes in values, as the user has asked.
#[derive(Clone, Copy)]
struct Changes<'a> {
    roots: &'a [ArtifactRoot],
    numbers: &'a Numbers,
}

impl TableCopy {
    /// Returns how each table of a plan is copied, a table before those that reference it.
    pub(crate) async fn all(
        source: &mut dyn Backend,
        destination: &mut dyn Backend,
        found: &Source,
        plan: &Plan,
        options: &CopyOptions,
    ) -> Result<Vec<Self>, Error> {
        let platforms = [source.platform().clone(), destination.platform().clone()];
        let most_row_bytes = destination.bulk().most_row_bytes().await?;
        let is_narrow = !destination.platform().is_sqlite();
        let numbers = match options.renumber_experiments && is_narrow {
            true => Numbers::of(source).await?,
            false => Numbers::default(),
        };
        let changes = Changes { roots: &options.artifact_roots, numbers: &numbers };
        let (mut tables, mut finder) = (Vec::new(), Finder::default());
        for table in parents_first(&plan.result) {
            let Some(mut copy) = Self::of(table, found, plan, &platforms, changes) else {
                continue;
            };
            copy.most_row_bytes = most_row_bytes;
            copy.rows = source.table_size(&table.name).await?.rows;
            let schema = &plan.result;
            copy.equal_keys = finder.find(source, destination, schema, table, &copy.names).await?;
            tables.push(copy);
        }
        Ok(tables)
    }

    /// Returns how a table of the destination is copied; `None` if the source has no such table.
    fn of(
        table: &Table,
        found: &Source,
        plan: &Plan,
        platforms: &[Platform; 2],
        changes: Changes<'_>,
    ) -> Option<Self> {
        let known = found.live.table(&table.name)?;
        let dialects = [platforms[0].dialect, platforms[1].dialect];
        let is_computed = |column: &&Column| column.generated.is_some();
        let keys = table.key_columns();
        let column = |column: &Column| {
            let found = known.find_column(&column.name)?;
            let repertoire = Repertoire::of(&plan.result, &table.name, &platforms[1]);
            let is_key = keys.contains(&column.name);
            Some(CopiedColumn::new(column, found, is_key, dialects, repertoire))
        };
        let (computed, stored): (Vec<&Column>, Vec<&Column>) =
            table.columns.iter().partition(is_computed);
        let mut columns: Vec<CopiedColumn> = stored.into_iter().filter_map(column).collect();
        let written = columns.len();
        // The destination computes these, and refuses a row where it cannot.
        columns.extend(computed.into_iter().filter_map(column));
        let names: Vec<String> = columns.iter().map(|it| it.column.name.clone()).collect();
        let place = |name: &String| names.iter().position(|column| column == name);
        // InnoDB stores a table in the order of its primary key. Floats that are rounded come last,
        // so that those follow each other which differ in nothing else.
        let mut order_by = if platforms[1].is_mysql() { keys.to_vec() } else { Vec::new() };
        order_by.sort_by_key(|name| is_float(table, name));
        Some(Self {
            name: table.name.clone(),
            key: keys.iter().filter_map(place).collect(),
            order_by,
            rewriting: Rewriting::of(&table.name, &names, changes.roots),
            renumbering: Renumbering::of(table, &names, changes.numbers),
            references: Reference::all(table, &names),
            referred: referred(&plan.result, table, &names),
            equal_keys: Vec::new(),
            rows: 0,
            most_row_bytes: None,
            dialects,
            columns,
            names,
            written,
        })
    }

    /// Returns the table on the way from the destination to itself, to read back what was copied.
    pub(crate) fn at_destination(&self) -> Self {
        let to = self.dialects[1];
        let written = self.columns.iter().take(self.written);
        let columns = written.map(|copied| copied.read_back(to)).collect();
        let names = self.names.iter().take(self.written).cloned().collect();
        Self {
            columns,
            names,
            order_by: Vec::new(),
            rewriting: Rewriting::default(),
            renumbering: Renumbering::default(),
            equal_keys: Vec::new(),
            most_row_bytes: None,
            dialects: [to, to],
            ..self.clone()
        }
    }

    /// Returns whether the destination may refuse a row, whatever other rows are left out.
    pub(crate) fn can_fail(&self) -> bool {
        !self.equal_keys.is_empty() || self.columns.iter().any(CopiedColumn::can_fail)
    }

    /// Returns the rows that are read.
    pub(crate) fn reading(&self) -> Reading {
        Reading {
            table: self.name.clone(),
            columns: self.names.clone(),
            order_by: self.order_by.clone(),
            is_distinct: false,
        }
    }

    /// Returns the columns that are filled; `table` is the table as it is then.
    pub(crate) fn filling(&self, table: &Table) -> Filling {
        let columns = self.names.iter().take(self.written).cloned().collect();
        Filling { table: table.clone(), columns }
    }

    /// Returns a query on the source for the rows with a fault, where SQL has one.
    pub(crate) fn query(
        &self,
        place: usize,
        fault: Fault,
        keys: &[EqualKeys],
        quote: fn(&str) -> String,
    ) -> Option<String> {
        let condition = match fault {
            Fault::EqualKey => {
                let key = keys.iter().find(|key| key.place() == place)?;
                let is_one_of = |(place, texts): (usize, BTreeSet<&str>)| {
                    let quoted = texts.iter().map(|text| format!("'{}'", text.replace('\'', "''")));
                    let quoted: Vec<String> = quoted.collect();
                    Some(format!("{} IN ({})", quote(self.names.get(place)?), quoted.join(", ")))
                };
                let columns: Option<Vec<String>> =
                    key.repeated().into_iter().map(is_one_of).collect();
                columns?.join(" AND ")
            }
            fault => fault.condition(&quote(self.names.get(place)?), self.dialects[0])?,
        };
        Some(format!("SELECT * FROM {} WHERE {condition}", quote(&self.name)))
    }
}

/// Returns the tables of a schema, each after the tables that it references.
pub(super) fn parents_first(schema: &Schema) -> Vec<&Table> {
    let mut ordered: Vec<&Table> = Vec::new();
    let mut rest: Vec<&Table> = schema.tables.values().collect();
    while !rest.is_empty() {
        let is_waiting = |table: &&Table| {
            table.foreign_keys.iter().any(|key| {
                key.referred_table != table.name
                    && rest.iter().any(|other| other.name == key.referred_table)
            })
        };
        let (waiting, ready): (Vec<&Table>, Vec<&Table>) =
            rest.iter().partition(|it| is_waiting(it));
        // Tables that reference each other come in any order.
        let (ready, waiting) = if ready.is_empty() { (waiting, ready) } else { (ready, waiting) };
        ordered.extend(ready);
        rest = waiting;
    }
    ordered
}

/// Returns the keys of a table that others reference.
fn referred(schema: &Schema, table: &Table, columns: &[String]) -> Vec<(Key, Vec<usize>)> {
    let mut found: Vec<(Key, Vec<usize>)> = Vec::new();
    let keys = schema.tables.values().flat_map(|other| &other.foreign_keys);
    for key in keys.filter(|key| key.referred_table == table.name) {
        let Some(places) = places(&key.referred_columns, columns) else { continue };
        let key = Key { table: table.name.clone(), columns: key.referred_columns.clone() };
        if found.iter().all(|(known, _)| *known != key) {
            found.push((key, places));
        }
    }
    found
}
