//! `verify`: holds the bucket against the last release, prints what differs, or the document.

use std::io;
use std::sync::Arc;

use s3collect::error::Exit;
use s3collect::settings::Loaded;
use s3collect::verify::{VerifyOptions, VerifyStep, VerifySummary, verify};

use crate::output::Printer;
use crate::over_store::{NoStore, over_store};

/// Compares and tells.
pub(crate) fn run(
    loaded: Loaded,
    options: VerifyOptions,
    as_json: bool,
    printer: &Arc<Printer>,
) -> io::Result<Exit> {
    for note in &loaded.notes {
        printer.line(note);
    }
    let settings = &loaded.settings;
    let done = over_store(settings, printer, async |store, reporter, cancel| {
        verify(settings, options, store, &*reporter, cancel).await
    })?;
    let refused = |errors| VerifySummary::refused(Some(settings), options, errors);
    let mut summary = match done {
        Ok(summary) => summary,
        Err(NoStore::Interrupted) => VerifySummary { interrupted: true, ..refused(Vec::new()) },
        Err(NoStore::Refused(problem)) => refused(vec![problem]),
    };
    summary.warnings.splice(0..0, loaded.warnings);
    tell(&summary, as_json, printer)
}

/// Prints what differs, or why nothing could be compared.
pub(crate) fn tell(summary: &VerifySummary, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    printer.troubles(&summary.warnings, &summary.errors, None);
    if as_json {
        printer.json(summary)?;
    } else {
        let row = |step: &VerifyStep| format!("{:7}  {}  {}", step.difference, step.key, step.reason);
        printer.rows(summary.steps.iter().map(row))?;
    }
    if summary.objects > 0 || summary.ok {
        printer.line(&summary.to_string());
    }
    Ok(summary.exit())
}
