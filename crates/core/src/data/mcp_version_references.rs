//! f4a9b2c7d1e6: versions of MCP servers become case-sensitive on MySQL.
//!
//! A reference that names its version in another case than the version itself was found so far,
//! and would be lost. MLflow stops at the first one, half-way; here all are found beforehand.

use async_trait::async_trait;
use sea_query::{Alias, Condition, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};

use super::{DataMigration, DataOptions, row};
use crate::backend::Backend;
use crate::error::{Error, Finding};
use crate::event::Progress;
use crate::platform::Platform;
use crate::schema::Schema;

const REFERENCES: [(&str, &str, &str); 3] = [
    ("mcp_server_version_tags", "name", "version"),
    ("mcp_server_aliases", "name", "version"),
    ("mcp_access_endpoints", "server_name", "server_version"),
];

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct McpVersionReferences;

/// The references that are found by the columns' own collation, but not byte for byte.
fn wrong_references(
    (table, name, version): (&'static str, &'static str, &'static str),
    platform: &Platform,
) -> SelectStatement {
    let bytes = if platform.is_mysql() { "binary" } else { "blob" };
    let exactly = |column: Expr| Expr::from(Func::cast_as(column, bytes));
    let reference = || Expr::col((table, version));
    let stored = || Expr::col(("versions", "version"));
    let same_version = Condition::all()
        .add(Expr::col((table, "workspace")).equals(("versions", "workspace")))
        .add(Expr::col((table, name)).equals(("versions", "name")))
        .add(reference().eq(stored()));
    Query::select()
        .column((table, "workspace"))
        .column((table, name))
        .column((table, version))
        .column(("versions", "version"))
        .from(table)
        .join_as(JoinType::InnerJoin, "mcp_server_versions", Alias::new("versions"), same_version)
        .and_where(exactly(reference()).ne(exactly(stored())))
        .limit(super::BATCH)
        .take()
}

#[async_trait]
impl DataMigration for McpVersionReferences {
    fn title(&self) -> &'static str {
        "check that references to MCP server versions match exactly"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("mcp_server_versions", &["workspace", "name", "version"]),
            ("mcp_server_version_tags", &["workspace", "name", "version"]),
            ("mcp_server_aliases", &["workspace", "name", "version"]),
            ("mcp_access_endpoints", &["workspace", "server_name", "server_version"]),
        ]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }

    async fn preflight(
        &self,
        backend: &mut dyn Backend,
        _: &DataOptions,
        _: &Schema,
    ) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        for reference in REFERENCES {
            let select = wrong_references(reference, backend.platform());
            let rows = backend.query(select).await?;
            if rows.is_empty() {
                continue;
            }
            let describe = |found: &crate::backend::Row| {
                let [workspace, name, version, stored] =
                    [0, 1, 2, 3].map(|at| row::display(found.get(at)));
                format!("{version} of server {name} in workspace {workspace}, stored as {stored}")
            };
            findings.push(Finding {
                revision: "f4a9b2c7d1e6".to_owned(),
                problem: format!(
                    "{}.{} names versions in another case than they are stored in",
                    reference.0, reference.2
                ),
                count: rows.len() as u64,
                rows: rows.iter().take(20).map(describe).collect(),
                query: None,
            });
        }
        Ok(findings)
    }

    async fn run(&self, _: &mut dyn Backend, _: &DataOptions, _: &Progress) -> Result<u64, Error> {
        Ok(0)
    }
}
