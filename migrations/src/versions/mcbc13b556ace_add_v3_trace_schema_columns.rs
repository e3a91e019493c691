//! A trace shows its request and response in short, and can carry its client's own id.
//!
//! A list of traces can be shown without reading anything from the artifact store. Traces from
//! before have NULL in all three columns.
//!
//! Could be undone by dropping the columns, with what is in them.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::varchar;

pub(crate) fn revision() -> Revision {
    Revision::new("cbc13b556ace")
        .after("bda7b8c39065")
        .on("2025-06-17")
        .titled("traces have previews")
        .add_column("trace_info", varchar("client_request_id", 50))
        .add_column("trace_info", varchar("request_preview", 1000))
        .add_column("trace_info", varchar("response_preview", 1000))
}
