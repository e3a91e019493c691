//! Finds keys that are different at the source, and equal in the destination's collation.
//!
//! MySQL's usual collations ignore case and accents, and some ignore spaces at the end. MLflow's
//! keys are case-sensitive elsewhere: a run may have the metrics `Loss` and `loss`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sea_query::Value;
use sha2::{Digest as _, Sha256};

use super::fault::Fault;
use crate::backend::{Backend, Reading};
use crate::error::Error;
use crate::rows::Row;
use crate::schema::{ColumnType, Schema, Table};

/// How many texts the destination gets at once.
const TEXTS: usize = 200;

/// How many batches of rows wait for the destination.
const BATCHES: usize = 2;

/// The most texts that a query names.
const NAMED: usize = 50;

/// Texts of a column that are equal in the destination's collation, each with the first of them.
type Equals = HashMap<String, String>;

/// A unique key of which some texts are equal in the destination's collation.
#[derive(Clone, Debug, Default)]
pub(crate) struct EqualKeys {
    /// For each column of the key, its place in a row, and its equal texts.
    columns: Vec<(usize, Equals)>,
    /// The places of the columns whose floats the destination rounds to 32 bits.
    singles: Vec<usize>,
    /// The key of the last row; rows that differ in rounded floats only follow each other.
    last: Option<[u8; 32]>,
    /// The keys so far of the rows that have one of the equal texts.
    seen: HashSet<[u8; 32]>,
    /// The texts of keys that were repeated, each by its place and the first text that equals it.
    repeated: BTreeSet<(usize, String)>,
}

impl EqualKeys {
    /// Returns where and why a former row has an equal key, and remembers this one.
    ///
    /// Only rows with one of the equal texts are remembered, and the last row.
    pub(crate) fn repeats(&mut self, row: &Row) -> Option<(usize, Fault)> {
        let mut has_equal = false;
        let mut hash = Sha256::new();
        for (place, equals) in &self.columns {
            let shown = match row.get(*place) {
                Some(Value::String(Some(text))) => match equals.get(text) {
                    Some(first) => {
                        has_equal = true;
                        format!("t{}:{first}", first.len())
                    }
                    None => format!("t{}:{text}", text.len()),
                },
                // NULL is equal to nothing.
                Some(Value::String(None)) | None => return None,
                Some(Value::Double(Some(number))) if self.singles.contains(place) => {
                    format!("{:?};", *number as f32 + 0.0)
                }
                Some(value) => format!("{value:?};"),
            };
            hash.update(shown);
        }
        let hash = hash.finalize().into();
        if has_equal {
            let repeats = !self.seen.insert(hash);
            if repeats && self.repeated.len() < NAMED {
                self.repeated.extend(self.firsts(row));
            }
            return repeats.then(|| (self.place(), Fault::EqualKey));
        }
        let repeats = self.last.replace(hash) == Some(hash);
        self.singles.first().filter(|_| repeats).map(|place| (*place, Fault::EqualFloat))
    }

    /// Returns the texts of a row that others equal, as the first of them.
    fn firsts(&self, row: &Row) -> Vec<(usize, String)> {
        let first = |(place, equals): &(usize, Equals)| match row.get(*place) {
            Some(Value::String(Some(text))) => Some((*place, equals.get(text)?.clone())),
            _ => None,
        };
        self.columns.iter().filter_map(first).collect()
    }

    /// Returns the place of the first column with equal texts.
    pub(crate) fn place(&self) -> usize {
        let mut places = self.columns.iter().filter(|(_, equals)| !equals.is_empty());
        places.next().map_or(0, |(place, _)| *place)
    }

    /// Returns the texts of keys that were repeated, by the place of their column.
    pub(crate) fn repeated(&self) -> BTreeMap<usize, BTreeSet<&str>> {
        let mut texts: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (place, first) in &self.repeated {
            let equals = self.columns.iter().filter(|(other, _)| other == place);
            let equal = equals.flat_map(|(_, equals)| equals).filter(|(_, other)| *other == first);
            texts.entry(*place).or_default().extend(equal.map(|(text, _)| text.as_str()));
        }
        texts
    }

    /// Forgets the rows so far.
    pub(crate) fn forget(&mut self) {
        self.seen.clear();
        self.last = None;
        self.repeated.clear();
    }
}

