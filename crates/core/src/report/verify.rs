//! Verifies a database's schema against its revision, and its rows against each other.

use sea_query::{Asterisk, Condition, Expr, ExprTrait, Func, Query, SelectStatement};
use serde::Serialize;

use crate::backend::Backend;
use crate::data::latest_metrics::{COLUMNS, newest_entries};
use crate::error::{Error, Violation};
use crate::history::catalogue::Catalogue;
use crate::history::location::Assumption;
use crate::report::check::{CheckReport, Verdict, checked};
use crate::report::session::{begin_reading, check_integrity, end_reading};
use crate::schema::Schema;
use crate::upgrade::inspection::inspect;
use crate::upgrade::verification::{orphans_of, violation};

const LATEST: &str = "latest_metrics";

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The comparison of the schema.
    #[serde(flatten)]
    pub checked: CheckReport,
    /// Rows that violate a reference or an invariant, one entry per kind.
    pub violations: Vec<Violation>,
}

impl VerifyReport {
    /// Returns whether the schema has no drift and the rows no violation.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.checked.drift.is_empty() && self.violations.is_empty()
    }
}

/// Verifies a database. Changes nothing.
///
/// With `deep`, also checks that each latest metric is the newest entry, which reads every metric.
///
/// # Errors
/// If the database is not MLflow's, cannot be read, or an upgrade of it is unfinished.
pub async fn verify(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
    deep: bool,
) -> Result<VerifyReport, Error> {
    begin_reading(backend).await?;
    let result = verify_in_session(backend, catalogue, assume, deep).await;
    end_reading(backend, result).await
}

async fn verify_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
    deep: bool,
) -> Result<VerifyReport, Error> {
    let (location, live) = inspect(backend, catalogue, assume).await?;
    check_integrity(backend).await?;
    let mut checked = checked(catalogue, backend.platform(), &live, location)?;
    let mut violations = orphans(backend, &live).await?;
    if let Some(sequences) = backend.sequences() {
        violations.extend(sequences.lagging_sequences(&live).await?);
    }
    if live.table(LATEST).is_some() && live.table("metrics").is_some() {
        violations.extend(latest_metrics(backend, &live, deep).await?);
    }
    if !violations.is_empty() && checked.verdict != Verdict::Drifted {
        checked.verdict = Verdict::Inconsistent;
    }
    Ok(VerifyReport { checked, violations })
}

pub(super) async fn orphans(
    backend: &mut dyn Backend,
    live: &Schema,
) -> Result<Vec<Violation>, Error> {
    let mut violations = Vec::new();
    for table in live.tables.values() {
        for key in &table.foreign_keys {
            if live.table(&key.referred_table).is_none() {
                continue;
            }
            violations.extend(orphans_of(backend, &table.name, key).await?);
        }
    }
    Ok(violations)
}

async fn latest_metrics(
    backend: &mut dyn Backend,
    live: &Schema,
    deep: bool,
) -> Result<Vec<Violation>, Error> {
    let pair = ["run_uuid", "key"];
    let pairs = Query::select().distinct().columns(pair).from("metrics").take();
    let missing = "missing, for metrics that have entries";
    let mut checks = vec![(missing, without_partner(pairs, (LATEST, "metrics"), &pair, live))];
    let latest = Query::select().columns(pair).from(LATEST).take();
    checks.push((
        "without any entry in metrics",
        without_partner(latest, ("metrics", LATEST), &pair, live),
    ));
    if deep {
        let problem = "wrong: not the newest entry of their run and metric";
        checks.push((
            problem,
            without_partner(newest_entries(), (LATEST, "metrics"), &COLUMNS, live),
        ));
    }
    let mut violations = Vec::new();
    for (problem, select) in checks {
        violations.extend(violation(backend, LATEST, problem.to_owned(), select).await?);
    }
    Ok(violations)
}

/// Selects the number of rows of a query that have no equal row in a table.
///
/// The query's columns are those of `other`.
fn without_partner(
    rows: SelectStatement,
    (table, other): (&'static str, &'static str),
    columns: &[&'static str],
    live: &Schema,
) -> SelectStatement {
    let mut agree = Condition::all();
    for column in columns {
        let wanted = Expr::col(("wanted", *column));
        let wanted = match foreign_collation(live, (table, other), column) {
            None => wanted,
            Some((charset, collation)) => Expr::cust_with_expr(
                format!("CONVERT(? USING {charset}) COLLATE {collation}"),
                wanted,
            ),
        };
        agree = agree.add(Expr::col((table, *column)).eq(wanted));
    }
    let partner = Query::select().expr(Expr::val(1)).from(table).cond_where(agree).take();
    Query::select()
        .expr(Func::count(Expr::col(Asterisk)))
        .from_subquery(rows, "wanted")
        .and_where(Expr::exists(partner).not())
        .take()
}

/// Returns the character set and collation of a column, if the other table's column differs.
///
/// MySQL refuses to compare texts of two collations.
fn foreign_collation(
    live: &Schema,
    (table, other): (&str, &str),
    column: &str,
) -> Option<(String, String)> {
    live.collation.as_ref()?;
    let collation = |table: &str| {
        let table = live.table(table)?;
        let column = table.find_column(column).filter(|column| column.is_text())?;
        live.collation_of(table, column)
    };
    let own = collation(table).filter(|own| collation(other).as_ref() != Some(own))?;
    let is_word = own.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let charset = own.split('_').next().unwrap_or_default().to_owned();
    is_word.then_some((charset, own))
}
