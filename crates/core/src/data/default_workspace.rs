//! Implements 1b5f0d9ad7c1: adds the default workspace, which owns all existing objects.

use async_trait::async_trait;
use sea_query::{Expr, ExprTrait, Query};

use super::{DataMigration, DataOptions};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct DefaultWorkspace;

const NAME: &str = "default";

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

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        _: &Progress,
    ) -> Result<u64, Error> {
        let present = Query::select()
            .expr(Expr::val(1))
            .from("workspaces")
            .and_where(Expr::col("name").eq(NAME))
            .take();
        if !database.query(present).await?.is_empty() {
            return Ok(0);
        }
        let columns = &["name", "description"];
        let row = vec![NAME.into(), "Default workspace for legacy resources".into()];
        database.insert("workspaces", columns, vec![row]).await
    }
}