/// Finds equal texts, column by column.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// The equal texts of the columns so far, by table and column.
    known: HashMap<(String, String), Equals>,
}

impl Finder {
    /// Returns the unique keys of a table of which some texts are equal at the destination.
    ///
    /// `columns` are those of a row, in order.
    pub(crate) async fn find(
        &mut self,
        source: &mut dyn Backend,
        destination: &mut dyn Backend,
        schema: &Schema,
        table: &Table,
        columns: &[String],
    ) -> Result<Vec<EqualKeys>, Error> {
        if !destination.platform().is_mysql() {
            return Ok(Vec::new());
        }
        let rounds = !source.platform().is_mysql();
        let mut found = Vec::new();
        for key in unique_keys(table) {
            let (mut of_key, mut singles) = (Vec::new(), Vec::new());
            for name in &key {
                let Some(place) = columns.iter().position(|column| column == name) else {
                    continue;
                };
                if rounds && is_float(table, name) {
                    singles.push(place);
                }
                let (table, column) = origin(schema, table, name);
                of_key
                    .push((place, self.equals(source, destination, schema, table, column).await?));
            }
            let is_whole = of_key.len() == key.len();
            let has_equal = of_key.iter().any(|(_, equals)| !equals.is_empty());
            if is_whole && (has_equal || !singles.is_empty()) {
                found.push(EqualKeys { columns: of_key, singles, ..EqualKeys::default() });
            }
        }
        Ok(found)
    }

    async fn equals(
        &mut self,
        source: &mut dyn Backend,
        destination: &mut dyn Backend,
        schema: &Schema,
        table: &Table,
        column: &str,
    ) -> Result<Equals, Error> {
        let key = (table.name.clone(), column.to_owned());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let equals = match collation(schema, table, column) {
            Some(collation) => {
                equal_texts(source, destination, &table.name, column, collation).await?
            }
            None => Equals::new(),
        };
        self.known.insert(key, equals.clone());
        Ok(equals)
    }
}

/// Returns the column that holds all texts of a column: the one that its foreign keys lead to.
fn origin<'a>(schema: &'a Schema, table: &'a Table, column: &'a str) -> (&'a Table, &'a str) {
    let (mut table, mut column) = (table, column);
    for _ in 0..schema.tables.len() {
        let referred = table.foreign_keys.iter().find_map(|key| {
            let mut pairs = key.columns.iter().zip(&key.referred_columns);
            let (_, other) = pairs.find(|(name, _)| *name == column)?;
            let referred = schema.table(&key.referred_table)?;
            referred.find_column(other).is_some().then_some((referred, other.as_str()))
        });
        match referred {
            Some(referred) => (table, column) = referred,
            None => break,
        }
    }
    (table, column)
}

/// Returns the columns of each key under which no two rows may be equal.
fn unique_keys(table: &Table) -> Vec<Vec<String>> {
    let primary = table.primary_key.iter().map(|key| key.columns.clone());
    let uniques = table.uniques.iter().map(|unique| unique.columns.clone());
    let indexes = table.indexes.iter().filter(|index| index.unique);
    let indexes = indexes.map(|index| index.column_names().map(ToOwned::to_owned).collect());
    primary.chain(uniques).chain(indexes).collect()
}

/// Returns whether a column holds floats that MySQL rounds to 32 bits.
pub(crate) fn is_float(table: &Table, name: &str) -> bool {
    table.find_column(name).is_some_and(|it| it.column_type == ColumnType::Float)
}

/// Returns the collation of a column of texts.
fn collation<'a>(schema: &'a Schema, table: &'a Table, name: &str) -> Option<&'a str> {
    let column = table.find_column(name)?;
    let is_text = matches!(
        column.column_type,
        ColumnType::Varchar(_) | ColumnType::Text | ColumnType::MediumText | ColumnType::LongText
    );
    let of_column = column.collation.as_deref().or(table.collation.as_deref());
    of_column.or(schema.collation.as_deref()).filter(|_| is_text)
}

