//! Implements f1a2b3c4d5e6: permissions on prompts are no longer those on registered models.
//!
//! A prompt is a registered model with a tag. The tags are tables of the tracking store: without
//! them in the same database, nothing changes. A permission on all models stays one on models.

use async_trait::async_trait;
use sea_query::{Condition, Expr, ExprTrait, Query, QueryStatement, SelectStatement, SimpleExpr};

use super::value;
use super::{DataMigration, DataOptions, Reversal, sql_text};
use crate::error::{Error, RowProblem};
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;

const REVISION: &str = "f1a2b3c4d5e6";

const TAGS: &str = "registered_model_tags";

const NAMED_ROWS: usize = 10;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct PromptPermissions;

/// Returns the condition that a permission is on one registered model, which is a prompt.
fn is_on_prompt() -> SimpleExpr {
    let tag = Query::select()
        .expr(Expr::val(1))
        .from("roles")
        .from(TAGS)
        .and_where(Expr::col(("roles", "id")).equals(("role_permissions", "role_id")))
        .and_where(Expr::col((TAGS, "workspace")).equals(("roles", "workspace")))
        .and_where(Expr::col((TAGS, "name")).equals(("role_permissions", "resource_pattern")))
        .and_where(Expr::col((TAGS, "key")).eq("mlflow.prompt.is_prompt"))
        .and_where(Expr::cust(format!("LOWER({TAGS}.value) = 'true'")))
        .take();
    Expr::col(("role_permissions", "resource_type"))
        .eq("registered_model")
        .and(Expr::col(("role_permissions", "resource_pattern")).ne("*"))
        .and(Expr::exists(tag))
}

/// Selects the permissions on prompts for which the role has another one on the same prompt.
fn taken() -> SelectStatement {
    let same =
        |column: &'static str| Expr::col(("others", column)).equals(("role_permissions", column));
    let other = Query::select()
        .expr(Expr::val(1))
        .from_as("role_permissions", "others")
        .and_where(same("role_id"))
        .and_where(same("resource_pattern"))
        .and_where(Expr::col(("others", "resource_type")).eq("prompt"))
        .take();
    Query::select()
        .column(("role_permissions", "id"))
        .column(("role_permissions", "resource_pattern"))
        .from("role_permissions")
        .and_where(is_on_prompt())
        .and_where(Expr::exists(other))
        .take()
}

#[async_trait]
impl DataMigration for PromptPermissions {
    fn title(&self) -> &'static str {
        "separate permissions on prompts from those on models"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("role_permissions", &["role_id", "resource_type", "resource_pattern"]),
            ("roles", &["workspace"]),
        ]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("role_permissions", &["resource_type"])]
    }

    fn reversal(&self) -> Reversal {
        let on_prompt = Expr::col("resource_type").eq("prompt");
        Reversal::Irreversible {
            why: "which permissions on prompts it changed is not recorded",
            rows: vec![("role_permissions", Condition::all().add(on_prompt))],
        }
    }

    /// Returns whether tags exist, and permissions or what becomes of them.
    fn is_needed(&self, live: &Schema) -> bool {
        let sources = ["role_permissions", "registered_model_permissions"];
        live.table(TAGS).is_some() && sources.iter().any(|table| live.table(table).is_some())
    }

    async fn preflight(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        live: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        let problem = |problem: &str, count: u64, rows, query| RowProblem {
            revision: REVISION.to_owned(),
            problem: problem.to_owned(),
            count,
            rows,
            query,
            is_skippable: false,
        };
        let has_workspaces =
            live.table(TAGS).is_some_and(|tags| tags.find_column("workspace").is_some());
        if !has_workspaces {
            let old = "the tracking store in this database is older than MLflow 3.10, and is \
                       upgraded first";
            let lacking = vec!["registered_model_tags has no column workspace".to_owned()];
            return Ok(vec![problem(old, 1, lacking, None)]);
        }
        if live.table("role_permissions").is_none() {
            return Ok(Vec::new());
        }
        let select = taken();
        let rows = database.query(select.clone().limit(super::BATCH).take()).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let named = rows.iter().take(NAMED_ROWS).map(|row| {
            let (id, name) = (value::display(row.first()), value::display(row.get(1)));
            format!("permission {id} on {name}")
        });
        let taken =
            "role_permissions: the role has another permission on the same prompt: delete one";
        let query = Some(sql_text(&select, database.platform()));
        Ok(vec![problem(taken, rows.len() as u64, named.collect(), query)])
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        _: &Progress,
    ) -> Result<u64, Error> {
        let update = Query::update()
            .table("role_permissions")
            .value("resource_type", "prompt")
            .and_where(is_on_prompt())
            .take();
        database.execute(QueryStatement::Update(update)).await
    }
}
