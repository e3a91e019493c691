//! Compares two schemas object by object.

use std::fmt;

use serde::{Serialize, Serializer};

use super::column_difference::ColumnDifference;
use super::{Column, Index, Object, PrimaryKey, Schema, Table};
use crate::schema::platform::Platform;

/// The way in which an object differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DifferenceKind {
    /// The object is expected, but does not exist.
    Missing,
    /// The object exists, but is not expected.
    Extra,
    /// The object exists, but differs from the expected one.
    Changed,
}

/// One object that differs from the expected schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The way in which the object differs.
    #[serde(rename = "difference")]
    pub kind: DifferenceKind,
    /// The table that holds the object, or is it.
    pub table: String,
    /// The expected object or, if extra, the live one.
    pub object: Object,
    /// For a changed object, the live and the expected state.
    pub detail: Option<Detail>,
}

/// The live and the expected state of a changed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A property of a column.
    Column(ColumnDifference),
    /// The primary key, live and expected.
    PrimaryKey {
        /// The live key.
        found: Option<PrimaryKey>,
        /// The expected key.
        expected: Option<PrimaryKey>,
    },
    /// The live order of the columns.
    ColumnOrder(Vec<String>),
    /// Another object under the name of the expected one.
    Object {
        /// The live object.
        found: Box<Object>,
        /// The expected object.
        expected: Box<Object>,
    },
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |key: &Option<PrimaryKey>| match key {
            Some(PrimaryKey { name, columns }) => {
                format!("{} ({})", name.as_deref().unwrap_or("unnamed"), columns.join(", "))
            }
            None => "none".to_owned(),
        };
        match self {
            Self::Column(difference) => difference.fmt(f),
            Self::PrimaryKey { found, expected } => {
                write!(f, "{}, expected {}", key(found), key(expected))
            }
            Self::ColumnOrder(columns) => write!(f, "({})", columns.join(", ")),
            // The text of triggers is not compared.
            Self::Object { found, expected }
                if found.has_same_content(expected) || matches!(**found, Object::Trigger(_)) =>
            {
                f.write_str("is ")?;
                f.write_str(found.inactive().unwrap_or("in use"))
            }
            Self::Object { found, expected } => {
                write!(
                    f,
                    "is {}, expected {}",
                    found.describe_content(),
                    expected.describe_content()
                )
            }
        }
    }
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            DifferenceKind::Missing => "missing",
            DifferenceKind::Extra => "extra",
            DifferenceKind::Changed => "changed",
        };
        write!(f, "{kind}: {}", self.table)?;
        match (&self.object, &self.detail) {
            (Object::Table, _) => {}
            (object, Some(Detail::Object { .. })) => write!(f, ": {}", object.title())?,
            (object, _) => write!(f, ": {object}")?,
        }
        self.detail.iter().try_for_each(|detail| write!(f, ": {detail}"))
    }
}

impl Difference {
    /// Returns the difference of a table, or an object of it, that is missing or extra.
    pub(crate) fn new(kind: DifferenceKind, table: &str, object: Object) -> Self {
        Self { kind, table: table.to_owned(), object, detail: None }
    }

    /// Returns whether the object is expected, and either missing or changed.
    pub(crate) fn is_of_expected(&self) -> bool {
        self.kind != DifferenceKind::Extra
    }

    /// Returns whether an expected table or column does not exist.
    pub(crate) fn is_missing_part(&self) -> bool {
        self.kind == DifferenceKind::Missing
            && matches!(self.object, Object::Table | Object::Column(_))
    }
}

/// Returns the differences of `found` from `expected`.
///
/// If another object has the name of an expected one, the expected object is missing, and the other
/// object is extra: see `by_name`.
#[must_use]
pub fn differences(expected: &Schema, found: &Schema, platform: &Platform) -> Vec<Difference> {
    let mut all = Vec::new();
    for (name, table) in &expected.tables {
        match found.table(name) {
            Some(found_table) => {
                let mut comparison =
                    Comparison { platform, table: name, schema: found, all: &mut all };
                comparison.tables(table, found_table);
            }
            None => all.push(Difference::new(DifferenceKind::Missing, name, Object::Table)),
        }
    }
    let unexpected = found.tables.keys().filter(|name| !expected.tables.contains_key(*name));
    all.extend(unexpected.map(|name| Difference::new(DifferenceKind::Extra, name, Object::Table)));
    all
}