/// Returns the texts of a column that are equal at the destination.
async fn equal_texts(
    source: &mut dyn Backend,
    destination: &mut dyn Backend,
    table: &str,
    column: &str,
    collation: &str,
) -> Result<Equals, Error> {
    let reading = Reading {
        table: table.to_owned(),
        columns: vec![column.to_owned()],
        is_distinct: true,
        ..Reading::default()
    };
    if !has_ambiguous(source, &reading).await? {
        return Ok(Equals::new());
    }
    let (to, mut batches) = tokio::sync::mpsc::channel(BATCHES);
    let reading = source.bulk().read_rows(&reading, to);
    let grouping = async move {
        let mut first_by_key: HashMap<String, String> = HashMap::new();
        let mut equals = Equals::new();
        while let Some(rows) = batches.recv().await {
            let texts: Vec<String> = rows.into_iter().filter_map(text).collect();
            for texts in texts.chunks(TEXTS) {
                let keys = destination.bulk().sort_keys(collation, texts).await?;
                for (text, key) in texts.iter().zip(keys.unwrap_or_default()) {
                    match first_by_key.get(&key) {
                        Some(first) => {
                            equals.insert(first.clone(), first.clone());
                            equals.insert(text.clone(), first.clone());
                        }
                        None => {
                            first_by_key.insert(key, text.clone());
                        }
                    }
                }
            }
        }
        Ok::<Equals, Error>(equals)
    };
    let (read, equals) = futures_util::future::join(reading, grouping).await;
    read?;
    equals
}

/// Returns whether some text of a column may be equal to another one in a collation.
///
/// Two different texts of lower-case ASCII letters, digits and the usual marks never are.
async fn has_ambiguous(source: &mut dyn Backend, reading: &Reading) -> Result<bool, Error> {
    let (to, mut batches) = tokio::sync::mpsc::channel(BATCHES);
    let reading = source.bulk().read_rows(reading, to);
    let looking = async move {
        while let Some(rows) = batches.recv().await {
            if rows.into_iter().filter_map(text).any(|text| !is_plain(&text)) {
                return true;
            }
        }
        false
    };
    let (read, found) = futures_util::future::join(reading, looking).await;
    read.map(|()| found)
}

fn text(row: Row) -> Option<String> {
    match row.into_iter().next() {
        Some(Value::String(text)) => text,
        _ => None,
    }
}

fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap};

    use sea_query::Value;

    use super::{EqualKeys, is_plain};
    use crate::copy::fault::Fault;

    #[test]
    fn only_equal_keys_repeat() {
        let equals = HashMap::from([("Loss", "Loss"), ("loss", "Loss")]);
        let owned = equals.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned()));
        let columns = vec![(0, owned.collect()), (1, HashMap::new())];
        let mut keys = EqualKeys { columns, ..EqualKeys::default() };
        let row = |key: &str, step: i64| vec![Value::from(key), Value::from(step)];
        assert_eq!(keys.repeats(&row("Loss", 1)), None);
        assert_eq!(keys.repeats(&row("loss", 2)), None);
        assert_eq!(keys.repeats(&row("loss", 1)), Some((0, Fault::EqualKey)));
        assert_eq!(keys.repeats(&row("acc", 1)), None);
        assert_eq!(keys.repeats(&vec![Value::String(None), 1_i64.into()]), None);
        assert_eq!(keys.repeated(), BTreeMap::from([(0, BTreeSet::from(["Loss", "loss"]))]));
        keys.forget();
        assert_eq!(keys.repeats(&row("loss", 1)), None);
    }

    #[test]
    fn floats_are_equal_that_are_rounded_to_the_same() {
        let columns = vec![(0, HashMap::new()), (1, HashMap::new())];
        let mut keys = EqualKeys { columns, singles: vec![1], ..EqualKeys::default() };
        let row = |key: &str, value: f64| vec![Value::from(key), value.into()];
        assert_eq!(keys.repeats(&row("loss", 0.1)), None);
        assert_eq!(keys.repeats(&row("loss", 0.1 + 1e-12)), Some((1, Fault::EqualFloat)));
        assert_eq!(keys.repeats(&row("acc", 0.1)), None);
        assert_eq!(keys.repeats(&row("acc", 0.2)), None);
    }

    #[test]
    fn what_no_collation_confuses() {
        for (text, expected) in [
            ("val/loss_1.5", true),
            ("", true),
            ("Loss", false),
            ("a b", false),
            ("é", false),
            ("a\t", false),
        ] {
            assert_eq!(is_plain(text), expected, "{text:?}");
        }
    }
}
