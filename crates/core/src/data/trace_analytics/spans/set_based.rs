//! Builds statements that fill many spans at once.

use sea_query::{
    CaseStatement, Condition, Expr, ExprTrait, Func, IntoIden, Query, QueryStatement,
    SelectStatement, TableRef, UpdateStatement,
};

use super::super::dimensions::{self, Kind};
use super::super::promoted::COST_KEYS;
use super::super::ranges::Range;
use super::super::sources::Source;
use super::super::values::{Dimensions, dimensions as read};
use super::super::written::Written;
use super::super::{ProgressCounter, is_one_of};
use super::costs::{self, InexactCosts};
use super::{COLUMNS, KEY, has_key_of};
use crate::error::Error;
use crate::rows::Rows;
use crate::schema::platform::Platform;

type NameOf = fn(&Dimensions) -> Option<&String>;

/// The columns filled from `dimension_attributes`, and the part that each gets.
const NAMES: [(&str, NameOf); 2] = [
    ("model_name", |names| names.model.as_ref()),
    ("model_provider", |names| names.provider.as_ref()),
];

/// The values that statements write to the spans of a range without reading the spans.
pub(super) struct SetBased {
    kinds: Vec<(Kind, Dimensions)>,
    inexact: InexactCosts,
}

/// Returns what statements can write to a range, if they can fill it.
///
/// `None` on SQLite, where no data is transferred. Reading and writing row by row passes through
/// the file once. Statements about many rows pass through it three times: to find the distinct
/// values, to find the rows, and to write them. Measured, the statements took longer and more
/// memory.
///
/// Also `None` if a column is already filled, since such rows are written only where they differ.
/// Also `None` if the range has too many distinct values.
pub(super) async fn simple(
    database: &mut dyn Rows,
    range: &Range,
) -> Result<Option<SetBased>, Error> {
    if database.platform().is_sqlite() {
        return Ok(None);
    }
    let Some(kinds) = dimensions::kinds(database, range, &COLUMNS).await? else { return Ok(None) };
    if kinds.iter().any(|kind| kind.filled > 0) {
        return Ok(None);
    }
    let Some(inexact) = InexactCosts::of(database, range).await? else { return Ok(None) };
    // The preflight has already refused every value that cannot be read.
    let with_names = |kind: Kind| {
        let names = read(kind.text.as_ref()).unwrap_or_default();
        (kind, names)
    };
    Ok(Some(SetBased { kinds: kinds.into_iter().map(with_names).collect(), inexact }))
}

impl SetBased {
    pub(super) async fn write(
        &self,
        database: &mut dyn Rows,
        range: &Range,
        tally: &ProgressCounter<'_>,
        done: &mut Written,
    ) -> Result<(), Error> {
        for update in self.updates(range, database.platform()) {
            done.written += database.execute(QueryStatement::Update(update)).await?;
        }
        // The statements above have written these spans too, so the count does not grow.
        self.inexact.write(database).await?;
        let truncated = self.kinds.iter().map(|(kind, names)| kind.spans as u64 * names.truncated);
        done.cut_of_spans += truncated.sum::<u64>();
        tally.add(self.kinds.iter().map(|(kind, _)| kind.spans).sum())?;
        Ok(())
    }

    /// Returns one statement for the spans with costs, and one for the names of the others.
    ///
    /// The costs are joined to all spans at once, instead of a lookup for each span.
    fn updates(&self, range: &Range, platform: &Platform) -> Vec<UpdateStatement> {
        let costs = "costs";
        let mut priced = self.setting_names(platform);
        priced.from(TableRef::SubQuery(costs_of_spans(range, platform).into(), costs.into_iden()));
        for key in COST_KEYS {
            priced.value(key, Expr::col((costs, key)));
        }
        priced.cond_where(has_key_of(costs));
        // Restricts a server that joins in the other order to the rows of the range.
        priced.cond_where(range.holds("spans"));
        let mut named = self.setting_names(platform);
        if named.get_values().is_empty() {
            return vec![priced];
        }
        // The first statement has already written the names of the spans with costs.
        for (column, _) in NAMES {
            named.and_where(Expr::col(("spans", column)).is_null());
        }
        named.cond_where(range.holds("spans")).cond_where(self.is_named(platform));
        vec![priced, named]
    }

    /// Returns the condition that a statement's current span has a model or a provider.
    fn is_named(&self, platform: &Platform) -> Condition {
        self.kinds
            .iter()
            .filter(|(_, names)| NAMES.iter().any(|(_, name_of)| name_of(names).is_some()))
            .fold(Condition::any(), |any, (kind, _)| any.add(kind.is_that_of_span(platform)))
    }

    fn setting_names(&self, platform: &Platform) -> UpdateStatement {
        let mut update = Query::update();
        update.table("spans");
        for (column, name_of) in NAMES {
            let mut cases = None::<CaseStatement>;
            for (kind, names) in &self.kinds {
                if let Some(name) = name_of(names) {
                    let is_it = kind.is_that_of_span(platform);
                    cases = Some(cases.unwrap_or_default().case(is_it, name.as_str()));
                }
            }
            if let Some(cases) = cases {
                update.value(column, cases);
            }
        }
        update
    }
}

/// Selects the costs of all spans of a range that have any.
fn costs_of_spans(range: &Range, platform: &Platform) -> SelectStatement {
    let mut select = Query::select();
    select
        .from("span_metrics")
        .cond_where(range.holds("span_metrics"))
        .cond_where(Source::SpanMetrics.rows(platform))
        .and_where(Expr::col(("span_metrics", "value")).is_not_null());
    for column in KEY {
        let key = Expr::col(("span_metrics", column));
        select.expr_as(key.clone(), column).add_group_by([key]);
    }
    for key in COST_KEYS {
        let is_it = is_one_of("span_metrics", &[key], platform);
        let cost = CaseStatement::new().case(is_it, costs::ordinary(platform));
        // Each key has one cost, so MAX only pivots.
        select.expr_as(Func::max(cost), key);
    }
    select
}
