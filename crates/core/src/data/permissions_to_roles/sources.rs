//! The tables of permissions before roles, and the grants that become of their rows.

use sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr, UnionType};

use crate::schema::Schema;
use crate::schema::platform::{Dialect, Platform};

/// Permissions that a role may have on a single resource; rows with any other are dropped.
const OF_RESOURCES: [&str; 4] = ["READ", "USE", "EDIT", "MANAGE"];

/// The kinds of resources on which EDIT on a whole workspace becomes EDIT on all of that kind.
const EDITED_KINDS: [&str; 6] = [
    "experiment",
    "registered_model",
    "scorer",
    "gateway_secret",
    "gateway_endpoint",
    "gateway_model_definition",
];

/// A table with one row for each user and object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) table: &'static str,
    /// SQL for the workspace of a row.
    workspace: &'static str,
    pub(super) grants: Grants,
}

/// What the rows of a table grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grants {
    /// Permissions on a whole workspace.
    Workspace,
    /// Permissions on objects of a kind; the column names the object.
    Objects { kind: &'static str, column: &'static str },
    /// Permissions on scorers, whose names are encoded.
    Scorers,
}

/// The tables in the order in which MLflow reads them: of two grants on the same, the first counts.
pub(super) const SOURCES: [Source; 7] = [
    Source { table: "workspace_permissions", workspace: "workspace", grants: Grants::Workspace },
    objects("experiment_permissions", "experiment", "experiment_id"),
    Source {
        table: "registered_model_permissions",
        workspace: "workspace",
        grants: Grants::Objects { kind: "registered_model", column: "name" },
    },
    Source { table: "scorer_permissions", workspace: "'default'", grants: Grants::Scorers },
    objects("gateway_secret_permissions", "gateway_secret", "secret_id"),
    objects("gateway_endpoint_permissions", "gateway_endpoint", "endpoint_id"),
    objects(
        "gateway_model_definition_permissions",
        "gateway_model_definition",
        "model_definition_id",
    ),
];

/// Returns a table that knows no workspaces: its rows belong to the default one.
const fn objects(table: &'static str, kind: &'static str, column: &'static str) -> Source {
    Source { table, workspace: "'default'", grants: Grants::Objects { kind, column } }
}

/// Returns the tables that a schema has.
pub(super) fn present(live: &Schema) -> impl Iterator<Item = &'static Source> {
    SOURCES.iter().filter(|source| live.table(source.table).is_some())
}

/// Returns the place of a row in the order in which the database reads a table.
pub(super) fn place(platform: &Platform) -> &'static str {
    match platform.dialect {
        Dialect::Postgres => "ctid",
        Dialect::Sqlite | Dialect::Mysql => "rowid",
    }
}

/// Returns the SQL for the name of a user's own role, by the column of the user.
pub(super) fn role_name(user: &str) -> SimpleExpr {
    Expr::cust(format!("'__user_' || {user} || '__'"))
}

/// Returns whether a row becomes a grant.
pub(super) fn is_kept() -> SimpleExpr {
    Expr::col("permission").is_in(OF_RESOURCES)
}

impl Source {
    /// Returns the column of the object, under the name that [`Source::rows`] gives it.
    fn object(&self) -> &'static str {
        match self.grants {
            Grants::Workspace => "'*'",
            Grants::Objects { column, .. } => column,
            Grants::Scorers => "scorer_name",
        }
    }

    /// Selects the rows that become grants, with their place in the table.
    ///
    /// The columns are `user_id`, `workspace`, `object`, `permission` and `place`.
    fn rows(&self, platform: &Platform) -> SelectStatement {
        Query::select()
            .column("user_id")
            .expr_as(Expr::cust(self.workspace), "workspace")
            .expr_as(Expr::cust(self.object()), "object")
            .column("permission")
            .expr_as(
                Expr::cust(format!("ROW_NUMBER() OVER (ORDER BY {})", place(platform))),
                "place",
            )
            .from(self.table)
            .and_where(is_kept())
            .take()
    }

    /// Selects the pairs of user and workspace, with the place of the first row of each.
    ///
    /// The columns are `user_id`, `workspace` and `place`.
    pub(super) fn pairs(&self, platform: &Platform) -> SelectStatement {
        Query::select()
            .columns(["user_id", "workspace"])
            .expr_as(Expr::col("place").min(), "place")
            .from_subquery(self.rows(platform), "kept")
            .group_by_columns(["user_id", "workspace"])
            .take()
    }

    /// Selects the grants: `user_id`, `workspace`, `kind`, `pattern`, `permission` and `place`.
    ///
    /// `None` for scorers, whose names SQL does not encode.
    pub(super) fn grants(&self, platform: &Platform) -> Option<SelectStatement> {
        let mut select = Query::select();
        select
            .from_subquery(self.rows(platform), "kept")
            .columns([("kept", "user_id"), ("kept", "workspace")]);
        match self.grants {
            Grants::Scorers => return None,
            Grants::Objects { kind, .. } => {
                select
                    .expr_as(Expr::cust(format!("'{kind}'")), "kind")
                    .expr_as(Expr::col(("kept", "object")), "pattern")
                    .column(("kept", "permission"))
                    .column(("kept", "place"));
            }
            Grants::Workspace => {
                let permission = "CASE WHEN kinds.number > 0 THEN 'EDIT' \
                                  WHEN kept.permission = 'MANAGE' THEN 'MANAGE' ELSE 'USE' END";
                let place = format!("kept.place * {} + kinds.number", EDITED_KINDS.len() + 1);
                select
                    .from_subquery(kinds(), "kinds")
                    .column(("kinds", "kind"))
                    .expr_as(Expr::col(("kept", "object")), "pattern")
                    .expr_as(Expr::cust(permission), "permission")
                    .expr_as(Expr::cust(place), "place")
                    .and_where(Expr::cust("kinds.number = 0 OR kept.permission = 'EDIT'"));
            }
        }
        Some(select)
    }
}

/// Selects the workspace itself as number 0, then the kinds of resources in it.
fn kinds() -> SelectStatement {
    let mut all = one_kind(0, "workspace");
    for (number, kind) in (1..).zip(EDITED_KINDS) {
        all.union(UnionType::All, one_kind(number, kind));
    }
    all
}

fn one_kind(number: usize, kind: &str) -> SelectStatement {
    Query::select()
        .expr_as(Expr::cust(number.to_string()), "number")
        .expr_as(Expr::cust(format!("'{kind}'")), "kind")
        .take()
}
