//! Implements e5f6a7b8c9d0: permissions of single users become roles.
//!
//! Each user gets the role `__user_N__` in each workspace where the user has a permission. The role
//! has what the user had. The tables before keep their rows.
//!
//! MLflow reads table by table, and row by row. So rows are added here in the order of that reading,
//! and get the same ids. A permission that a role cannot have is dropped. EDIT on a workspace becomes
//! USE, and EDIT on all of each kind of resource in it.
//!
//! A role of this name may exist. MLflow refuses it if another user has it, since that user would
//! get the permissions, too.

mod refusals;
mod scorers;
mod sources;

use async_trait::async_trait;
use sea_query::{
    Condition, Expr, ExprTrait, JoinType, Order, Query, QueryStatement, SelectStatement, SimpleExpr,
};

use self::sources::{SOURCES, Source, role_name};
use super::{CopiedReference, DataMigration, DataOptions, Reversal};
use crate::error::{Error, RowProblem};
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;
use crate::schema::platform::Platform;

const REVISION: &str = "e5f6a7b8c9d0";

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct PermissionsToRoles;

/// Adds the rows of a query to a table, and returns their number.
async fn add(
    database: &mut dyn Rows,
    table: &'static str,
    columns: &'static [&'static str],
    rows: SelectStatement,
) -> Result<u64, Error> {
    let mut insert = Query::insert();
    insert.into_table(table).columns(columns.iter().copied());
    insert.select_from(rows).map_err(|source| Error::Database {
        action: format!("building the statement for {table}"),
        source: Box::new(source),
    })?;
    database.execute(QueryStatement::Insert(insert)).await
}

/// Returns the condition that a role is the own role of a user in a workspace.
pub(super) fn is_own_role(of: &'static str) -> SimpleExpr {
    let is_same_workspace = Expr::col(("roles", "workspace")).equals((of, "workspace"));
    is_same_workspace.and(Expr::col(("roles", "name")).eq(role_name(&format!("{of}.user_id"))))
}

/// Selects the roles that the users of a table need and that do not exist.
fn new_roles(source: &Source, platform: &Platform) -> SelectStatement {
    let known =
        Query::select().expr(Expr::val(1)).from("roles").and_where(is_own_role("pairs")).take();
    Query::select()
        .expr_as(role_name("pairs.user_id"), "name")
        .column(("pairs", "workspace"))
        .from_subquery(source.pairs(platform), "pairs")
        .and_where(Expr::exists(known).not())
        .order_by(("pairs", "place"), Order::Asc)
        .take()
}

/// Selects the users of a table who do not have their own roles yet.
fn new_assignments(source: &Source, platform: &Platform) -> SelectStatement {
    let known = Query::select()
        .expr(Expr::val(1))
        .from("user_role_assignments")
        .and_where(Expr::col(("user_role_assignments", "user_id")).equals(("pairs", "user_id")))
        .and_where(Expr::col(("user_role_assignments", "role_id")).equals(("roles", "id")))
        .take();
    Query::select()
        .column(("pairs", "user_id"))
        .column(("roles", "id"))
        .from_subquery(source.pairs(platform), "pairs")
        .join(JoinType::InnerJoin, "roles", is_own_role("pairs"))
        .and_where(Expr::exists(known).not())
        .order_by(("pairs", "place"), Order::Asc)
        .take()
}

