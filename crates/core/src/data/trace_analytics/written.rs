//! What a data migration has written so far.

use crate::event::Progress;

/// What has been done so far.
#[derive(Default)]
pub(super) struct Written {
    /// How many rows were written.
    pub(super) written: u64,
    /// How many names and sessions of traces were cut.
    pub(super) cut_of_traces: u64,
    /// How many models and providers of spans were cut.
    pub(super) cut_of_spans: u64,
    /// Whether nobody reads the columns of spans until their table is changed.
    pub(super) spans_are_late: bool,
}

impl Written {
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            written: self.written + other.written,
            cut_of_traces: self.cut_of_traces + other.cut_of_traces,
            cut_of_spans: self.cut_of_spans + other.cut_of_spans,
            spans_are_late: self.spans_are_late || other.spans_are_late,
        }
    }

    /// Says what was cut.
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
