//! Makes the changes that [`crate::render`] has rendered as statements.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::Trigger;

use crate::cancel::{self, Canceller};
use crate::connection::Connection;
use crate::error::Context;
use crate::features::Features;
use crate::render::{self, Alteration};
use crate::{foreign_keys, inspect, tables, text_protocol};

/// Makes one change. The server does not report how many rows it copies.
pub(super) async fn change(
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
    let attributes = inspect::attributes(connection, &alteration, features, context).await?;
    let action = format!("change table {}", after.name);
    for statement in alteration.statements(&attributes, features) {
        let done = text_protocol::run_alone(connection, statement);
        cancel::run(canceller, &action, context, done).await?;
    }
    if !alteration.unchecked.keys.is_empty() {
        foreign_keys::add_unchecked(
            connection,
            &alteration.unchecked,
            &alteration.unchecked,
            context,
        )
        .await?;
    }
    let triggers = alteration.triggers.iter().copied();
    create_triggers(connection, triggers, &after.name, context).await
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
