//! The summary as Markdown, for the page of a CI job.

use std::fmt::Write as _;

use crate::error::Problem;

use super::{Bytes, StepSummary, Summary, count, escape};

/// The most objects that are listed.
const LISTED: usize = 100;

/// A push in a few lines of GitHub's Markdown; ends with an empty line, so that more can follow.
#[must_use]
pub fn markdown(summary: &Summary) -> String {
    let mut text = format!("### {}\n\n", code(&format!("s3collect {} → {}", summary.verb, summary.target())));
    let outcome = if summary.ok { "" } else { "**not done:** " };
    let _ = write!(text, "{outcome}{}\n\n", html(&summary.to_string()));
    for (label, problems) in [("error", &summary.errors), ("warning", &summary.warnings)] {
        for problem in problems {
            let _ = writeln!(text, "- **{label}:** {}", told(problem));
        }
    }
    if let Some(note) = &summary.note {
        let _ = writeln!(text, "- **note:** {}", html(note));
    }
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
    if let Some(release) = &summary.release {
        let _ = write!(text, "Release {}\n\n", code(release));
    }
    if let Some(told) = &summary.invalidation {
        let _ = write!(text, "{}\n\n", html(&told.to_string()));
    }
    let put: Vec<&StepSummary> = summary.steps.iter().filter(|step| step.action == "put").collect();
    if !put.is_empty() {
        let words = if summary.dry_run { "to put" } else { "put" };
        let title = format!("{} {words}", count(put.len() as u64, "object", "objects"));
        let _ = write!(
            text,
            "<details><summary>{title}</summary>\n\n| name | why | size | stored |\n|---|---|--:|--:|\n"
        );
        for step in put.iter().take(LISTED) {
            let stored = step.stored_size.map(|size| Bytes(size).to_string()).unwrap_or_default();
            let (name, reason) = (code(&step.key), html(&step.reason));
            let _ = writeln!(text, "| {name} | {reason} | {} | {stored} |", Bytes(step.size));
        }
        if let Some(more @ 1..) = put.len().checked_sub(LISTED) {
            let _ = writeln!(text, "| and {more} more | | | |");
        }
        text.push_str("\n</details>\n\n");
    }
    text
}

fn told(problem: &Problem) -> String {
    let mut text = html(&problem.message);
    for cause in &problem.causes {
        let _ = write!(text, "; caused by: {}", html(cause));
    }
    if let Some(hint) = &problem.hint {
        let _ = write!(text, " (hint: {})", html(hint));
    }
    text
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", html(text))
}

/// As HTML, with nothing in it that Markdown or a table would take for its own.
fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in escape(text).chars() {
        if matches!(
            character,
            '&' | '<' | '>' | '"' | '\'' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#' | '@'
        ) {
            let _ = write!(safe, "&#{};", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}
