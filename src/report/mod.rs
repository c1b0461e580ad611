//! What happens, as data: events while a run goes on, and a summary when it ends. Prints nothing.

use std::time::Duration;

mod cost;
mod escape;
pub(crate) mod html;
mod markdown;
mod page;
mod summary;
#[cfg(test)]
mod tests;

pub use cost::cost;
pub use escape::{escape, write_json};
pub use markdown::markdown;
pub use page::page;
pub use summary::{
    Bytes, InvalidationState, InvalidationSummary, ManifestState, ManifestSummary, StepSummary, Summary,
    count, place,
};

/// Something that happened while a plan was made or carried out.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A stage begins.
    Stage {
        /// What it does: "comparing", "putting".
        label: &'static str,
        /// How many files it goes through.
        files: u64,
        /// How many bytes of them.
        bytes: u64,
    },
    /// Part of the stage is behind us.
    Progress {
        /// Files that were finished.
        files: u64,
        /// Bytes that went by.
        bytes: u64,
    },
    /// What became of one file; for those who want to read along.
    Outcome {
        /// Which.
        name: &'a str,
        /// "put", "skip" or "failed".
        action: &'static str,
        /// Why.
        reason: &'a str,
    },
    /// The stage is over.
    StageEnd,
    /// Somebody else is at work, and is waited for.
    Waiting {
        /// Who: "the push `ID` by `NAME`".
        who: &'a str,
        /// How long at most, if they give no sign of life.
        left: Duration,
    },
}

/// Whoever watches a run. Called from many threads at once.
pub trait Reporter: Send + Sync {
    /// Takes note of an event.
    fn event(&self, event: &Event<'_>);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn event(&self, _event: &Event<'_>) {}
}
