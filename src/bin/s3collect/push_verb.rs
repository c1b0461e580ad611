//! `push`: runs the engine under a progress bar and an interrupt, prints the plan, the summary or the document.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use s3collect::error::{Exit, Problem};
use s3collect::prepare::prepare;
use s3collect::push::{self, PushOptions};
use s3collect::report::{self, StepSummary, Summary};
use s3collect::session::Session;
use s3collect::settings::{Loaded, Settings};
use tokio_util::sync::CancellationToken;

use crate::interrupt;
use crate::output::{Printer, Watch};

/// Where a push is reported besides the terminal.
#[derive(Debug, Clone)]
pub(crate) struct Reports {
    /// `--report`.
    pub(crate) page: Option<PathBuf>,
    /// `GITHUB_STEP_SUMMARY`, which several steps append to.
    pub(crate) markdown: Option<PathBuf>,
}

/// What the command line asks of a push besides its settings.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) options: PushOptions,
    pub(crate) reports: Reports,
    /// `--exit-code`.
    pub(crate) differences_fail: bool,
    /// `--json`.
    pub(crate) json: bool,
}

/// Pushes and tells.
pub(crate) fn run(
    loaded: Loaded,
    asked: Asked,
    home: Option<&Path>,
    printer: &Arc<Printer>,
) -> io::Result<Exit> {
    for note in &loaded.notes {
        printer.line(note);
    }
    let summary = summary(&loaded.settings, loaded.warnings, asked.options.clone(), home, printer);
    tell(summary, &asked, printer)
}

/// Prints what a push did, or why it could not begin.
pub(crate) fn tell(mut summary: Summary, asked: &Asked, printer: &Printer) -> io::Result<Exit> {
    let unwritten = asked.reports.write(&summary);
    summary.ok &= unwritten.is_empty();
    summary.errors.extend(unwritten);
    printer.troubles(&summary.warnings, &summary.errors, summary.note.as_deref());
    if asked.json {
        printer.json(&summary)?;
    } else if summary.dry_run {
        let row = |step: &StepSummary| format!("{:4}  {}  {}", step.action, step.key, step.reason);
        printer.rows(summary.steps.iter().map(row))?;
        printer.invalidation_due(summary.invalidation.as_ref())?;
    }
    if !summary.steps.is_empty() || summary.ok {
        printer.line(&summary.to_string());
    }
    printer.invalidation(summary.invalidation.as_ref());
    Ok(summary.exit(asked.differences_fail))
}

impl Reports {
    /// Writes them, and tells which could not be written. Whatever the push did stands.
    fn write(&self, summary: &Summary) -> Vec<Problem> {
        let page = self.page.as_ref().map(|path| (path, File::create(path), report::page(summary)));
        let append = |path| OpenOptions::new().create(true).append(true).open(path);
        let markdown = self.markdown.as_ref().map(|path| (path, append(path), report::markdown(summary)));
        let written = page.into_iter().chain(markdown).map(|(path, opened, text)| {
            let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
            (path, written)
        });
        let unwritten = written.filter_map(|(path, written)| Some((path, written.err()?)));
        unwritten
            .map(|(path, error)| {
                Problem::new(format!("the report `{}` cannot be written: {error}", path.display()))
                    .with_note("what the push itself did stands")
            })
            .collect()
    }
}

fn summary(
    settings: &Settings,
    warnings: Vec<Problem>,
    options: PushOptions,
    home: Option<&Path>,
    printer: &Arc<Printer>,
) -> Summary {
    let mut prepared = match prepare(settings, home) {
        Ok(prepared) => prepared,
        Err(errors) => return refused(settings, &options, errors, warnings),
    };
    prepared.warnings.splice(0..0, warnings.iter().cloned());
    let runtime = match crate::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            let problem = Problem::new(format!("the threads of this process could not be started: {error}"));
            return refused(settings, &options, vec![problem], warnings);
        }
    };
    let reporter = Arc::new(Watch::new(Arc::clone(printer)));
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        interrupt::watch(cancel.clone(), Arc::clone(printer), "requests under way");
        let session = tokio::select! {
            session = Session::open(settings) => session,
            () = cancel.cancelled() => {
                let interrupted = refused(settings, &options, Vec::new(), warnings);
                return Summary { interrupted: true, ..interrupted };
            }
        };
        match session {
            Ok(Session { store, endpoint }) => {
                let summary = push::push(settings, options, prepared, store, reporter, cancel).await;
                endpoint.close().await;
                summary
            }
            Err(problem) => refused(settings, &options, vec![problem], warnings),
        }
    })
}

/// The summary of a push that could not begin. Whoever typed something wrong does not ask what was stored.
fn refused(
    settings: &Settings,
    options: &PushOptions,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
) -> Summary {
    let usage = errors.iter().any(|problem| problem.exit == Exit::Usage);
    Summary {
        bucket: Some(settings.connection.bucket.clone()),
        location: Some(settings.location.to_string()),
        dry_run: options.dry_run,
        note: (!usage).then(|| "nothing was stored".to_owned()),
        ..Summary::refused(errors, warnings)
    }
}
