//! Makes the changes that [`crate::render`] has put into statements.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{RawText, Trigger};

use crate::cancel::{self, Canceller};
use crate::connection::Connection;
use crate::error::Context;
use crate::features::Features;
use crate::quoting::literal;
use crate::render::{self, Alteration, Clause, ColumnAttributes, UncheckedForeignKeys};
use crate::{tables, text_protocol};

/// Makes one change. The server does not tell how many rows it copies.
pub(crate) async fn change(
    connection: &mut Connection,
    canceller: Option<&Canceller>,
    change: &TableChange,
    features: &Features,
    context: &Context,
) -> Result<(), Error> {
    let after = &change.after;
    let Some(before) = &change.before else {
        let action = format!("create table {}", after.name);
        let created =
            tables::create(connection, &after.name, &render::create_table(after, features)).await;
        created.map_err(|source| context.error(&action, source))?;
        create_triggers(connection, after.triggers.iter(), &after.name, context).await?;
        return Ok(());
    };
    let alteration = Alteration::between(before, after, features);
    let attributes = attributes(connection, &alteration, features, context).await?;
    let action = format!("change table {}", after.name);
    for statement in alteration.statements(&attributes, features) {
        let done = text_protocol::run_alone(connection, statement);
        cancel::run(canceller, &action, context, done).await?;
    }
    if !alteration.unchecked.keys.is_empty() {
        add_unchecked(connection, &alteration.unchecked, &alteration.unchecked, context).await?;
    }
    let triggers = alteration.triggers.iter().copied();
    create_triggers(connection, triggers, &after.name, context).await
}

async fn run(
    connection: &mut Connection,
    statement: impl Into<String>,
    action: &str,
    context: &Context,
) -> Result<(), Error> {
    let done = text_protocol::run_alone(connection, statement).await;
    done.map_err(|source| context.error(action, source))?;
    Ok(())
}

async fn create_triggers(
    connection: &mut Connection,
    triggers: impl Iterator<Item = &Trigger>,
    table: &str,
    context: &Context,
) -> Result<(), Error> {
    for trigger in triggers {
        let action = format!("create trigger {} on table {table}", trigger.name);
        let created = text_protocol::run_program(connection, trigger.definition.clone()).await;
        created.map_err(|source| context.error(&action, source))?;
    }
    Ok(())
}

/// Adds foreign keys, and takes them away again if a row lacks the one that it references, which only
/// the `doubtful` ones among them can be the case of.
pub(crate) async fn add_unchecked(
    connection: &mut Connection,
    foreign_keys: &UncheckedForeignKeys<'_>,
    doubtful: &UncheckedForeignKeys<'_>,
    context: &Context,
) -> Result<(), Error> {
    let table = foreign_keys.table;
    let action = format!("add foreign keys to table {table}");
    run(connection, UncheckedForeignKeys::CHECKS_OFF, &action, context).await?;
    let added = run(connection, foreign_keys.add(), &action, context).await;
    run(connection, UncheckedForeignKeys::CHECKS_ON, &action, context).await?;
    added?;
    for (key, query) in doubtful.orphans() {
        let count = text_protocol::value_of_tables(connection, query)
            .await
            .map_err(|source| context.error(&format!("check table {table}"), source))?;
        let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        if count > 0 {
            run(connection, foreign_keys.drop(), &action, context).await?;
            let constraint =
                format!("foreign key {}", key.name.as_deref().unwrap_or(&key.referred_table));
            let table = table.to_owned();
            return Err(Error::Constraint { table, constraint, count, query: None });
        }
    }
    Ok(())
}

/// Reads what the columns that are to be restated have besides what the model knows of them.
pub(crate) async fn attributes(
    connection: &mut Connection,
    alteration: &Alteration<'_>,
    features: &Features,
    context: &Context,
) -> Result<ColumnAttributes, Error> {
    let restates = |clause: &Clause<'_>| {
        matches!(clause, Clause::ChangeColumn { .. } | Clause::RenameColumn { .. })
    };
    if !alteration.parts.iter().flatten().any(restates) {
        return Ok(ColumnAttributes::new());
    }
    let table = literal(alteration.table);
    // A CHECK that MariaDB keeps with its column goes when the column is stated without it.
    let check = if features.column_checks() {
        "(SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS AS clause \
         WHERE clause.CONSTRAINT_SCHEMA = one.TABLE_SCHEMA AND clause.TABLE_NAME = one.TABLE_NAME \
         AND clause.CONSTRAINT_NAME = one.COLUMN_NAME AND clause.LEVEL = 'Column')"
    } else {
        "NULL"
    };
    let query = format!(
        "SELECT COLUMN_NAME, COLUMN_TYPE, EXTRA, COLUMN_COMMENT, {check} \
         FROM information_schema.COLUMNS AS one \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {table}"
    );
    let rows = text_protocol::rows(connection, query)
        .await
        .map_err(|source| context.error(&format!("read table {}", alteration.table), source))?;
    let found: ColumnAttributes = rows.iter().filter_map(|row| attribute(row)).collect();
    let check = rows.iter().filter_map(|row| row.get(4)?.as_deref());
    match check.map(RawText::Expression).find(|check| !check.is_well_formed()) {
        None => Ok(found),
        Some(check) => Err(Error::Inexpressible {
            table: alteration.table.to_owned(),
            obstacles: vec![format!("CHECK {}", check.text())],
        }),
    }
}

/// The name of a column and its further attributes, if it has any.
fn attribute(row: &[Option<String>]) -> Option<(String, String)> {
    let value = |position: usize| text_protocol::cell(row, position);
    let mut parts = Vec::new();
    let extra = value(2);
    let lower = extra.to_ascii_lowercase();
    if let Some(start) = lower.find("on update ") {
        let words = extra.get(start..).unwrap_or_default().split_whitespace().take(3);
        let words = words.collect::<Vec<_>>().join(" ");
        parts.push(words.trim_end_matches(',').to_owned());
    }
    if lower.split([' ', ',']).any(|word| word == "invisible") {
        parts.push("INVISIBLE".to_owned());
    }
    if !value(3).is_empty() {
        parts.push(format!("COMMENT {}", literal(value(3))));
    }
    let is_of_json = value(1).eq_ignore_ascii_case("longtext") && value(4).contains("json_valid");
    if !value(4).is_empty() && !is_of_json {
        parts.push(format!("CHECK ({})", value(4)));
    }
    (!parts.is_empty()).then(|| (value(0).to_owned(), parts.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::attribute;

    fn found(extra: &str, comment: &str, check: Option<&str>) -> Option<String> {
        let row = ["seen", "timestamp", extra, comment].map(|text| Some(text.to_owned()));
        let check = check.map(ToOwned::to_owned);
        attribute(&[&row[..], &[check]].concat()).map(|(_, attributes)| attributes)
    }

    #[test]
    fn what_modify_would_forget_is_restated() {
        assert_eq!(found("auto_increment", "", None), None);
        let extra = "DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)";
        assert_eq!(found(extra, "", None).unwrap(), "on update CURRENT_TIMESTAMP(3)");
        assert_eq!(
            found("on update current_timestamp(), INVISIBLE", "it's", Some("`seen` > 0")).unwrap(),
            "on update current_timestamp() INVISIBLE COMMENT 'it''s' CHECK (`seen` > 0)"
        );
    }
}