/// Merges a missing and an extra object of one name into a changed object.
///
/// For messages: a user would search in vain for an object that is reported missing and seems to
/// exist.
#[must_use]
pub(crate) fn by_name(differences: Vec<Difference>) -> Vec<Difference> {
    let (mut extra, mut all): (Vec<_>, Vec<_>) =
        differences.into_iter().partition(|difference| !difference.is_of_expected());
    for difference in &mut all {
        let stands_for = |other: &Difference| {
            other.table == difference.table && other.object.stands_for(&difference.object)
        };
        if difference.kind == DifferenceKind::Missing
            && let Some(position) = extra.iter().position(stands_for)
        {
            let found = Box::new(extra.remove(position).object);
            let expected = Box::new(difference.object.clone());
            difference.kind = DifferenceKind::Changed;
            difference.detail = Some(Detail::Object { found, expected });
        }
    }
    all.append(&mut extra);
    all
}

struct Comparison<'a> {
    platform: &'a Platform,
    table: &'a str,
    /// The live schema.
    schema: &'a Schema,
    all: &'a mut Vec<Difference>,
}

impl Comparison<'_> {
    fn tables(&mut self, expected: &Table, found: &Table) {
        self.columns(expected, found);
        self.order(expected, found);
        if expected.primary_key != found.primary_key {
            let detail = Detail::PrimaryKey {
                found: found.primary_key.clone(),
                expected: expected.primary_key.clone(),
            };
            self.changed(Object::PrimaryKey, detail);
        }
        // InnoDB drops its automatic index when another index, perhaps a user's, covers its
        // columns.
        let is_due = |index: &Index| {
            let columns: Vec<&str> = index.column_names().collect();
            !index.automatic || index_is_there(index, found) || !found.is_covered(&columns)
        };
        let expected = objects(expected, is_due);
        self.objects(expected, objects(found, |_| true));
    }

    fn columns(&mut self, expected: &Table, found: &Table) {
        for column in &expected.columns {
            let object = || Object::Column(column.name.clone());
            match found.find_column(&column.name) {
                None => self.push(DifferenceKind::Missing, object()),
                Some(existing) => {
                    let mut column = column.clone();
                    // Where the whole table has the collation, the column shows none of its own.
                    if column.collation == found.collation
                        || self.follows_reference(found, existing)
                    {
                        column.collation.clone_from(&existing.collation);
                    }
                    if let Some(difference) = column.difference(existing, self.platform) {
                        self.changed(object(), Detail::Column(difference));
                    }
                }
            }
        }
        for column in &found.columns {
            if expected.find_column(&column.name).is_none() {
                self.push(DifferenceKind::Extra, Object::Column(column.name.clone()));
            }
        }
    }

    /// Returns whether a column has the collation of a column that it references.
    ///
    /// The server requires this collation, and an upgrade sets it.
    fn follows_reference(&self, table: &Table, column: &Column) -> bool {
        let own = self.schema.collation_of(table, column);
        let mut keys = table.foreign_keys.iter();
        own.is_some()
            && keys.any(|key| {
                let place = key.columns.iter().position(|name| *name == column.name);
                let referred = self.schema.table(&key.referred_table);
                let (Some(place), Some(referred)) = (place, referred) else { return false };
                let other = key.referred_columns.get(place);
                let other = other.and_then(|name| referred.find_column(name));
                other.is_some_and(|other| self.schema.collation_of(referred, other) == own)
            })
    }

    fn order(&mut self, expected: &Table, found: &Table) {
        let shared = |table: &Table, other: &Table| -> Vec<String> {
            let names = table.columns.iter().map(|column| column.name.clone());
            names.filter(|name| other.find_column(name).is_some()).collect()
        };
        let order = shared(found, expected);
        if shared(expected, found) != order {
            self.changed(Object::ColumnOrder, Detail::ColumnOrder(order));
        }
    }

    /// Compares objects as a whole: such an object is replaced, never altered.
    fn objects(&mut self, expected: Vec<Object>, mut found: Vec<Object>) {
        for object in expected {
            match found.iter().position(|other| *other == object) {
                Some(position) => {
                    found.remove(position);
                }
                None => self.push(DifferenceKind::Missing, object),
            }
        }
        for object in found {
            self.push(DifferenceKind::Extra, object);
        }
    }

    fn push(&mut self, kind: DifferenceKind, object: Object) {
        self.all.push(Difference::new(kind, self.table, object));
    }

    fn changed(&mut self, object: Object, detail: Detail) {
        let table = self.table.to_owned();
        let kind = DifferenceKind::Changed;
        self.all.push(Difference { kind, table, object, detail: Some(detail) });
    }
}

