//! Describes what a revision changes, without a database.

use serde::Serialize;

use crate::data::DataOptions;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::history::revision::{Action, Revision};
use crate::plan::{Step, plan};
use crate::report::edit_words;
use crate::schema::op::Op;
use crate::schema::platform::Platform;
use crate::script::{ScriptDialect, steps};

/// What a revision changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShownRevision {
    /// The revision's id.
    pub revision: String,
    /// The revisions that it follows; empty after the base schema.
    pub parents: Vec<String>,
    /// The revision's day; `None` where MLflow's source has none.
    pub date: Option<String>,
    /// The revision's title.
    pub title: String,
    /// The first MLflow release that has the revision.
    pub release: Option<String>,
    /// The MLflow releases whose newest revision it is.
    pub releases: Vec<String>,
    /// The edits, in order, each table's together.
    #[serde(rename = "table_edits")]
    pub tables: Vec<ShownTable>,
    /// The changes of rows, in order.
    pub data_migrations: Vec<String>,
    /// How one dialect makes it, if a dialect was named.
    #[serde(rename = "dialect_sql")]
    pub sql: Option<ShownSql>,
}

/// The edits of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownTable {
    /// The table.
    pub table: String,
    /// The edits, in words.
    pub edits: Vec<ShownEdit>,
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownEdit {
    /// The edit, in words.
    pub edit: String,
    /// The dialects that make it; empty if all do.
    pub only: Vec<&'static str>,
}

/// How one dialect makes a revision from the state before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownSql {
    /// The dialect's name.
    pub dialect: &'static str,
    /// The tables whose rows are all written.
    pub writes_all_rows: Vec<String>,
    /// The tables whose rows are all read.
    pub reads_all_rows: Vec<String>,
    /// The statements, as the dialect's client runs them.
    #[serde(rename = "script")]
    pub statements: String,
}

/// The platforms of the dialects, by the dialects' names.
const PLATFORMS: [(&str, Platform); 5] = [
    ("sqlite", Platform::SQLITE),
    ("postgres", Platform::POSTGRES),
    ("mysql8", Platform::MYSQL_8),
    ("mysql5.7", Platform::MYSQL_5_7),
    ("mariadb", Platform::MARIADB),
];

/// Describes a revision, with its statements if a dialect is named.
///
/// # Errors
/// If the catalogue contradicts itself.
pub async fn show(
    catalogue: &Catalogue,
    revision: &Revision,
    dialect: Option<(&'static str, &dyn ScriptDialect)>,
) -> Result<ShownRevision, Error> {
    let includes = |head: Option<&str>| catalogue.graph.is_ancestor(Some(&revision.id), head);
    let expecting = catalogue.releases.expecting(Some(&revision.id));
    let mut data_migrations = Vec::new();
    for (_, platform) in &PLATFORMS {
        for action in revision.actions(platform) {
            let Action::Data(migration) = action else { continue };
            let title = migration.title().to_owned();
            if !data_migrations.contains(&title) {
                data_migrations.push(title);
            }
        }
    }
    let sql = match dialect {
        Some((name, dialect)) => Some(sql(catalogue, revision, name, dialect).await?),
        None => None,
    };
    Ok(ShownRevision {
        revision: revision.id.clone(),
        parents: revision.parents.clone(),
        date: Some(revision.created.clone()).filter(|date| !date.is_empty()),
        title: revision.title.clone(),
        release: catalogue.releases.first_with(includes).map(ToString::to_string),
        releases: expecting,
        tables: tables(revision),
        data_migrations,
        sql,
    })
}

/// Returns the edits of all dialects.
fn tables(revision: &Revision) -> Vec<ShownTable> {
    let mut edits: Vec<(&Op, Vec<&'static str>, &Platform)> = Vec::new();
    for (name, platform) in &PLATFORMS {
        for action in revision.actions(platform) {
            let Action::Schema(op) = action else { continue };
            match edits.iter_mut().find(|(known, ..)| *known == &**op) {
                Some((_, names, _)) => names.push(name),
                None => edits.push((op, vec![name], platform)),
            }
        }
    }
    let mut tables: Vec<ShownTable> = Vec::new();
    for (op, names, platform) in edits {
        let only = if names.len() == PLATFORMS.len() { Vec::new() } else { names };
        let words = edit_words::of(op, platform.dialect).into_iter();
        let new = words.map(|edit| ShownEdit { edit, only: only.clone() });
        match tables.iter_mut().find(|known| known.table == op.table()) {
            Some(known) => known.edits.extend(new),
            None => tables.push(ShownTable { table: op.table().to_owned(), edits: new.collect() }),
        }
    }
    tables
}

async fn sql(
    catalogue: &Catalogue,
    revision: &Revision,
    name: &'static str,
    dialect: &dyn ScriptDialect,
) -> Result<ShownSql, Error> {
    let parent = revision.parents.first();
    let platform = dialect.platform();
    let before = catalogue.state(parent.map(String::as_str), platform)?;
    let from =
        Location { revision: parent.cloned(), stamped: parent.is_some(), ..Location::default() };
    let plan = plan(catalogue, platform, &before, &from, Some(&revision.id))?;
    let (mut writes_all_rows, mut reads_all_rows) = (Vec::new(), Vec::new());
    for step in &plan.steps {
        let Step::Change(change) = step else { continue };
        let method = dialect.change(change)?;
        let table = change.after.name.clone();
        if method.rebuilds {
            writes_all_rows.push(table);
        } else if method.scans {
            reads_all_rows.push(table);
        }
    }
    let statements = steps(dialect, &plan, &before, &DataOptions::default()).await?;
    Ok(ShownSql { dialect: name, writes_all_rows, reads_all_rows, statements })
}
