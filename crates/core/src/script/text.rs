//! Puts a script's statements together: header, guard, steps and version.

use super::dialect::{ScriptDialect, ended};
use super::recorder::record;
use super::segments::Segment;
use super::{Part, ScriptOptions};
use crate::data::{DataMigration, DataOptions};
use crate::error::{Error, label};
use crate::graphs::GraphName;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::plan::{ChangePlan, Plan, Step};
use crate::schema::Schema;

/// Writes one of the scripts.
pub(super) async fn part(
    catalogue: &Catalogue,
    dialect: &dyn ScriptDialect,
    segments: &[Segment],
    number: usize,
    options: &ScriptOptions,
) -> Result<Part, Error> {
    let place = Place { number, parts: segments.len(), options };
    let Some(segment) = number.checked_sub(1).and_then(|place| segments.get(place)) else {
        return Err(Error::Target(crate::error::TargetError::NoPart {
            part: number,
            parts: segments.len(),
        }));
    };
    let mut blocks = vec![place.header(catalogue, dialect, segment), dialect.opening()];
    if let Some(from) = segment.from() {
        blocks.push(guard(dialect, from));
    }
    let mut live = &segment.live;
    for plan in &segment.plans {
        blocks.extend(requirements(dialect, plan, live));
        blocks.push(steps(dialect, plan, live, &options.data).await?);
        blocks.extend(version(dialect, plan));
        live = &plan.result;
    }
    blocks.push(dialect.closing());
    blocks.push(dialect.say(&place.end(segment)));
    blocks.retain(|block| !block.is_empty());
    let script = blocks.join("\n");
    Ok(Part {
        from: segment.from().and_then(|from| from.revision.clone()),
        to: segment.to().map(ToOwned::to_owned),
        program_before: segment.program_before.clone(),
        program_after: segment.program_after.clone(),
        script,
    })
}

/// The number of a part.
struct Place<'a> {
    number: usize,
    parts: usize,
    options: &'a ScriptOptions,
}

impl Place<'_> {
    fn header(
        &self,
        catalogue: &Catalogue,
        dialect: &dyn ScriptDialect,
        segment: &Segment,
    ) -> String {
        let from = segment.from().map_or("nothing", Location::label);
        let mut lines = vec![
            format!("MLflow database: from {from} to {}", label(segment.to())),
            format!("Part {} of {}. Run it with: {}", self.number, self.parts, dialect.client()),
        ];
        if let Some(revision) = &segment.program_before {
            lines.push(format!("Before this part: {}", (self.options.command)(revision)));
        }
        if let Some(revision) = &segment.program_after {
            let command = (self.options.command)(revision);
            lines.push(format!(
                "{revision} computes values that SQL does not. After this part: {command}"
            ));
        }
        if self.number < self.parts {
            lines.push(format!("Then run part {}.", self.number + 1));
        }
        lines.push("Stop the MLflow server, and make a backup first.".to_owned());
        lines.push("Revisions:".to_owned());
        for id in segment.revisions() {
            let revision = catalogue.graph.get(id);
            let title = revision.map_or("", |revision| revision.title.as_str());
            lines.push(format!("  {id}  {title}").trim_end().to_owned());
        }
        lines.iter().map(|line| comment(line)).collect()
    }

    fn end(&self, segment: &Segment) -> String {
        let mut text = match self.parts {
            1 => "The script is done.".to_owned(),
            parts => format!("Part {} of {parts} is done.", self.number),
        };
        text += &format!(" The database is at {}.", label(segment.to()));
        if let Some(revision) = &segment.program_after {
            text += &format!(" Now run: {}", (self.options.command)(revision));
            if self.number < self.parts {
                text += &format!("; then run part {}", self.number + 1);
            }
        }
        text
    }
}

/// Returns a line of a comment. A name in it cannot end it.
fn comment(line: &str) -> String {
    format!("-- {}\n", line.replace(['\n', '\r'], " "))
}

/// Refuses a database that is not where the script begins.
fn guard(dialect: &dyn ScriptDialect, from: &Location) -> String {
    let revision = from.revision.as_deref().filter(|_| from.stamped && !from.empty);
    let Some(revision) = revision else {
        let create = GraphName::Tracking.version_table().create().replacen(
            "CREATE TABLE",
            "CREATE TABLE IF NOT EXISTS",
            1,
        );
        let empty = "(SELECT count(*) FROM alembic_version) = 0";
        let guard = dialect.require(empty, "alembic_version already holds a version");
        return format!("{}{create};\n{guard}", comment("The database must have no version."));
    };
    let guard = dialect.require(
        &is_at(revision),
        &format!("alembic_version does not hold {revision}: nothing changed"),
    );
    comment(&format!("The database must be at {revision}.")) + &guard
}

