//! Runs a list of faults, each with either backend in turn, and prints the figures.

use futures_util::{StreamExt as _, stream};

use super::stage::{End, Figures, MANIFEST, PLAIN, Stage};
use super::{Rule, Trouble, When, rounds};

/// Every request.
pub(super) const ALL: &[&str] = &[];
/// Those that change something.
pub(super) const WRITES: &[&str] =
    &["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"];

/// Pushes at once: most of their time they wait.
const AT_ONCE: usize = 6;

/// One fault.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    name: &'static str,
    operations: &'static [&'static str],
    when: When,
    trouble: Trouble,
    end: End,
}

impl Trial {
    /// One in spite of which everything is done.
    pub(super) fn done(
        name: &'static str,
        operations: &'static [&'static str],
        when: When,
        trouble: Trouble,
    ) -> Self {
        Self { name, operations, when, trouble, end: End::Done }
    }

    /// One that nobody gets through.
    pub(super) fn told(
        name: &'static str,
        operations: &'static [&'static str],
        when: When,
        trouble: Trouble,
    ) -> Self {
        Self { end: End::Told, ..Self::done(name, operations, when, trouble) }
    }

    /// One through which chance leads, or does not.
    pub(super) fn any(
        name: &'static str,
        operations: &'static [&'static str],
        when: When,
        trouble: Trouble,
    ) -> Self {
        Self { end: End::Any, ..Self::done(name, operations, when, trouble) }
    }
}

/// Tries each as often as was asked for, a few at a time.
pub(super) async fn run(trials: Vec<Trial>) {
    let stages = [Stage::new(PLAIN).await, Stage::new(MANIFEST).await];
    let tried = stream::iter(trials.iter().enumerate()).map(|(number, trial)| {
        let stages = &stages;
        async move {
            let mut figures = Figures::default();
            for round in 0..rounds() {
                let Trial { operations, when, trouble, end, .. } = *trial;
                let rule = Rule { operations, when, trouble, seed: round as u64 };
                stages[(number + round) % 2].push(rule, end, &mut figures).await;
            }
            figures
        }
    });
    let tried: Vec<Figures> = tried.buffered(AT_ONCE).collect().await;
    let mut all = Figures::default();
    for (trial, figures) in trials.iter().zip(tried) {
        tell(&format!("{}, {}", trial.name, trial.when), &figures);
        all.add(&figures);
    }
    tell("all", &all);
}

#[expect(clippy::print_stdout, reason = "figures are what it is run for")]
fn tell(name: &str, figures: &Figures) {
    let Figures { pushes, done, requests, struck, objects } = figures;
    println!(
        "faults, {name}: {struck} of {requests} requests of {pushes} pushes; {done} done, {} told; {objects} objects \
         compared, 0 lost",
        pushes - done,
    );
}
