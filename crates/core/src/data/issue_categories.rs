//! Implements 8b6ad64cb8f5: turns an issue's categories into searchable rows.
//!
//! `issues.categories` holds a JSON list of strings. Each string becomes a row of
//! `issue_categories`. Its key is the SHA-256 of the text in lower case, without surrounding white
//! space. Of categories with the same key, the last spelling is kept. The JSON is kept for older
//! readers.
//!
//! MLflow iterates over any JSON value: over the keys of an object, and over the characters of a
//! string.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sea_query::{
    Condition, Expr, ExprTrait, Func, Order, Query, QueryStatement, SelectStatement, Value,
};
use sha2::{Digest, Sha256};

use super::charset::Repertoire;
use super::grouped_problems::GroupedProblems;
use super::{Again, BATCH, DataMigration, DataOptions, Reversal, count, value};
use crate::data::python::json::{self, Json};
use crate::data::python::string::PythonStr;
use crate::data::python::text;
use crate::error::{Error, RowProblem};
use crate::event::{Omission, Progress};
use crate::rows::{Row, Rows};
use crate::schema::Schema;
use crate::schema::platform::Platform;

const NAMED_ROWS: usize = 1000;

const ISSUES: &str = "issues";

const TABLE: &str = "issue_categories";

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct IssueCategories;

/// Reads the issues with categories after a given key, in the order of the key.
async fn page(database: &mut dyn Rows, after: Option<Value>) -> Result<Vec<Row>, Error> {
    let mut select = Query::select();
    select
        .columns(["issue_id", "categories"])
        .from("issues")
        .and_where(Expr::col("categories").is_not_null())
        .order_by("issue_id", Order::Asc)
        .limit(BATCH);
    if let Some(after) = after {
        select.and_where(Expr::col("issue_id").gt(after));
    }
    database.query(select).await
}

/// The reason why an issue's categories cannot become rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    /// The JSON is not a list of strings that can be encoded.
    NoList,
    /// A category holds a character that this database cannot store.
    Unstorable,
}

/// Returns the categories by their hash, in hexadecimal.
fn hashed(
    categories: Option<&Value>,
    storable: &Repertoire,
) -> Result<BTreeMap<String, String>, Obstacle> {
    let stored = value::document(categories).ok_or(Obstacle::NoList)?;
    let document = json::loads(&stored).map_err(|_| Obstacle::NoList)?;
    let mut found = BTreeMap::new();
    for category in items(&document).ok_or(Obstacle::NoList)? {
        if !storable.holds(&category) {
            return Err(Obstacle::Unstorable);
        }
        let digest = Sha256::digest(text::lower(text::strip(&category)).as_bytes());
        let hash = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        found.insert(hash, category);
    }
    Ok(found)
}

/// Returns what Python iterates over, if the items are strings that can be encoded.
fn items(document: &Json<'_>) -> Option<Vec<String>> {
    let owned = |text: &PythonStr<'_>| text.as_utf8().ok().map(ToOwned::to_owned);
    match document {
        Json::Array(items) => items.iter().map(|item| owned(item.as_string()?)).collect(),
        Json::Object(object) => object.iter().map(|(key, _)| owned(key)).collect(),
        Json::String(text) => Some(text.as_utf8().ok()?.chars().map(String::from).collect()),
        _ => None,
    }
}

/// Names an issue in messages.
fn name(issue: &Row) -> String {
    format!("issue {}", value::display(issue.first()))
}

fn empty_problem(obstacle: Obstacle, storable: &Repertoire) -> RowProblem {
    let problem = match obstacle {
        Obstacle::NoList => "is not a JSON list of strings".to_owned(),
        Obstacle::Unstorable => {
            format!("names a category that cannot be stored in {}", storable.describe())
        }
    };
    RowProblem {
        revision: "8b6ad64cb8f5".to_owned(),
        problem: format!("issues.categories {problem}"),
        count: 0,
        rows: Vec::new(),
        query: None,
        is_skippable: true,
    }
}

