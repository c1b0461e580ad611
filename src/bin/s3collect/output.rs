//! The one printer: what goes to stdout and stderr, in colour or not, and the progress bar.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use s3collect::error::{Exit, Problem};
use s3collect::report::{Bytes, Event, InvalidationState, InvalidationSummary, Reporter, escape, write_json};
use serde::Serialize;
use serde_json::json;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ASIDE: Style = AnsiColor::Cyan.on_default();

/// Of a long list of problems, so many are shown.
const SHOWN: usize = 5;

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Warnings and errors only.
    Quiet,
    /// And progress and the summary.
    Normal,
    /// And a line for each object that is put.
    Verbose,
    /// And one for each that is skipped.
    Everything,
}

/// Writes to stderr and stdout.
pub(crate) struct Printer {
    verbosity: Verbosity,
    color: ColorChoice,
    bar: Mutex<Option<ProgressBar>>,
    show_bar: bool,
    /// Whoever read stdout has gone.
    unread: AtomicBool,
}

impl Printer {
    pub(crate) fn new(verbosity: Verbosity, color: ColorChoice) -> Self {
        let show_bar = verbosity > Verbosity::Quiet && io::stderr().is_terminal();
        Self { verbosity, color, bar: Mutex::new(None), show_bar, unread: AtomicBool::new(false) }
    }

    /// Data as it is, to stdout, once the verb is done.
    pub(crate) fn data(&self, text: &str) -> io::Result<()> {
        self.unless_unread(self.bytes(text.as_bytes()))
    }

    /// A reader who has seen enough changes nothing about what the verb did, nor about its exit status; no summary follows.
    fn unless_unread(&self, written: io::Result<()>) -> io::Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.unread.store(true, Ordering::Relaxed);
                Ok(())
            }
            written => written,
        }
    }

    /// Lines of data with names in them, one a line whatever is in it.
    pub(crate) fn rows<T: AsRef<str>>(&self, rows: impl IntoIterator<Item = T>) -> io::Result<()> {
        let text: String = rows.into_iter().map(|row| escape(row.as_ref()).into_owned() + "\n").collect();
        self.data(&text)
    }

    /// What need not be text, in the middle of a verb, which ends quietly on the error of a pipe whose reader has gone.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// The paths that CloudFront would be told, as data.
    pub(crate) fn invalidation_due(&self, told: Option<&InvalidationSummary>) -> io::Result<()> {
        let due = told.filter(|told| told.state == InvalidationState::Due);
        let rows = due.into_iter().flat_map(|told| {
            told.paths.iter().map(|path| format!("invalidate  {path}  on {}", told.distribution))
        });
        self.rows(rows)
    }

    /// What CloudFront was told, for people.
    pub(crate) fn invalidation(&self, told: Option<&InvalidationSummary>) {
        if let Some(told) = told {
            self.line(&told.to_string());
        }
    }

    /// A question on the terminal, which waits for its answer on the same line.
    pub(crate) fn question(&self, text: &str) {
        self.stderr(&escape(text));
    }

    /// A document, to stdout, for programs: indented, with a newline at its end.
    pub(crate) fn json(&self, document: &impl Serialize) -> io::Result<()> {
        self.unless_unread(write_json(io::stdout().lock(), document))
    }

    /// Errors of a verb that has nothing else to tell: on stderr, and as a document where one is wanted.
    pub(crate) fn failed(&self, problems: &[Problem], as_json: bool) -> io::Result<Exit> {
        self.errors(problems);
        if as_json {
            self.json(&json!({ "ok": false, "errors": problems }))?;
        }
        Ok(problems.iter().map(|problem| problem.exit).max().unwrap_or(Exit::Failed))
    }

    /// One line for people, unless they want quiet.
    pub(crate) fn line(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet && !self.unread.load(Ordering::Relaxed) {
            self.stderr(&format!("{}\n", escape(text)));
        }
    }

    /// Errors: the first few whole, the number of the others.
    pub(crate) fn errors(&self, problems: &[Problem]) {
        self.problems("error", ERROR, problems);
    }

    /// What a verb that ends with a document of its own ran into: warnings, errors and the state things are in.
    pub(crate) fn troubles(&self, warnings: &[Problem], errors: &[Problem], note: Option<&str>) {
        self.warnings(warnings);
        self.errors(errors);
        if let Some(note) = note {
            self.stderr(&format!("{ASIDE}note{ASIDE:#}: {}\n", escape(note)));
        }
    }

    /// Warnings, in the same form.
    pub(crate) fn warnings(&self, problems: &[Problem]) {
        self.problems("warning", WARNING, problems);
    }

    fn problems(&self, label: &str, style: Style, problems: &[Problem]) {
        let shown = if self.verbosity >= Verbosity::Verbose { problems.len() } else { SHOWN };
        for problem in problems.iter().take(shown) {
            self.stderr(&render(label, style, problem));
        }
        if let Some(more @ 1..) = problems.len().checked_sub(shown) {
            let plural = if more == 1 { "" } else { "s" };
            self.stderr(&format!(
                "{style}{label}{style:#}: and {more} more {label}{plural}; `-v` shows all\n"
            ));
        }
    }

    fn stderr(&self, text: &str) {
        let write = || {
            // Nobody is left to be told that stderr cannot be written to.
            let _ = AutoStream::new(io::stderr().lock(), self.color).write_all(text.as_bytes());
        };
        match &*self.bar() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a bar of so many units, or one without an end, where one is wanted.
    fn begin(&self, label: &'static str, units: Option<u64>) {
        if !self.show_bar || units == Some(0) {
            return;
        }
        let bar = ProgressBar::with_draw_target(units, ProgressDrawTarget::stderr_with_hz(10));
        let measured = "{prefix} [{bar:30}] {msg}  {eta} left";
        let template = if units.is_some() { measured } else { "{prefix} {spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(label);
        bar.enable_steady_tick(Duration::from_millis(200));
        *self.bar() = Some(bar);
    }
}

/// A problem in the form of docs/style: what failed, why, the state, one thing to do.
fn render(label: &str, style: Style, problem: &Problem) -> String {
    let mut text = format!("{style}{label}{style:#}: {}\n", escape(&problem.message));
    for cause in &problem.causes {
        text.push_str(&format!("  caused by: {}\n", escape(cause)));
    }
    if let Some(note) = &problem.note {
        text.push_str(&format!("  {ASIDE}note{ASIDE:#}: {}\n", escape(note)));
    }
    if let Some(hint) = &problem.hint {
        text.push_str(&format!("  {ASIDE}hint{ASIDE:#}: {}\n", escape(hint)));
    }
    text
}

/// What a file costs besides its bytes: as much as so many bytes more. A request is never free, and time left
/// that goes by bytes alone stands at nothing while thousands of small files follow a large one.
const FILE_COST: u64 = 64 * 1024;

/// Draws what the engine tells.
pub(crate) struct Watch {
    printer: Arc<Printer>,
    stage: Mutex<Stage>,
}

/// How far a stage is.
struct Stage {
    files: (u64, u64),
    bytes: (u64, u64),
    begun: Instant,
}

impl Stage {
    fn new(files: u64, bytes: u64) -> Self {
        Self { files: (0, files), bytes: (0, bytes), begun: Instant::now() }
    }

    /// How long its bar is; `None` for one file of a size that nobody knows.
    fn units(&self) -> Option<u64> {
        match (self.files.1, self.bytes.1) {
            (1, 0) => None,
            (files, bytes) => Some(bytes + files * FILE_COST),
        }
    }
}

/// `12/212 files  0.4 MiB/1.3 MiB  812.0 KiB/s`, or `0.4 MiB  812.0 KiB/s` where nobody knows how much will come.
impl fmt::Display for Stage {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is shown with one decimal"
    )]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.bytes.0 as f64 / self.begun.elapsed().as_secs_f64().max(0.001);
        let (done, all, rate) = (Bytes(self.bytes.0), Bytes(self.bytes.1), Bytes(rate as u64));
        if self.units().is_none() {
            return write!(formatter, "{done}  {rate}/s");
        }
        write!(formatter, "{}/{} files  {done}/{all}  {rate}/s", self.files.0, self.files.1)
    }
}

