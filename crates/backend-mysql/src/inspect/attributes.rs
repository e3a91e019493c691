//! Column attributes that the model does not hold.
//!
//! A statement that changes a column has to restate them.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::schema::RawText;

use crate::connection::Connection;
use crate::error::Context;
use crate::features::Features;
use crate::quoting::literal;
use crate::render::{Alteration, Clause, ColumnAttributes};
use crate::text_protocol;

/// Reads the attributes outside the model of each column that will be restated.
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
    // MariaDB drops a column's own CHECK when the column is stated without it. Where a condition
    // names no table but by a column of another one, MariaDB opens all tables for each row.
    let (check, checks) = if features.column_checks() {
        let checks = format!(
            "LEFT JOIN information_schema.CHECK_CONSTRAINTS AS clause \
             ON clause.CONSTRAINT_SCHEMA = DATABASE() AND clause.TABLE_NAME = {table} \
             AND clause.CONSTRAINT_NAME = one.COLUMN_NAME AND clause.LEVEL = 'Column'"
        );
        ("clause.CHECK_CLAUSE", checks)
    } else {
        ("NULL", String::new())
    };
    let query = format!(
        "SELECT one.COLUMN_NAME, one.COLUMN_TYPE, one.EXTRA, one.COLUMN_COMMENT, {check} \
         FROM information_schema.COLUMNS AS one {checks} \
         WHERE one.TABLE_SCHEMA = DATABASE() AND one.TABLE_NAME = {table}"
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

/// Returns a column's name and its further attributes, if it has any.
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
