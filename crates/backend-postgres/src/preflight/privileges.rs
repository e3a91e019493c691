//! Checks the user's privileges.
//!
//! Only a table's owner, or a member of the owning role, can alter the table. No GRANT on the table
//! replaces ownership.

use std::collections::{BTreeMap, BTreeSet};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use mlflow_migrate_core::graphs::VersionTable;
use mlflow_migrate_core::plan::{Plan, Step, TableChange};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::database::Postgres;
use crate::render::quote_identifier;
use crate::statements;

const ACTION: &str = "reading the user's privileges";

const TABLES: &str = "SELECT c.relname::text, o.rolname::text, o.rolsuper, \
    pg_has_role(c.relowner, 'USAGE'), has_table_privilege(c.oid, 'REFERENCES'), \
    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') \
    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'), \
    pg_has_role(c.relowner, CASE WHEN current_setting('server_version_num')::int4 >= 160000 \
        THEN 'SET' ELSE 'MEMBER' END), \
    has_schema_privilege(c.relowner, n.oid, 'CREATE') \
        OR (SELECT u.rolsuper FROM pg_roles u WHERE u.rolname = current_user) \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_roles o ON o.oid = c.relowner \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')";

const SCHEMA: &str = "SELECT has_schema_privilege(n.oid, 'USAGE'), \
    has_schema_privilege(n.oid, 'CREATE'), \
    coalesce((SELECT has_language_privilege(l.oid, 'USAGE') FROM pg_language l \
        WHERE l.lanname = 'plpgsql'), false) \
    FROM pg_namespace n WHERE n.nspname = $1";

/// The user's privileges on a table.
#[derive(Debug)]
struct Table {
    owner: String,
    is_superusers: bool,
    is_owned: bool,
    may_reference: bool,
    may_write: bool,
    /// Whether the user may make this table's owner the owner of a new table.
    may_give: bool,
    /// Whether this table's owner may own a new table in the schema.
    may_be_given: bool,
}

/// The user's privileges.
#[derive(Debug)]
struct Privileges {
    version_table: VersionTable,
    schema: String,
    user: String,
    tables: BTreeMap<String, Table>,
    may_use_schema: bool,
    may_create: bool,
    may_use_plpgsql: bool,
}

/// The missing privileges, and the statements that grant them.
#[derive(Debug, Default)]
struct Missing {
    privileges: BTreeSet<String>,
    grants: BTreeSet<String>,
    /// The granted roles that give their members a superuser's privileges.
    superusers: BTreeSet<String>,
}

impl Missing {
    fn remedy(self) -> Remedy {
        let grants = self.grants.into_iter().collect::<Vec<_>>().join("; ");
        if self.superusers.is_empty() {
            return grants.into();
        }
        let roles = self.superusers.into_iter().collect::<Vec<_>>().join(" and ");
        format!(
            "upgrade as {roles} (a superuser); or let an administrator run, and revoke later: {grants}"
        ).into()
    }
}

/// Refuses a plan for which the user lacks a privilege.
pub(crate) async fn check(database: &mut Postgres, plan: &Plan) -> Result<(), Error> {
    let tables = statements::catalog(database, TABLES, ACTION).await?;
    let schema = statements::catalog(database, SCHEMA, ACTION).await?;
    let privileges = privileges(database, &tables, &schema);
    let privileges = privileges.map_err(|source| database.context().error(ACTION, source))?;
    let missing = privileges.missing(plan);
    if missing.privileges.is_empty() {
        return Ok(());
    }
    Err(Error::Privileges {
        name: database.name.clone(),
        user: database.user.clone(),
        missing: missing.privileges.iter().cloned().collect(),
        remedy: missing.remedy(),
    })
}

fn privileges(database: &Postgres, tables: &[PgRow], schema: &[PgRow]) -> sqlx::Result<Privileges> {
    let read = |row: &PgRow| {
        let table = Table {
            owner: row.try_get(1)?,
            is_superusers: row.try_get(2)?,
            is_owned: row.try_get(3)?,
            may_reference: row.try_get(4)?,
            may_write: row.try_get(5)?,
            may_give: row.try_get(6)?,
            may_be_given: row.try_get(7)?,
        };
        Ok((row.try_get(0)?, table))
    };
    let flag = |at: usize| schema.first().map_or(Ok(false), |row| row.try_get(at));
    Ok(Privileges {
        version_table: database.version_table(),
        schema: database.schema.clone(),
        user: database.user.clone(),
        tables: tables.iter().map(read).collect::<sqlx::Result<_>>()?,
        may_use_schema: flag(0)?,
        may_create: flag(1)?,
        may_use_plpgsql: flag(2)?,
    })
}

