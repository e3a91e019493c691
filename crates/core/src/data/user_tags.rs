//! Implements 90e64c465722: turns a run's user into its `mlflow.user` tag.
//!
//! MLflow reads the runs through a mapping whose key is the experiment, so it sees only the first
//! run of each experiment. Here every run with a user gets the tag, unless it has one.
//!
//! The database decides whether a run has the tag. Where the database ignores case, a run cannot
//! have both `mlflow.user` and `MLFLOW.USER`, and the existing tag is kept.

use async_trait::async_trait;
use sea_query::{Condition, Expr, ExprTrait, Func, Order, Query, QueryStatement, SelectStatement};

use super::{BATCH, DataMigration, DataOptions, Reversal, equals_exactly, value};
use crate::error::{Error, RowProblem};
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::platform::Platform;
use crate::schema::{ColumnType, Schema};

const USER: &str = "mlflow.user";

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct UserTags;

/// Selects the missing tags.
fn due(platform: &Platform) -> SelectStatement {
    let user = || Expr::col(("runs", "user_id"));
    // MySQL's collations take a user of blanks for an empty one.
    let has_user = if platform.is_mysql() {
        Expr::from(Func::char_length(user())).gt(0)
    } else {
        user().ne("")
    };
    // SQLite also stores bytes here, and an empty blob is no user either.
    let has_user =
        if platform.is_sqlite() { has_user.and(user().ne(Vec::<u8>::new())) } else { has_user };
    let has_tag = Query::select()
        .expr(Expr::val(1))
        .from("tags")
        .and_where(Expr::col(("tags", "run_uuid")).equals(("runs", "run_uuid")))
        .and_where(Expr::col(("tags", "key")).eq(USER))
        .take();
    Query::select()
        .expr(Expr::val(USER))
        .expr(Expr::col(("runs", "user_id")))
        .expr(Expr::col(("runs", "run_uuid")))
        .from("runs")
        .and_where(has_user)
        .and_where(Expr::exists(has_tag).not())
        .take()
}

/// Selects tags that only the database takes for `mlflow.user`.
fn look_alikes(platform: &Platform) -> SelectStatement {
    let key = || Expr::col(("tags", "key"));
    Query::select()
        .expr(Func::count(Expr::col(sea_query::Asterisk)))
        .from("tags")
        .and_where(key().eq(USER))
        .and_where(equals_exactly(key(), USER, platform).not())
        .take()
}

/// Selects users longer than a tag's value: a `VARCHAR(256)` against a `VARCHAR(250)`.
fn too_long(length: u32, platform: &Platform) -> SelectStatement {
    due(platform)
        .clear_selects()
        .column(("runs", "run_uuid"))
        .and_where(Expr::from(Func::char_length(Expr::col(("runs", "user_id")))).gt(length))
        .order_by(("runs", "run_uuid"), Order::Asc)
        .limit(BATCH)
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

    fn reversal(&self) -> Reversal {
        let user = Expr::col("key").eq(USER);
        Reversal::Irreversible {
            why: "its mlflow.user tags look like those that clients have set",
            rows: vec![("tags", Condition::all().add(user))],
        }
    }

    fn only_adds(&self) -> bool {
        true
    }

    fn undivided(&self, platform: &Platform) -> Option<(&'static str, SelectStatement)> {
        let all = Func::count(Expr::col(sea_query::Asterisk));
        Some(("tags", due(platform).clear_selects().expr(all).take()))
    }

    async fn preflight(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        live: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        let value = live.table("tags").and_then(|tags| tags.find_column("value"));
        let Some(ColumnType::Varchar(length)) = value.map(|column| &column.column_type) else {
            return Ok(Vec::new());
        };
        // SQLite stores texts longer than their column.
        if database.platform().is_sqlite() {
            return Ok(Vec::new());
        }
        let platform = database.platform().clone();
        let runs = database.query(too_long(*length, &platform)).await?;
        let finding = RowProblem {
            revision: "90e64c465722".to_owned(),
            problem: format!("runs.user_id is longer than a tag's {length} characters"),
            count: runs.len() as u64,
            rows: runs.iter().take(20).map(|run| value::display(run.first())).collect(),
            query: Some(format!("SELECT run_uuid FROM runs WHERE char_length(user_id) > {length}")),
            is_skippable: false,
        };
        Ok(if runs.is_empty() { Vec::new() } else { vec![finding] })
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        progress: &Progress,
    ) -> Result<u64, Error> {
        if database.platform().is_mysql() {
            let found =
                database.query_exceptions(look_alikes(&database.platform().clone())).await?;
            let count = found.first().map_or(0, |found| value::count(found.first()));
            if count > 0 {
                progress.notice(format!(
                    "tags that differ from {USER} only by case, left as they are: {count}"
                ));
            }
        }
        let mut insert = Query::insert();
        insert.into_table("tags").columns(["key", "value", "run_uuid"]);
        insert.select_from(due(database.platform())).map_err(|source| Error::Database {
            action: "building the statement for mlflow.user tags".to_owned(),
            source: Box::new(source),
        })?;
        database.execute(QueryStatement::Insert(insert)).await
    }
}
