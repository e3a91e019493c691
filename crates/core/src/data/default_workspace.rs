//! Implements 1b5f0d9ad7c1: adds the default workspace, which owns all existing objects.

use async_trait::async_trait;
use sea_query::{Condition, Expr, ExprTrait, Query, QueryStatement};

use super::{Again, DataMigration, DataOptions, Reversal};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct DefaultWorkspace;

const NAME: &str = "default";

const DESCRIPTION: &str = "Default workspace for legacy resources";

#[async_trait]
impl DataMigration for DefaultWorkspace {
    fn title(&self) -> &'static str {
        "add the default workspace"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("workspaces", &["name", "description"])]
    }

    fn reversal(&self) -> Reversal {
        let condition = Condition::all()
            .add(Expr::col("name").eq(NAME))
            .add(Expr::col("description").eq(DESCRIPTION))
            .add(Expr::col("default_artifact_root").is_null());
        Reversal::Remove(vec![Again { table: "workspaces", column: None, condition }])
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        _: &Progress,
    ) -> Result<u64, Error> {
        let columns = ["name", "description"];
        let new = Query::select()
            .expr_as(Expr::val(NAME), columns[0])
            .expr_as(Expr::val(DESCRIPTION), columns[1])
            .take();
        let present = Query::select()
            .expr(Expr::val(1))
            .from("workspaces")
            .and_where(Expr::col(("workspaces", "name")).eq(NAME))
            .take();
        let missing = Query::select()
            .columns(columns)
            .from_subquery(new, "new")
            .and_where(Expr::exists(present).not())
            .take();
        let mut insert = Query::insert();
        insert.into_table("workspaces").columns(columns);
        insert.select_from(missing).map_err(|source| Error::Database {
            action: "building the statement for the default workspace".to_owned(),
            source: Box::new(source),
        })?;
        database.execute(QueryStatement::Insert(insert)).await
    }
}