impl Privileges {
    fn missing(&self, plan: &Plan) -> Missing {
        let mut missing = Missing::default();
        let (schema, user) = (quote_identifier(&self.schema), quote_identifier(&self.user));
        let mut on_schema = |privilege: &str| {
            missing.privileges.insert(format!("{privilege} on schema {}", self.schema));
            missing.grants.insert(format!("GRANT {privilege} ON SCHEMA {schema} TO {user}"));
        };
        if !self.may_use_schema {
            on_schema("USAGE");
        }
        let makes_version_table = !self.tables.contains_key(self.version_table.name());
        if !self.may_create && (makes_version_table || plan.changes().any(creates)) {
            on_schema("CREATE");
        }
        if makes_version_table || plan.changes().any(|change| change.before.is_none()) {
            self.require_giving(&mut missing);
        }
        let has_function = |change: &TableChange| {
            let known = change.before.as_ref().map_or(&[][..], |before| &before.triggers);
            change.after.triggers.iter().any(|it| it.function.is_some() && !known.contains(it))
        };
        if !self.may_use_plpgsql && plan.changes().any(has_function) {
            missing.privileges.insert("USAGE on language plpgsql".to_owned());
            missing.grants.insert(format!("GRANT USAGE ON LANGUAGE plpgsql TO {user}"));
        }
        let owned = self.tables_to_own(plan);
        for table in &owned {
            self.require_ownership(table, &mut missing);
        }
        // An owner has all other privileges.
        let referenced = plan.changes().flat_map(new_references).filter(|it| !owned.contains(it));
        for table in referenced {
            self.require_references(table, &mut missing);
        }
        let touched = touched_by_migrations(plan).chain([self.version_table.name()]);
        for table in touched.filter(|table| !owned.contains(table)) {
            self.require_rows(table, &mut missing);
        }
        missing
    }

    /// Returns the existing tables that the plan alters or drops.
    fn tables_to_own<'a>(&self, plan: &'a Plan) -> BTreeSet<&'a str> {
        let names = plan.steps.iter().flat_map(|step| match step {
            Step::RemoveLeftovers(tables) => tables.iter().map(String::as_str).collect(),
            Step::DropTable(dropped) => vec![dropped.table.name.as_str()],
            Step::Change(change) => vec![change.after.name.as_str()],
            Step::Migrate { .. } => Vec::new(),
        });
        names.filter(|name| self.tables.contains_key(*name)).collect()
    }

    /// Requires what is needed to give new tables to the owner of the existing ones.
    fn require_giving(&self, missing: &mut Missing) {
        let known = ["experiments", self.version_table.name()]
            .into_iter()
            .find_map(|it| self.tables.get(it));
        let Some(table) = known.filter(|table| table.owner != self.user) else { return };
        if !table.may_give {
            self.require_membership(table, missing);
        }
        if !table.may_be_given {
            let (schema, owner) = (quote_identifier(&self.schema), quote_identifier(&table.owner));
            let privilege = format!("CREATE on schema {} for {}", self.schema, table.owner);
            missing.privileges.insert(privilege);
            missing.grants.insert(format!("GRANT CREATE ON SCHEMA {schema} TO {owner}"));
        }
    }

    fn require_membership(&self, table: &Table, missing: &mut Missing) {
        missing.privileges.insert(format!("membership in role {}", table.owner));
        self.grant_role(table, missing);
    }

    /// Adds the GRANT of the owning role.
    ///
    /// Giving the table to another owner instead might take MLflow's privileges on the table away.
    fn grant_role(&self, table: &Table, missing: &mut Missing) {
        let (owner, user) = (quote_identifier(&table.owner), quote_identifier(&self.user));
        missing.grants.insert(format!("GRANT {owner} TO {user}"));
        if table.is_superusers {
            missing.superusers.insert(table.owner.clone());
        }
    }

    /// Requires membership in the role that owns the table.
    fn require_ownership(&self, name: &str, missing: &mut Missing) {
        let Some(table) = self.tables.get(name).filter(|table| !table.is_owned) else { return };
        missing.privileges.insert(format!("ownership of {}.{name}", self.schema));
        self.grant_role(table, missing);
    }

    fn require_references(&self, name: &str, missing: &mut Missing) {
        if self.tables.get(name).is_some_and(|table| !table.may_reference) {
            self.grant("REFERENCES", name, missing);
        }
    }

    /// Requires the privileges on rows that MLflow's server needs.
    fn require_rows(&self, name: &str, missing: &mut Missing) {
        if self.tables.get(name).is_some_and(|table| !table.may_write) {
            self.grant("SELECT, INSERT, UPDATE, DELETE", name, missing);
        }
    }

    fn grant(&self, privilege: &str, table: &str, missing: &mut Missing) {
        missing.privileges.insert(format!("{privilege} on {}.{table}", self.schema));
        missing.grants.insert(format!(
            "GRANT {privilege} ON {}.{} TO {}",
            quote_identifier(&self.schema),
            quote_identifier(table),
            quote_identifier(&self.user)
        ));
    }
}

fn new_references(change: &TableChange) -> impl Iterator<Item = &str> {
    let known = change.before.as_ref().map_or(&[][..], |before| &before.foreign_keys);
    let new = change.after.foreign_keys.iter().filter(|key| !known.contains(key));
    new.map(|key| key.referred_table.as_str())
}

fn touched_by_migrations(plan: &Plan) -> impl Iterator<Item = &'static str> {
    let migrations = plan.migrations().map(|(_, migration)| migration);
    migrations.flat_map(|it| it.reads().iter().chain(it.writes())).map(|(table, _)| *table)
}

/// Returns whether a change creates a table or an index in the schema. Keys have an index too.
fn creates(change: &TableChange) -> bool {
    let Some(before) = &change.before else { return true };
    let after = &change.after;
    before.primary_key != after.primary_key
        || after.uniques.iter().any(|unique| !before.uniques.contains(unique))
        || after.indexes.iter().any(|index| !before.indexes.contains(index))
        || after.triggers.iter().any(|trigger| !before.triggers.contains(trigger))
}
