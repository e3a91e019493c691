//! Counts what a data migration has written.

use crate::event::Progress;

/// The result so far.
#[derive(Default)]
pub(super) struct Written {
    /// The number of rows written.
    pub(super) written: u64,
    /// The number of names and sessions of traces that were truncated.
    pub(super) cut_of_traces: u64,
    /// The number of models and providers of spans that were truncated.
    pub(super) cut_of_spans: u64,
    /// Whether the columns of spans may be written later, with the next change of their table.
    pub(super) defers_spans: bool,
}

impl Written {
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            written: self.written + other.written,
            cut_of_traces: self.cut_of_traces + other.cut_of_traces,
            cut_of_spans: self.cut_of_spans + other.cut_of_spans,
            defers_spans: self.defers_spans || other.defers_spans,
        }
    }

    /// Reports what was truncated.
    pub(super) fn tell(&self, progress: &Progress) {
        let Self { cut_of_traces, cut_of_spans, .. } = self;
        if *cut_of_traces > 0 {
            progress.notice(format!(
                "{cut_of_traces} names or sessions of traces were cut to their column"
            ));
        }
        if *cut_of_spans > 0 {
            progress.notice(format!(
                "{cut_of_spans} models or providers of spans were cut to 500 characters"
            ));
        }
    }
}
