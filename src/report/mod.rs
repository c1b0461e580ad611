//! What happens, as data: events while a run goes on, a summary when it ends. Prints nothing.

/// Something that happened while a plan was made or carried out.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Event<'a> {
    /// A stage begins: what it does ("comparing"), and how many files and bytes it will go through.
    Stage { label: &'static str, files: u64, bytes: u64 },
    /// Bytes went by within the stage.
    Bytes(u64),
    /// One file of the stage is finished.
    File { name: &'a str, action: &'static str, detail: &'a str },
    /// The stage is over.
    StageEnd,
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