/// Returns the objects of a table that are compared as a whole.
///
/// `counts` selects the indexes to include.
fn objects(table: &Table, counts: impl Fn(&Index) -> bool) -> Vec<Object> {
    let keys = table.foreign_keys.iter().cloned().map(Object::ForeignKey);
    let uniques = table.uniques.iter().cloned().map(Object::Unique);
    let checks = table.checks.iter().cloned().map(Object::Check);
    let indexes = table.indexes.iter().filter(|index| counts(index)).cloned().map(Object::Index);
    let triggers = table.triggers.iter().cloned().map(Object::Trigger);
    keys.chain(uniques).chain(checks).chain(indexes).chain(triggers).collect()
}

fn index_is_there(index: &Index, table: &Table) -> bool {
    let wanted = Object::Index(index.clone());
    table.indexes.iter().any(|found| Object::Index(found.clone()) == wanted)
}

#[cfg(test)]
mod tests {
    use super::{Difference, DifferenceKind, by_name, differences};
    use crate::schema::platform::Platform;
    use crate::schema::{ForeignKey, Index, Schema, Table, varchar};

    fn tags() -> Table {
        Table::new("tags").column(varchar("run", 9)).column(varchar("key", 9))
    }

    fn compare(expected: Table, found: Table) -> Vec<String> {
        let schema = |table: Table| {
            let mut schema = Schema::default();
            schema.insert(table);
            schema
        };
        let all = differences(&schema(expected), &schema(found), &Platform::MYSQL_8);
        by_name(all).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn another_object_of_an_expected_name_is_a_changed_one() {
        let key = || ForeignKey::new(&["run"], "runs", &["id"]).named("of_run");
        let expected = tags().foreign_key(key()).index(Index::new("by_run", &["run"]));
        let invalid =
            Index { inactive: Some("INVALID".to_owned()), ..Index::new("by_run", &["run"]) };
        let found = tags().foreign_key(key().on_delete_cascade()).index(invalid);
        assert_eq!(
            compare(expected, found),
            [
                "changed: tags: foreign key of_run: \
                 is (run -> runs (id) ON DELETE CASCADE ON UPDATE NO ACTION), \
                 expected (run -> runs (id) ON DELETE NO ACTION ON UPDATE NO ACTION)",
                "changed: tags: index by_run: is INVALID",
            ]
        );
    }

    #[test]
    fn an_object_of_another_name_is_extra() {
        let lines = compare(
            tags().index(Index::new("by_run", &["run"])),
            tags().index(Index::new("by_key", &["key"])),
        );
        assert_eq!(lines, ["missing: tags: index by_run (run)", "extra: tags: index by_key (key)"]);
    }

    #[test]
    fn a_referencing_column_may_have_the_collation_of_the_referenced_one() {
        let runs = |collation: &str| {
            let mut table = Table::new("runs").column(varchar("id", 9));
            table.collation = Some(collation.to_owned());
            table
        };
        let expected = Schema {
            tables: [tags(), runs("utf8mb4_bin")].map(|table| (table.name.clone(), table)).into(),
            collation: None,
        };
        for (of_column, of_runs, is_fine) in [
            ("utf8mb4_general_ci", "utf8mb4_general_ci", true),
            ("utf8mb4_general_ci", "utf8mb4_bin", false),
        ] {
            let mut tags = tags().foreign_key(ForeignKey::new(&["run"], "runs", &["id"]));
            tags.columns[0].collation = Some(of_column.to_owned());
            tags.collation = Some("utf8mb4_0900_ai_ci".to_owned());
            let mut found = expected.clone();
            found.insert(tags);
            found.insert(runs(of_runs));
            let all = differences(&expected, &found, &Platform::MYSQL_8);
            let of_columns: Vec<&Difference> =
                all.iter().filter(|it| it.kind == DifferenceKind::Changed).collect();
            assert_eq!(of_columns.is_empty(), is_fine, "{of_columns:?}");
        }
    }
}