impl Watch {
    pub(crate) fn new(printer: Arc<Printer>) -> Self {
        Self { printer, stage: Mutex::new(Stage::new(0, 0)) }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self, files: u64, bytes: u64) {
        let Some(bar) = self.printer.bar().clone() else { return };
        let mut stage = self.stage();
        stage.files.0 += files;
        stage.bytes.0 += bytes;
        bar.set_message(stage.to_string());
        bar.inc(bytes + files * FILE_COST);
    }
}

impl Reporter for Watch {
    fn event(&self, event: &Event<'_>) {
        match *event {
            Event::Stage { label, files, bytes } => {
                *self.stage() = Stage::new(files, bytes);
                let units = self.stage().units();
                self.printer.begin(label, units);
            }
            Event::Progress { files, bytes } => self.progress(files, bytes),
            Event::Outcome { name, action, reason } => {
                let wanted = if action == "skip" { Verbosity::Everything } else { Verbosity::Verbose };
                if self.printer.verbosity >= wanted {
                    self.printer.line(&format!("{action} {name}  ({reason})"));
                }
            }
            Event::StageEnd => {
                if let Some(bar) = self.printer.bar().take() {
                    bar.finish_and_clear();
                }
            }
            Event::Waiting { who, left } => {
                let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
                self.printer.line(&format!("waiting for {who}, at most {left}"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_known_size_is_shown_without_one() {
        let told = |all| Stage { bytes: (3 << 20, all), ..Stage::new(1, all) }.to_string();
        let rateless = |text: String| text.rsplit_once("  ").map(|(before, _)| before.to_owned());
        assert_eq!(rateless(told(0)).as_deref(), Some("3.0 MiB"));
        assert_eq!(rateless(told(6 << 20)).as_deref(), Some("0/1 files  3.0 MiB/6.0 MiB"));
    }
}
