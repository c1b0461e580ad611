//! The one printer: what goes to stdout and stderr, in colour or not, and the progress bar.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use s3collect::error::{Exit, Problem};
use s3collect::report::{Event, Reporter};
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
}

impl Printer {
    pub(crate) fn new(verbosity: Verbosity, color: ColorChoice) -> Self {
        let show_bar = verbosity > Verbosity::Quiet && io::stderr().is_terminal();
        Self { verbosity, color, bar: Mutex::new(None), show_bar }
    }

    /// Data, to stdout. The error of a pipe whose reader has gone is the caller's to end quietly on.
    pub(crate) fn data(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// A document, to stdout, for programs: indented, with a newline at its end.
    pub(crate) fn json(&self, document: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        self.data(&text)
    }

    /// Errors of a verb that has nothing else to tell: on stderr, and as a document where one is wanted.
    pub(crate) fn failed(&self, problems: &[Problem], as_json: bool) -> io::Result<Exit> {
        self.errors(problems);
        if as_json {
            self.json(&json!({ "errors": problems }))?;
        }
        Ok(problems.iter().map(|problem| problem.exit).max().unwrap_or(Exit::Failed))
    }

    /// One line for people, unless they want quiet.
    pub(crate) fn line(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.stderr(&format!("{}\n", escape(text)));
        }
    }

    /// A note on the state things are in, after errors; said even to those who want quiet.
    pub(crate) fn note(&self, text: &str) {
        self.stderr(&format!("{ASIDE}note{ASIDE:#}: {}\n", escape(text)));
    }

    /// Errors: the first few whole, the number of the others.
    pub(crate) fn errors(&self, problems: &[Problem]) {
        self.problems("error", ERROR, problems);
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

    fn bar(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, label: &'static str, files: u64, bytes: u64) {
        if !self.show_bar || files == 0 {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(10));
        let template = "{prefix} [{bar:30}] {msg}  {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(label);
        bar.set_message(format!("0/{files} files"));
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

/// Control characters, and those that turn the direction of text, made harmless for a terminal.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        let turns =
            matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || character.is_control() {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Draws what the engine tells.
pub(crate) struct Watch {
    printer: std::sync::Arc<Printer>,
    files: Mutex<(u64, u64)>,
}

impl Watch {
    pub(crate) fn new(printer: std::sync::Arc<Printer>) -> Self {
        Self { printer, files: Mutex::new((0, 0)) }
    }

    fn progress(&self, files: u64, bytes: u64) {
        let Some(bar) = self.printer.bar().clone() else { return };
        bar.inc(bytes);
        if files > 0 {
            let mut counted = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            counted.0 += files;
            bar.set_message(format!("{}/{} files", counted.0, counted.1));
        }
    }
}

impl Reporter for Watch {
    fn event(&self, event: &Event<'_>) {
        match *event {
            Event::Stage { label, files, bytes } => {
                *self.files.lock().unwrap_or_else(PoisonError::into_inner) = (0, files);
                self.printer.begin(label, files, bytes);
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
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_file_name_reaches_the_terminal_raw() {
        assert_eq!(escape("a\u{1b}[31m\nb\u{202e}é"), "a\\u{1b}[31m\\u{a}b\\u{202e}é");
    }
}
