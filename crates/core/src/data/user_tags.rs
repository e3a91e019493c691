//! 90e64c465722: a run's user becomes its `mlflow.user` tag.
//!
//! MLflow reads the runs through a mapping whose key is the experiment, so of each experiment only
//! the first run is seen. Here every run with a user gets the tag, unless it has it already.

use async_trait::async_trait;
use sea_query::{Expr, ExprTrait, Query, QueryStatement, SelectStatement};

use super::{DataMigration, DataOptions, equals_exactly};
use crate::backend::Backend;
use crate::error::Error;
use crate::event::Progress;
use crate::platform::Platform;

const USER: &str = "mlflow.user";

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct UserTags;

/// The tags that are due.
fn due(platform: &Platform) -> SelectStatement {
    let has_tag = Query::select()
        .expr(Expr::val(1))
        .from("tags")
        .and_where(Expr::col(("tags", "run_uuid")).equals(("runs", "run_uuid")))
        .and_where(equals_exactly(Expr::col(("tags", "key")), USER, platform))
        .take();
    Query::select()
        .expr(Expr::val(USER))
        .expr(Expr::col(("runs", "user_id")))
        .expr(Expr::col(("runs", "run_uuid")))
        .from("runs")
        .and_where(Expr::col(("runs", "user_id")).ne(""))
        .and_where(Expr::exists(has_tag).not())
        .take()
}

#[async_trait]
impl DataMigration for UserTags {
    fn title(&self) -> &'static str {
        "copy each run's user to its mlflow.user tag"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("runs", &["run_uuid", "user_id"]), ("tags", &["key", "run_uuid"])]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("tags", &["key", "value", "run_uuid"])]
    }

    async fn run(
        &self,
        backend: &mut dyn Backend,
        _: &DataOptions,
        _: &Progress,
    ) -> Result<u64, Error> {
        let mut insert = Query::insert();
        insert.into_table("tags").columns(["key", "value", "run_uuid"]);
        insert.select_from(due(backend.platform())).map_err(|source| Error::Database {
            action: "building the statement for mlflow.user tags".to_owned(),
            source: Box::new(source),
        })?;
        backend.execute(QueryStatement::Insert(insert)).await
    }
}
