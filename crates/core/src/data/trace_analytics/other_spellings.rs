//! Removes sources whose keys MLflow would not recognise, before it starts.

use async_trait::async_trait;
use sea_query::{Condition, Query};

use super::super::parts;
use super::sources::Source;
use super::{DataMigration, DataOptions, Reversal};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;
use crate::schema::platform::Platform;

/// Removes the sources that differ from MLflow's own keys in some bytes.
///
/// MLflow would show them as tags, and could write them.
#[derive(Clone, Copy, Debug)]
pub(super) struct OtherSpellings;

impl OtherSpellings {
    fn rows(table: &'static str, platform: &Platform) -> Condition {
        let own = Source::Tags.recognised_rows_in(table, platform);
        Condition::all().add(Source::Tags.rows_in(table, platform)).add(own.not())
    }
}

#[async_trait]
impl DataMigration for OtherSpellings {
    fn title(&self) -> &'static str {
        "remove names of traces under other spellings of their key"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("trace_tags", &["key"])]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("trace_tags", &[])]
    }

    fn reversal(&self) -> Reversal {
        Reversal::nothing()
    }

    fn likely_rows(&self, _: &str, sample: &'static str, platform: &Platform) -> Condition {
        Self::rows(sample, platform)
    }

    /// Returns false: MySQL commits many rows in parts.
    fn is_atomic(&self) -> bool {
        false
    }

    fn notes_what_it_commits(&self) -> bool {
        true
    }

    async fn run(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        _: &Progress,
    ) -> Result<u64, Error> {
        let table = Source::Tags.table();
        let rows = Self::rows(table, database.platform());
        parts::delete(database, &Query::delete().from_table(table).cond_where(rows).take()).await
    }
}
