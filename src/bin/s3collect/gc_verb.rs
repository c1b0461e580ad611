//! `gc`: runs the engine under a progress bar and an interrupt, prints what goes and why, or the document.

use std::io;
use std::sync::Arc;

use s3collect::error::{Exit, Problem};
use s3collect::gc::{self, GcOptions, GcSummary};
use s3collect::settings::{Loaded, Settings};

use crate::output::Printer;
use crate::over_store::{NoStore, over_store};

/// Cleans up and tells.
pub(crate) fn run(
    loaded: Loaded,
    options: &GcOptions,
    as_json: bool,
    printer: &Arc<Printer>,
) -> io::Result<Exit> {
    for note in &loaded.notes {
        printer.line(note);
    }
    let settings = &loaded.settings;
    let done = over_store(settings, printer, async |store, reporter, cancel| {
        gc::gc(settings, options.clone(), store, reporter, cancel).await
    })?;
    let mut summary = match done {
        Ok(summary) => summary,
        Err(NoStore::Interrupted) => {
            GcSummary { interrupted: true, ..refused(settings, options, Vec::new()) }
        }
        Err(NoStore::Refused(problem)) => refused(settings, options, vec![problem]),
    };
    summary.warnings.splice(0..0, loaded.warnings);
    tell(&summary, as_json, printer)
}

/// Prints what a run did, or why it could not begin.
pub(crate) fn tell(summary: &GcSummary, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    printer.troubles(&summary.warnings, &summary.errors, summary.note.as_deref());
    if as_json {
        printer.json(summary)?;
    } else {
        // Whoever deletes has seen what goes; what stays against expectation is told in any case.
        let told = summary.steps.iter().filter(|step| summary.dry_run || step.action == "keep");
        printer.rows(told.map(|step| format!("{:6}  {}  {}", step.action, step.key, step.reason)))?;
        printer.invalidation_due(summary.invalidation.as_ref())?;
    }
    if summary.ok || summary.deleted > 0 {
        printer.line(&summary.to_string());
    }
    printer.invalidation(summary.invalidation.as_ref());
    Ok(summary.exit())
}

/// The summary of a run that could not begin.
fn refused(settings: &Settings, options: &GcOptions, errors: Vec<Problem>) -> GcSummary {
    GcSummary {
        bucket: Some(settings.connection.bucket.clone()),
        location: Some(settings.location.to_string()),
        app: Some(settings.releases.app.to_string()),
        dry_run: !options.delete,
        note: Some("nothing was deleted".to_owned()),
        ..GcSummary::refused(errors, Vec::new())
    }
}