/// Returns the condition that `alembic_version` holds one revision and nothing else.
fn is_at(revision: &str) -> String {
    format!(
        "(SELECT count(*) FROM alembic_version) = 1 \
         AND (SELECT max(version_num) FROM alembic_version) = '{}'",
        revision.replace('\'', "''")
    )
}

/// Refuses rows that would stop a later step.
fn requirements(dialect: &dyn ScriptDialect, plan: &Plan, live: &Schema) -> Vec<String> {
    let mut blocks = Vec::new();
    for rules in dialect.rules(plan, live) {
        for (constraint, count) in rules.each() {
            let message = format!("rows of {} violate {constraint}", rules.table);
            blocks.push(dialect.require(&format!("({count}) = 0"), &message));
        }
    }
    for (_, migration) in plan.migrations() {
        for (problem, select) in migration.refused_by_scripts(dialect.platform()) {
            let select = dialect.statement(&sea_query::QueryStatement::Select(select));
            blocks.push(dialect.require(&format!("NOT EXISTS ({select})"), problem));
        }
    }
    if !blocks.is_empty() {
        blocks.insert(0, comment("No row may stop a later step.").trim_end().to_owned());
    }
    blocks
}

/// Writes the steps of a plan.
pub(super) async fn steps(
    dialect: &dyn ScriptDialect,
    plan: &Plan,
    live: &Schema,
    data: &DataOptions,
) -> Result<String, Error> {
    let mut text = String::new();
    let mut now = live.clone();
    for (number, step) in (1..).zip(&plan.steps) {
        let heading = |how: &str| {
            let (title, steps) = (step.title(), plan.steps.len());
            let revisions = match step.revisions() {
                [] => String::new(),
                revisions => format!(" ({})", revisions.join(", ")),
            };
            comment(&format!("Step {number} of {steps}: {title}{revisions}{how}"))
        };
        match step {
            Step::RemoveLeftovers(tables) => {
                text += &heading("");
                for table in tables {
                    text += &ended(&dialect.drop_table(table));
                    now.tables.remove(table);
                }
            }
            Step::DropTable(dropped) => {
                text += &heading("");
                text += &ended(&dialect.drop_table(&dropped.table.name));
                now.tables.remove(&dropped.table.name);
            }
            Step::Change(change) => {
                let method = dialect.change(change)?;
                text += &heading(&how(&method, change.before.is_none()));
                method.statements.iter().for_each(|statement| text += statement);
                let mut after = change.after.clone();
                after.settle();
                now.insert(after);
            }
            Step::Migrate { migration, .. } => {
                text += &heading("");
                text += &rows(dialect, &**migration, data, live, &now).await?;
            }
        }
        text.push('\n');
    }
    Ok(text.trim_end().to_owned() + "\n")
}

/// Returns in words how a table is changed. Of a table that is created, the title says enough.
fn how(method: &ChangePlan, is_creation: bool) -> String {
    let cost = match method {
        ChangePlan { rebuilds: true, .. } => "; every row is written",
        ChangePlan { scans: true, .. } => "; every row is read",
        ChangePlan { .. } => "",
    };
    if is_creation { String::new() } else { format!(": {}{cost}", method.summary) }
}

async fn rows(
    dialect: &dyn ScriptDialect,
    migration: &dyn DataMigration,
    data: &DataOptions,
    live: &Schema,
    now: &Schema,
) -> Result<String, Error> {
    let Some(statements) = record(migration, dialect, data, live, now).await? else {
        return Ok(comment("The program computes this."));
    };
    if statements.is_empty() {
        return Ok(comment("No statement: a script only requires this beforehand."));
    }
    let mut text: String = statements.iter().map(|statement| ended(statement)).collect();
    if !dialect.platform().transactional_ddl {
        text = format!("START TRANSACTION;\n{text}COMMIT;\n");
    }
    Ok(text)
}

/// Writes the version, and requires that it is the only one.
fn version(dialect: &dyn ScriptDialect, plan: &Plan) -> Option<String> {
    let to = plan.to.as_deref()?.replace('\'', "''");
    let write = match plan.from.revision.as_deref().filter(|_| plan.from.stamped) {
        Some(from) => format!(
            "UPDATE alembic_version SET version_num = '{to}' WHERE version_num = '{}';\n",
            from.replace('\'', "''")
        ),
        None => format!("INSERT INTO alembic_version (version_num) VALUES ('{to}');\n"),
    };
    let check = dialect.require(&is_at(&to), "another session has changed alembic_version");
    Some(comment(&format!("The version is {to}.")) + &write + &check)
}
