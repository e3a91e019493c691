//! Rewrites the places of artifacts, whose URIs are values of rows.

use sea_query::Value;
use serde::Serialize;

/// The columns that hold places of artifacts.
const COLUMNS: [(&str, &str); 5] = [
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
];

/// A table whose rows are pairs of a key and a value, and the key of a place of artifacts.
const TAGGED: (&str, &str) = ("trace_tags", "mlflow.artifactLocation");

/// A prefix of the places of artifacts, and what replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactRoot {
    /// The former prefix.
    pub old: String,
    /// The new prefix.
    pub new: String,
}

impl ArtifactRoot {
    /// Returns the place under the new prefix, if it lies under the old one.
    ///
    /// `s3://a/b` contains `s3://a/b/c`, and not `s3://a/bc`.
    #[must_use]
    pub fn rewritten(&self, place: &str) -> Option<String> {
        let rest = place.strip_prefix(&self.old)?;
        let is_whole = rest.is_empty() || rest.starts_with('/') || self.old.ends_with('/');
        is_whole.then(|| format!("{}{rest}", self.new))
    }
}

/// How many values of a column got another prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rewritten {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The number of rows.
    #[serde(rename = "row_count")]
    pub rows: u64,
}

/// Rewrites the places of artifacts in the rows of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rewriting {
    roots: Vec<ArtifactRoot>,
    /// The places of the columns in a row, with their names and counts.
    columns: Vec<(usize, String, u64)>,
    /// The place of the key that a row must have, if only some rows hold places.
    key: Option<usize>,
}

impl Rewriting {
    /// Returns how the rows of a table are rewritten.
    pub(crate) fn of(table: &str, columns: &[String], roots: &[ArtifactRoot]) -> Self {
        let place = |name: &str| columns.iter().position(|column| column == name);
        if roots.is_empty() {
            return Self::default();
        }
        if table == TAGGED.0 {
            let value = place("value").map(|at| (at, "value".to_owned(), 0));
            let columns = value.into_iter().collect();
            return Self { roots: roots.to_vec(), columns, key: place("key") };
        }
        let of_table = COLUMNS.iter().filter(|(name, _)| *name == table);
        let columns = of_table.filter_map(|(_, name)| Some((place(name)?, (*name).to_owned(), 0)));
        Self { roots: roots.to_vec(), columns: columns.collect(), key: None }
    }

    /// Rewrites the values of a row.
    pub(crate) fn apply(&mut self, row: &mut [Value]) {
        if let Some(key) = self.key {
            let is_place =
                matches!(row.get(key), Some(Value::String(Some(key))) if key == TAGGED.1);
            if !is_place {
                return;
            }
        }
        for (place, _, count) in &mut self.columns {
            let Some(Value::String(Some(text))) = row.get_mut(*place) else { continue };
            if let Some(new) = self.roots.iter().find_map(|root| root.rewritten(text)) {
                *text = new;
                *count += 1;
            }
        }
    }

    /// Returns how many values got another prefix, by column.
    pub(crate) fn counts(self, table: &str) -> Vec<Rewritten> {
        let columns = self.columns.into_iter().filter(|(_, _, rows)| *rows > 0);
        columns
            .map(|(_, column, rows)| Rewritten { table: table.to_owned(), column, rows })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use sea_query::Value;

    use super::{ArtifactRoot, Rewriting};

    #[test]
    fn a_prefix_ends_where_a_part_of_the_path_ends() {
        for (old, place, expected) in [
            ("file:///a", "file:///a", Some("s3://b")),
            ("file:///a", "file:///a/1/x", Some("s3://b/1/x")),
            ("file:///a", "file:///ab", None),
            ("file:///a/", "file:///a/1", Some("s3://b1")),
            ("/a", "file:///a", None),
        ] {
            let root = ArtifactRoot { old: old.to_owned(), new: "s3://b".to_owned() };
            assert_eq!(root.rewritten(place).as_deref(), expected, "{old} {place}");
        }
    }

    #[test]
    fn only_places_of_artifacts_are_rewritten() {
        let roots = [ArtifactRoot { old: "a".to_owned(), new: "b".to_owned() }];
        let columns = ["key", "value", "request_id"].map(ToOwned::to_owned);
        let mut rewriting = Rewriting::of("trace_tags", &columns, &roots);
        let mut other = [Value::from("note"), "a/1".into(), "t".into()];
        rewriting.apply(&mut other);
        assert_eq!(other.get(1), Some(&"a/1".into()));
        let mut place = [Value::from("mlflow.artifactLocation"), "a/1".into(), "t".into()];
        rewriting.apply(&mut place);
        assert_eq!(place.get(1), Some(&"b/1".into()));
        assert_eq!(rewriting.counts("trace_tags").first().map(|one| one.rows), Some(1));
    }
}
