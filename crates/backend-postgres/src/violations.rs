//! Rows that a constraint to come would refuse.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::Plan;
use mlflow_migrate_core::rule::{Spelling, rules};
use mlflow_migrate_core::schema::Schema;

use crate::connect::Postgres;
use crate::render::quote_identifier;

const SPELLING: Spelling = Spelling {
    quote: quote_identifier,
    integer: "bigint",
    limits_texts: true,
    enforces_checks: true,
};

impl Postgres {
    /// Finds all of them.
    pub(crate) async fn check_rows(
        &mut self,
        plan: &Plan,
        live: &Schema,
    ) -> Result<Vec<Error>, Error> {
        let mut problems = Vec::new();
        for rules in rules(plan, live, SPELLING) {
            let action = format!("checking the rows of {}", rules.table);
            if let Some(sql) = rules.count_of_rows() {
                let counts = self.numbers(sql, &action).await?;
                let counted = rules.of_rows.iter().zip(counts);
                problems.extend(counted.filter_map(|(rule, count)| rules.refusal(rule, count)));
            }
            for rule in &rules.of_several {
                let count = self.number(rule.count.clone(), &action).await?;
                problems.extend(rules.refusal(rule, count));
            }
        }
        Ok(problems)
    }
}
