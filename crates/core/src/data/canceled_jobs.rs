//! Implements dc11669786a5: cancels jobs that are pending or running.
//!
//! The executor that could finish them does not know the jobs of an older MLflow.

use async_trait::async_trait;
use sea_query::{Condition, Expr, ExprTrait, Func, Query, QueryStatement, SelectStatement};

use super::{DataMigration, DataOptions, Reversal};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;
use crate::schema::platform::Platform;

const PENDING: i32 = 0;
const RUNNING: i32 = 1;
const CANCELED: i32 = 5;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct CanceledJobs;

fn is_due() -> Expr {
    Expr::col("status").is_in([PENDING, RUNNING])
}

#[async_trait]
impl DataMigration for CanceledJobs {
    fn title(&self) -> &'static str {
        "cancel pending and running jobs"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("jobs", &["status"])]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("jobs", &["status", "last_update_time"])]
    }

    fn reversal(&self) -> Reversal {
        let canceled = Expr::col("status").eq(CANCELED);
        Reversal::Irreversible {
            why: "which jobs it canceled is not recorded",
            rows: vec![("jobs", Condition::all().add(canceled))],
        }
    }

    fn undivided(&self, _: &Platform) -> Option<(&'static str, SelectStatement)> {
        let all = Func::count(Expr::col(sea_query::Asterisk));
        Some(("jobs", Query::select().expr(all).from("jobs").and_where(is_due()).take()))
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        options: &DataOptions,
        _: &Schema,
        _: &Progress,
    ) -> Result<u64, Error> {
        let update = Query::update()
            .table("jobs")
            .value("status", CANCELED)
            .value("last_update_time", options.now_ms)
            .and_where(is_due())
            .take();
        database.execute(QueryStatement::Update(update)).await
    }
}
