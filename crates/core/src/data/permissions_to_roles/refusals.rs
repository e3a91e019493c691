//! Finds the roles that would give one user's permissions to another.

use std::collections::BTreeSet;

use sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};

use super::sources::{Source, present};
use super::{REVISION, is_own_role};
use crate::data::value;
use crate::error::{Error, RowProblem};
use crate::rows::Rows;
use crate::schema::Schema;
use crate::schema::platform::Platform;

const NAMED_ROWS: usize = 10;

/// Selects the workspaces and names of own roles that other users have, by the rows of a table.
fn shared(source: &Source, platform: &Platform) -> SelectStatement {
    let assigned = || Expr::col(("user_role_assignments", "user_id"));
    Query::select()
        .distinct()
        .column(("roles", "workspace"))
        .column(("roles", "name"))
        .from_subquery(source.pairs(platform), "pairs")
        .join(JoinType::InnerJoin, "roles", is_own_role("pairs"))
        .join(
            JoinType::InnerJoin,
            "user_role_assignments",
            Expr::col(("user_role_assignments", "role_id")).equals(("roles", "id")),
        )
        .and_where(assigned().not_equals(("pairs", "user_id")))
        .take()
}

/// Returns the roles with the name of a user's own role that other users have.
pub(super) async fn shared_roles(
    database: &mut dyn Rows,
    live: &Schema,
) -> Result<Option<RowProblem>, Error> {
    if ["roles", "user_role_assignments"].iter().any(|table| live.table(table).is_none()) {
        return Ok(None);
    }
    let platform = database.platform().clone();
    let mut found = BTreeSet::new();
    for source in present(live) {
        for row in database.query(shared(source, &platform)).await? {
            let (workspace, name) = (value::display(row.first()), value::display(row.get(1)));
            found.insert(format!("role {name} of workspace {workspace}"));
        }
    }
    Ok((!found.is_empty()).then(|| RowProblem {
        revision: REVISION.to_owned(),
        problem: "roles: the name is that of a user's own role, and other users have the role: \
                  rename it first, or they would get that user's permissions"
            .to_owned(),
        count: found.len() as u64,
        rows: found.into_iter().take(NAMED_ROWS).collect(),
        query: None,
        is_skippable: false,
    }))
}
