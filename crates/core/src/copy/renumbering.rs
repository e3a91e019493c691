//! Gives experiments new numbers where the destination cannot hold the old ones.
//!
//! A file store numbers experiments with 18 digits, and SQLite holds such numbers. MLflow's columns
//! on servers have 32 bits.

use std::collections::BTreeMap;

use sea_query::Value;
use serde::Serialize;
use tokio::sync::mpsc::channel;

use crate::backend::{Backend, Reading};
use crate::error::Error;
use crate::rows::Row;
use crate::schema::{ColumnType, Table};

/// The column that holds the number of an experiment, in every table.
pub(crate) const EXPERIMENT_ID: &str = "experiment_id";

/// The table whose rows name the kinds of what they associate, and the columns of kind and id.
const ASSOCIATIONS: &str = "entity_associations";
const ENDS: [(&str, &str); 2] =
    [("source_type", "source_id"), ("destination_type", "destination_id")];

/// The kind of an experiment (MLflow, `EntityAssociationType`).
const EXPERIMENT: &str = "experiment";

/// How many batches of rows wait.
const BATCHES: usize = 2;

/// An experiment that has got a new number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Renumbered {
    /// The number at the source.
    #[serde(rename = "former_id")]
    pub from: i64,
    /// The number at the destination.
    #[serde(rename = "new_id")]
    pub to: i64,
}

/// The new numbers of experiments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers(BTreeMap<i64, i64>);

impl Numbers {
    /// Returns new numbers for the experiments whose numbers have more than 32 bits.
    ///
    /// They follow the greatest number that has not, in the order of the old ones.
    ///
    /// # Errors
    /// If the experiments cannot be read.
    pub(crate) async fn of(source: &mut dyn Backend) -> Result<Self, Error> {
        let reading = Reading {
            table: "experiments".to_owned(),
            columns: vec![EXPERIMENT_ID.to_owned()],
            ..Reading::default()
        };
        let (to, mut batches) = channel(BATCHES);
        let reading = source.bulk().read_rows(&reading, to);
        let collecting = async move {
            let mut numbers = Vec::new();
            while let Some(rows) = batches.recv().await {
                numbers.extend(rows.iter().filter_map(number));
            }
            numbers
        };
        let (read, numbers) = futures_util::future::join(reading, collecting).await;
        read?;
        Ok(Self(renumbered(numbers)))
    }

    /// Returns the experiments with new numbers.
    pub(crate) fn listed(&self) -> Vec<Renumbered> {
        self.0.iter().map(|(from, to)| Renumbered { from: *from, to: *to }).collect()
    }
}

fn number(row: &Row) -> Option<i64> {
    match row.first() {
        Some(Value::BigInt(number)) => *number,
        _ => None,
    }
}

fn renumbered(mut numbers: Vec<i64>) -> BTreeMap<i64, i64> {
    numbers.sort_unstable();
    let (short, long): (Vec<i64>, Vec<i64>) =
        numbers.into_iter().partition(|number| i32::try_from(*number).is_ok());
    let first = short.last().map_or(1, |last| (last + 1).max(1));
    long.into_iter().zip(first..).collect()
}

/// Writes the new numbers into the rows of one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Renumbering {
    numbers: Numbers,
    /// The places of the numbers in a row.
    places: Vec<usize>,
    /// The places of kinds and ids.
    ends: Vec<(usize, usize)>,
}

impl Renumbering {
    /// Returns how the rows of a table are renumbered, which have these columns.
    pub(crate) fn of(table: &Table, columns: &[String], numbers: &Numbers) -> Self {
        if numbers.0.is_empty() {
            return Self::default();
        }
        let place = |name: &str| columns.iter().position(|column| column == name);
        let is_number = table
            .find_column(EXPERIMENT_ID)
            .is_some_and(|column| column.column_type == ColumnType::Integer);
        let places = place(EXPERIMENT_ID).filter(|_| is_number).into_iter().collect();
        let end = |(kind, id): &(&str, &str)| Some((place(kind)?, place(id)?));
        let ends = match table.name == ASSOCIATIONS {
            true => ENDS.iter().filter_map(end).collect(),
            false => Vec::new(),
        };
        Self { numbers: numbers.clone(), places, ends }
    }

    /// Returns the experiments with new numbers.
    pub(crate) fn listed(&self) -> Vec<Renumbered> {
        self.numbers.listed()
    }

    /// Writes the new numbers into a row.
    pub(crate) fn apply(&self, row: &mut [Value]) {
        for place in &self.places {
            if let Some(Value::BigInt(Some(number))) = row.get_mut(*place)
                && let Some(new) = self.numbers.0.get(number)
            {
                *number = *new;
            }
        }
        for (kind, id) in &self.ends {
            let is_experiment =
                matches!(row.get(*kind), Some(Value::String(Some(kind))) if kind == EXPERIMENT);
            if is_experiment
                && let Some(Value::String(Some(id))) = row.get_mut(*id)
                && let Some(new) = id.parse().ok().and_then(|id: i64| self.numbers.0.get(&id))
            {
                *id = new.to_string();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sea_query::Value;

    use super::{Numbers, Renumbering, renumbered};
    use crate::schema::{Table, integer, varchar};

    #[test]
    fn long_numbers_follow_the_short_ones() {
        let long = 552_225_368_323_388_646;
        for (numbers, expected) in [
            (vec![0, 3], vec![]),
            (vec![long, 0, long - 1], vec![(long - 1, 1), (long, 2)]),
            (vec![7, long], vec![(long, 8)]),
            (vec![-5, long], vec![(long, 1)]),
            (vec![long], vec![(long, 1)]),
        ] {
            assert_eq!(renumbered(numbers), expected.into_iter().collect::<BTreeMap<_, _>>());
        }
    }

    #[test]
    fn every_reference_gets_the_new_number() {
        let numbers = Numbers(BTreeMap::from([(1 << 40, 5)]));
        let columns = ["name", "experiment_id"].map(ToOwned::to_owned);
        let runs = Table::new("runs").column(varchar("name", 9)).column(integer("experiment_id"));
        let renumbering = Renumbering::of(&runs, &columns, &numbers);
        let mut row = [Value::from("1099511627776"), (1_i64 << 40).into()];
        renumbering.apply(&mut row);
        assert_eq!(row, ["1099511627776".into(), 5_i64.into()]);
        let columns = ["source_type", "source_id", "destination_type", "destination_id"]
            .map(ToOwned::to_owned);
        let renumbering = Renumbering::of(&Table::new("entity_associations"), &columns, &numbers);
        let mut row = ["experiment", "1099511627776", "run", "1099511627776"].map(Value::from);
        renumbering.apply(&mut row);
        assert_eq!(row, ["experiment", "5", "run", "1099511627776"].map(Value::from));
    }
}
