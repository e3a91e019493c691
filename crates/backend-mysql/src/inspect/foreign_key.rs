//! Foreign keys.

use mlflow_migrate_core::schema::{ForeignKey, ReferentialAction};

use super::catalogue::Record;

pub(super) fn read(records: &[&Record], rules: &[&Record]) -> Vec<ForeignKey> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    for record in records {
        let name = record.text(1);
        if keys.last().is_none_or(|key| key.name.as_deref() != Some(name)) {
            let rule = rules.iter().find(|rule| rule.text(1) == name);
            let action =
                |position| action(rule.map(|rule| rule.text(position)).unwrap_or_default());
            keys.push(ForeignKey {
                on_delete: action(2),
                on_update: action(3),
                ..ForeignKey::new(&[], &referred_table(record), &[]).named(name)
            });
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(record.text(2).to_owned());
            key.referred_columns.push(record.text(5).to_owned());
        }
    }
    keys
}

/// Returns the referred table's name, after its database's name if that is another database.
fn referred_table(record: &Record) -> String {
    match record.optional(3) {
        Some(database) => format!("{database}.{}", record.text(4)),
        None => record.text(4).to_owned(),
    }
}

/// Returns the action of a rule.
///
/// InnoDB has no deferred checks, so RESTRICT and NO ACTION are the same there. Servers differ in
/// which of the two they report.
fn action(rule: &str) -> ReferentialAction {
    match rule {
        "CASCADE" => ReferentialAction::Cascade,
        "SET NULL" => ReferentialAction::SetNull,
        "SET DEFAULT" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}
