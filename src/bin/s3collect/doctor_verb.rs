//! `doctor`: examines what the settings name, prints a line for each thing, or the document.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use s3collect::doctor::{DoctorOptions, DoctorSummary, Finding, SettingsSource, doctor};
use s3collect::error::{Exit, Problem};
use s3collect::policy::PolicyVerb;
use s3collect::session;
use s3collect::settings::{Combined, Needs, Origin, show};

use crate::args::Doctor;
use crate::output::Printer;
use crate::over_store::{NoStore, over_store};

/// Examines and tells. A push may have its static dirs from the command line, so none in the settings is fine.
pub(crate) fn run(
    combined: Combined,
    asked: &Doctor,
    as_json: bool,
    printer: &Arc<Printer>,
) -> io::Result<Exit> {
    let mut source = SettingsSource {
        given: show::rows(&combined).iter().filter(|row| !row.is_default).count(),
        file: combined.file.as_ref().map(|file| file.name.clone()),
        access_key: Some(combined.origin("access_key"))
            .filter(|origin| *origin != Origin::Default)
            .map(|origin| origin.to_string()),
        warnings: combined.warnings().to_vec(),
    };
    let loaded = match combined.resolve(Needs { bucket: true, sources: false }) {
        Ok(loaded) => loaded,
        Err(errors) => {
            return tell(&DoctorSummary::unsettled(source.warnings, Problem::all(&errors)), as_json, printer);
        }
    };
    for note in &loaded.notes {
        printer.line(note);
    }
    let settings = &loaded.settings;
    source.warnings = loaded.warnings;
    source.warnings.extend(session::warnings(&settings.connection));
    let verbs: BTreeSet<PolicyVerb> = asked.verbs.iter().filter_map(|verb| PolicyVerb::named(verb)).collect();
    let options = DoctorOptions { verbs, read_only: asked.read_only, origin: asked.origin.clone() };
    let done = over_store(settings, printer, async |store, _, cancel| {
        doctor(settings, &source, &options, store, cancel).await
    })?;
    let summary = match done {
        Ok(summary) => summary,
        Err(NoStore::Interrupted) => DoctorSummary::interrupted(settings),
        Err(NoStore::Refused(problem)) => DoctorSummary::unopened(settings, problem),
    };
    tell(&summary, as_json, printer)
}

/// Prints what was found.
pub(crate) fn tell(summary: &DoctorSummary, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    if as_json {
        printer.json(summary)?;
    } else {
        printer.rows(summary.checks.iter().flat_map(Finding::lines))?;
    }
    let left = summary.left.iter().map(|key| {
        Problem::new(format!("`{key}` was made for this examination and could not be removed"))
            .with_hint("remove it with keys that may delete")
    });
    printer.troubles(&left.collect::<Vec<_>>(), &[], summary.note.as_deref());
    printer.line(&summary.to_string());
    Ok(summary.exit())
}