/// Selects what the own roles of a table's users do not have yet, each grant once.
fn new_permissions(grants: SelectStatement) -> SelectStatement {
    const NUMBER: &str = "ROW_NUMBER() OVER (PARTITION BY user_id, workspace, kind, pattern \
                          ORDER BY place)";
    let same = |column: &'static str, other: &'static str| {
        Expr::col(("role_permissions", column)).equals(("grants", other))
    };
    let known = Query::select()
        .expr(Expr::val(1))
        .from("role_permissions")
        .and_where(Expr::col(("role_permissions", "role_id")).equals(("roles", "id")))
        .and_where(same("resource_type", "kind"))
        .and_where(same("resource_pattern", "pattern"))
        .take();
    let numbered = Query::select()
        .columns(["user_id", "workspace", "kind", "pattern", "permission", "place"])
        .expr_as(Expr::cust(NUMBER), "number")
        .from_subquery(grants, "every")
        .take();
    Query::select()
        .column(("roles", "id"))
        .columns([("grants", "kind"), ("grants", "pattern"), ("grants", "permission")])
        .from_subquery(numbered, "grants")
        .join(JoinType::InnerJoin, "roles", is_own_role("grants"))
        .and_where(Expr::col(("grants", "number")).eq(1))
        .and_where(Expr::exists(known).not())
        .order_by(("grants", "place"), Order::Asc)
        .take()
}

const PERMISSION_COLUMNS: &[&str] = &["role_id", "resource_type", "resource_pattern", "permission"];

#[async_trait]
impl DataMigration for PermissionsToRoles {
    fn title(&self) -> &'static str {
        "give each user's permissions to a role of the user's own"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("workspace_permissions", &["workspace", "user_id", "permission"]),
            ("experiment_permissions", &["experiment_id", "user_id", "permission"]),
            ("registered_model_permissions", &["workspace", "name", "user_id", "permission"]),
            ("scorer_permissions", &["experiment_id", "scorer_name", "user_id", "permission"]),
            ("gateway_secret_permissions", &["secret_id", "user_id", "permission"]),
            ("gateway_endpoint_permissions", &["endpoint_id", "user_id", "permission"]),
            (
                "gateway_model_definition_permissions",
                &["model_definition_id", "user_id", "permission"],
            ),
        ]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("roles", &["name", "workspace", "description"]),
            ("user_role_assignments", &["user_id", "role_id"]),
            ("role_permissions", PERMISSION_COLUMNS),
        ]
    }

    fn reversal(&self) -> Reversal {
        Reversal::Irreversible {
            why: "MLflow has changed permissions only in roles since",
            rows: vec![("role_permissions", Condition::all())],
        }
    }

    fn only_adds(&self) -> bool {
        true
    }

    fn is_needed(&self, live: &Schema) -> bool {
        sources::present(live).next().is_some()
    }

    fn references(&self) -> &'static [CopiedReference] {
        const fn user_of(table: &'static str) -> CopiedReference {
            CopiedReference {
                from: (table, "user_id"),
                into: "user_role_assignments",
                referred: ("users", "id"),
            }
        }
        const REFERENCES: [CopiedReference; SOURCES.len()] = [
            user_of(SOURCES[0].table),
            user_of(SOURCES[1].table),
            user_of(SOURCES[2].table),
            user_of(SOURCES[3].table),
            user_of(SOURCES[4].table),
            user_of(SOURCES[5].table),
            user_of(SOURCES[6].table),
        ];
        &REFERENCES
    }

    async fn preflight(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        live: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        let shared = refusals::shared_roles(database, live).await?;
        let too_long = scorers::too_long(database, live).await?;
        Ok(shared.into_iter().chain(too_long).collect())
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        progress: &Progress,
    ) -> Result<u64, Error> {
        let platform = database.platform().clone();
        let mut written = 0;
        for source in &SOURCES {
            let roles = new_roles(source, &platform);
            written += add(database, "roles", &["name", "workspace"], roles).await?;
            let users = new_assignments(source, &platform);
            let columns = &["user_id", "role_id"];
            written += add(database, "user_role_assignments", columns, users).await?;
            progress.check()?;
            written += match source.grants(&platform) {
                Some(grants) => {
                    let new = new_permissions(grants);
                    add(database, "role_permissions", PERMISSION_COLUMNS, new).await?
                }
                None => scorers::add(database, progress).await?,
            };
            progress.check()?;
        }
        Ok(written)
    }
}
