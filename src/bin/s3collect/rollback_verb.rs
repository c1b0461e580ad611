//! `rollback`: runs the engine under a progress bar and an interrupt, prints what came back and what did not, or the
//! document.

use std::io;
use std::sync::Arc;

use s3collect::error::Exit;
use s3collect::rollback::{NotRestored, RollbackOptions, RollbackSummary, rollback};
use s3collect::settings::Loaded;

use crate::output::Printer;
use crate::over_store::{NoStore, over_store};

/// Puts back and tells.
pub(crate) fn run(
    loaded: Loaded,
    options: &RollbackOptions,
    as_json: bool,
    printer: &Arc<Printer>,
) -> io::Result<Exit> {
    for note in &loaded.notes {
        printer.line(note);
    }
    let settings = &loaded.settings;
    let done = over_store(settings, printer, async |store, reporter, cancel| {
        rollback(settings, options.clone(), store, reporter, cancel).await
    })?;
    let refused = |errors| RollbackSummary::refused(Some((settings, options)), errors);
    let mut rolled = match done {
        Ok(rolled) => rolled,
        Err(NoStore::Interrupted) => {
            let mut rolled = refused(Vec::new());
            rolled.summary.interrupted = true;
            rolled
        }
        Err(NoStore::Refused(problem)) => refused(vec![problem]),
    };
    rolled.summary.warnings.splice(0..0, loaded.warnings);
    tell(&rolled, as_json, printer)
}

/// Prints what a rollback did, or why it could not begin.
pub(crate) fn tell(rolled: &RollbackSummary, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    let RollbackSummary { summary, not_restored, .. } = rolled;
    printer.troubles(&summary.warnings, &summary.errors, summary.note.as_deref());
    if as_json {
        printer.json(rolled)?;
    } else {
        let puts = summary.steps.iter().filter(|step| summary.dry_run && step.action == "put");
        printer.rows(puts.map(|step| format!("put   {}  {}", step.key, step.reason)))?;
        let prefix = prefix(summary.location.as_deref());
        let row = |NotRestored { name, reason }: &NotRestored| format!("lost  {prefix}{name}  {reason}");
        printer.rows(not_restored.iter().map(row))?;
        printer.invalidation_due(summary.invalidation.as_ref())?;
    }
    if !summary.steps.is_empty() || summary.ok {
        printer.line(&rolled.to_string());
    }
    printer.invalidation(summary.invalidation.as_ref());
    Ok(summary.exit(false))
}

/// What keys begin with.
fn prefix(location: Option<&str>) -> String {
    location
        .filter(|location| !location.is_empty())
        .map(|location| format!("{location}/"))
        .unwrap_or_default()
}