/// Returns the issues whose categories cannot become rows, grouped by their obstacle.
async fn unreadable(database: &mut dyn Rows, live: &Schema) -> Result<Vec<RowProblem>, Error> {
    let storable = Repertoire::of(live, TABLE, database.platform());
    let mut problems = GroupedProblems::naming(NAMED_ROWS);
    let mut rows = page(database, None).await?;
    while let Some(last) = rows.last() {
        for issue in &rows {
            let Err(obstacle) = hashed(issue.get(1), &storable) else { continue };
            problems.add(obstacle, || name(issue), || empty_problem(obstacle, &storable));
        }
        let last = value::owned(last.first());
        rows = page(database, Some(last)).await?;
    }
    Ok(problems.into_problems())
}

#[async_trait]
impl DataMigration for IssueCategories {
    fn title(&self) -> &'static str {
        "list each issue's categories in a table of their own"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("issues", &["issue_id", "categories", "created_timestamp"])]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("issues", &["last_seen_timestamp"]), (TABLE, &["issue_id", "category_hash", "category"])]
    }

    /// MLflow writes an issue's categories as JSON too, in the same transaction.
    fn reversal(&self) -> Reversal {
        let listed = Query::select()
            .column("issue_id")
            .from(ISSUES)
            .and_where(Expr::col("categories").is_not_null())
            .take();
        let is_listed = Expr::col("issue_id").in_subquery(listed);
        let is_first = Expr::col("last_seen_timestamp").eq(Expr::col("created_timestamp"));
        let again = |table, column, is_same| Again {
            table,
            column,
            condition: Condition::all().add(is_same),
        };
        Reversal::Remove(vec![
            again(TABLE, None, is_listed),
            again(ISSUES, Some("last_seen_timestamp"), is_first),
        ])
    }

    /// Counts the categories by the commas between them.
    fn likely_additions(&self, sample: &'static str) -> Option<SelectStatement> {
        let text = || Expr::col((sample, "categories"));
        let length = |text: Expr| Expr::from(Func::char_length(text));
        let without = Func::cust("REPLACE").args([text(), ",".into(), "".into()]);
        let categories = length(text()).sub(length(without.into())).add(1);
        let count = Func::coalesce([Expr::from(Func::sum(categories)), 0.into()]);
        let has_any = text().is_not_null().and(text().ne("[]"));
        Some(Query::select().expr(count).from(sample).and_where(has_any).take())
    }

    fn undivided(&self, _: &Platform) -> Option<(&'static str, SelectStatement)> {
        let all = Func::count(Expr::col(sea_query::Asterisk));
        Some(("issues", Query::select().expr(all).from("issues").take()))
    }

    async fn preflight(
        &self,
        database: &mut dyn Rows,
        options: &DataOptions,
        live: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        match options.skip_invalid {
            true => Ok(Vec::new()),
            false => unreadable(database, live).await,
        }
    }

    async fn left_out(
        &self,
        database: &mut dyn Rows,
        live: &Schema,
    ) -> Result<Vec<Omission>, Error> {
        let problems = unreadable(database, live).await?;
        Ok(problems.into_iter().map(|problem| Omission::of(ISSUES, problem)).collect())
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        live: &Schema,
        progress: &Progress,
    ) -> Result<u64, Error> {
        let seen = Query::update()
            .table("issues")
            .value("last_seen_timestamp", Expr::col("created_timestamp"))
            .take();
        database.execute(QueryStatement::Update(seen)).await?;
        let total = count(database, "issues").await?;
        let storable = Repertoire::of(live, TABLE, database.platform());
        let mut skipped = GroupedProblems::naming(NAMED_ROWS);
        let (mut written, mut done) = (0, 0);
        let mut issues = page(database, None).await?;
        while let Some(last) = issues.last() {
            let mut entries = Vec::new();
            for issue in &issues {
                match hashed(issue.get(1), &storable) {
                    Ok(categories) => entries.extend(categories.into_iter().map(|(hash, name)| {
                        vec![value::owned(issue.first()), hash.into(), name.into()]
                    })),
                    Err(obstacle) => {
                        skipped.add(
                            obstacle,
                            || name(issue),
                            || empty_problem(obstacle, &storable),
                        );
                    }
                }
            }
            let last = value::owned(last.first());
            let columns = &["issue_id", "category_hash", "category"];
            written += database.insert(TABLE, columns, entries).await?;
            done += issues.len() as u64;
            progress.report(done, Some(total));
            progress.check()?;
            issues = page(database, Some(last)).await?;
        }
        for problem in skipped.into_problems() {
            progress.omit(Omission::of(ISSUES, problem));
        }
        Ok(written)
    }
}
