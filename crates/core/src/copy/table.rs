//! Decides how each table is copied.

use super::artifact_root::{ArtifactRoot, Rewriting};
use super::equal_keys::{self, EqualKeys};
use super::fault::Fault;
use super::source::Source;
use super::value::CopiedColumn;
use crate::backend::{Backend, Filling, Reading};
use crate::data::charset::Repertoire;
use crate::error::Error;
use crate::plan::Plan;
use crate::schema::platform::{Dialect, Platform};
use crate::schema::{Column, Table};

/// A table that is copied.
#[derive(Clone, Debug)]
pub(crate) struct TableCopy {
    /// The name of the table.
    pub(crate) name: String,
    /// The columns, in the order of a row's values.
    pub(crate) columns: Vec<CopiedColumn>,
    /// The names of the columns.
    pub(crate) names: Vec<String>,
    /// The places of the primary key's columns in a row.
    pub(crate) key: Vec<usize>,
    /// The columns by which the source sorts the rows.
    order_by: Vec<String>,
    /// How places of artifacts are rewritten.
    pub(crate) rewriting: Rewriting,
    /// The unique keys of which some texts are equal at the destination.
    pub(crate) equal_keys: Vec<EqualKeys>,
    /// The most bytes that the destination takes in a row.
    pub(crate) most_row_bytes: Option<u64>,
    dialects: [Dialect; 2],
}

impl TableCopy {
    /// Returns how each table of a plan is copied, by name.
    pub(crate) async fn all(
        source: &mut dyn Backend,
        destination: &mut dyn Backend,
        found: &Source,
        plan: &Plan,
        roots: &[ArtifactRoot],
    ) -> Result<Vec<Self>, Error> {
        let platforms = [source.platform().clone(), destination.platform().clone()];
        let most_row_bytes = destination.bulk().most_row_bytes().await?;
        let mut tables = Vec::new();
        for table in plan.result.tables.values() {
            let Some(mut copy) = Self::of(table, found, plan, &platforms, roots) else { continue };
            copy.most_row_bytes = most_row_bytes;
            let schema = &plan.result;
            copy.equal_keys =
                equal_keys::find(source, destination, schema, table, &copy.names).await?;
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
        roots: &[ArtifactRoot],
    ) -> Option<Self> {
        let known = found.live.table(&table.name)?;
        let dialects = [platforms[0].dialect, platforms[1].dialect];
        let is_copied = |column: &&Column| column.generated.is_none();
        let keys = table.key_columns();
        let column = |column: &Column| {
            let found = known.find_column(&column.name)?;
            let repertoire = Repertoire::of(&plan.result, &table.name, &platforms[1]);
            let is_key = keys.contains(&column.name);
            Some(CopiedColumn::new(column, found, is_key, dialects, repertoire))
        };
        let columns: Vec<CopiedColumn> =
            table.columns.iter().filter(is_copied).filter_map(column).collect();
        let names: Vec<String> = columns.iter().map(|it| it.column.name.clone()).collect();
        let place = |name: &String| names.iter().position(|column| column == name);
        // InnoDB stores a table in the order of its primary key.
        let order_by = if platforms[1].is_mysql() { keys.to_vec() } else { Vec::new() };
        Some(Self {
            name: table.name.clone(),
            key: keys.iter().filter_map(place).collect(),
            order_by,
            rewriting: Rewriting::of(&table.name, &names, roots),
            equal_keys: Vec::new(),
            most_row_bytes: None,
            dialects,
            columns,
            names,
        })
    }

    /// Returns the table on the way from the destination to itself, to read back what was copied.
    pub(crate) fn at_destination(&self) -> Self {
        let to = self.dialects[1];
        let columns = self.columns.iter().map(|copied| copied.read_back(to)).collect();
        Self {
            columns,
            order_by: Vec::new(),
            rewriting: Rewriting::default(),
            equal_keys: Vec::new(),
            most_row_bytes: None,
            dialects: [to, to],
            ..self.clone()
        }
    }

    /// Returns whether the destination may refuse a row.
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
        Filling { table: table.clone(), columns: self.names.clone() }
    }

    /// Returns a query on the source for the rows with a fault, where SQL has one.
    pub(crate) fn query(
        &self,
        place: usize,
        fault: Fault,
        quote: fn(&str) -> String,
    ) -> Option<String> {
        let column = quote(self.names.get(place)?);
        let condition = match fault {
            Fault::EqualKey => {
                let (place, texts) = self.equal_keys.iter().find_map(EqualKeys::example)?;
                let quoted = texts.map(|text| format!("'{}'", text.replace('\'', "''")));
                format!("{} IN ({})", quote(self.names.get(place)?), quoted.join(", "))
            }
            fault => fault.condition(&column, self.dialects[0])?,
        };
        Some(format!("SELECT * FROM {} WHERE {condition}", quote(&self.name)))
    }
}
