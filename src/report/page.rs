//! The page of `push --report`: one self-contained document on what a push did, and why. Takes a summary, gives text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::error::Problem;

use super::{Bytes, StepSummary, Summary, cost, count, escape};

/// The most rows of the table of what was put.
const ROWS: usize = 1000;
/// How many of the largest objects are shown.
const LARGEST: usize = 20;
const STYLE: &str = include_str!("page.css");

/// Objects that have something in common.
#[derive(Debug, Default, Clone, Copy)]
struct Group {
    objects: u64,
    /// Bytes before compression.
    size: u64,
    /// Bytes as stored; those before compression where that is not known.
    stored: u64,
}

/// A push as a page that needs nothing besides.
#[must_use]
pub fn page(summary: &Summary) -> String {
    let all: Vec<&StepSummary> = summary.steps.iter().collect();
    let put: Vec<&StepSummary> = all.iter().copied().filter(|step| step.action == "put").collect();
    let title = format!("s3collect {} → {}", summary.verb, summary.target());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (escape(&title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (escape(&title)) }
                p class=(if summary.ok { "good" } else { "bad" }) { (outcome(summary)) }
                (figures(summary))
                (problems(summary))
                (invalidation(summary))
                (by_group("Why", "reason", &put, |step| Some(kind(&step.reason))))
                (by_group("Sizes by type", "type", &all, |step| step.content_type.as_deref()))
                (by_group("Cache headers", "Cache-Control", &all, |step| step.cache_control.as_deref()))
                (largest(&all))
                (requests(summary))
                (what_was_put(summary, &put))
            }
        }
    }
    .into_string()
}

fn outcome(summary: &Summary) -> &'static str {
    match (summary.ok, summary.interrupted, summary.dry_run) {
        (true, _, true) => "a dry run: nothing was changed",
        (true, _, false) => "done",
        (false, true, _) => "interrupted",
        (false, false, _) => "not done",
    }
}

fn figures(summary: &Summary) -> Markup {
    let figure = |name: &str, value: String| {
        html! { div { dt { (name) } dd { (value) } } }
    };
    let saved = Group::of(summary.steps.iter().filter(|step| step.action == "put"));
    html! {
        dl {
            (figure("assets", summary.assets.to_string()))
            (figure(if summary.dry_run { "to put" } else { "put" }, summary.put.to_string()))
            (figure("unchanged", summary.skipped.to_string()))
            @if summary.failed > 0 { (figure("failed", summary.failed.to_string())) }
            @if summary.not_tried > 0 { (figure("not tried", summary.not_tried.to_string())) }
            (figure("sources", Bytes(summary.bytes_source).to_string()))
            @if summary.put > 0 {
                (figure("put, before compression", Bytes(saved.size).to_string()))
                (figure("put, as stored", Bytes(summary.bytes_put).to_string()))
            }
            @if let Some(manifest) = &summary.manifest { (figure("manifest", manifest.state.to_string())) }
            (figure("seconds", format!("{:.1}", summary.elapsed_seconds)))
        }
        @if let Some(release) = &summary.release {
            p class="soft" { "Release " code { (escape(release)) } }
        }
    }
}

fn problems(summary: &Summary) -> Markup {
    let told = |label: &str, class: &str, problem: &Problem| {
        html! {
            div class=(class) {
                strong { (label) ": " } (escape(&problem.message))
                @for cause in &problem.causes { p class="soft" { "caused by: " (escape(cause)) } }
                @if let Some(note) = &problem.note { p class="soft" { "note: " (escape(note)) } }
                @if let Some(hint) = &problem.hint { p class="soft" { "hint: " (escape(hint)) } }
            }
        }
    };
    html! {
        @for problem in &summary.errors { (told("error", "told bad", problem)) }
        @for problem in &summary.warnings { (told("warning", "told", problem)) }
        @if let Some(note) = &summary.note {
            div class="told" { strong { "note: " } (escape(note)) }
        }
    }
}

/// What CloudFront was told, where it was told anything.
fn invalidation(summary: &Summary) -> Markup {
    html! {
        @if let Some(told) = &summary.invalidation {
            h2 { "Caches" }
            p { (escape(&told.to_string())) }
            ul {
                @for path in told.paths.iter().take(ROWS) { li { code { (escape(path)) } } }
            }
            @if let Some(more @ 1..) = told.paths.len().checked_sub(ROWS) {
                p class="soft" { "and " (more) " more; " code { "--json" } " has them all" }
            }
        }
    }
}

fn what_was_put(summary: &Summary, put: &[&StepSummary]) -> Markup {
    let heading = if summary.dry_run { "What would be put, and why" } else { "What was put, and why" };
    html! {
        h2 { (heading) }
        @if put.is_empty() {
            p class="soft" { "Nothing." }
        } @else {
            div class="wide" {
                table {
                    tr {
                        th { "key" } th { "why" } th class="number" { "size" } th class="number" { "stored" }
                        th { "type" } th { "encoding" } th { "Cache-Control" }
                    }
                    @for step in put.iter().take(ROWS) {
                        tr {
                            td { code { (escape(&step.key)) } }
                            td { (escape(&step.reason)) }
                            td class="number" { (Bytes(step.size)) }
                            td class="number" { @if let Some(size) = step.stored_size { (Bytes(size)) } }
                            td { (shown(step.content_type.as_deref())) }
                            td { (shown(step.content_encoding.as_deref())) }
                            td { (shown(step.cache_control.as_deref())) }
                        }
                    }
                }
            }
            @if let Some(more @ 1..) = put.len().checked_sub(ROWS) {
                p class="soft" { "and " (more) " more; " code { "--json" } " has them all" }
            }
        }
    }
}

/// A reason without what is particular to one object.
fn kind(reason: &str) -> &str {
    match reason.split_once(": ") {
        Some(("size differs", _)) => "size differs",
        _ => reason,
    }
}

/// Objects by what they have in common.
fn by_group<'a>(
    heading: &str,
    label: &str,
    steps: &[&'a StepSummary],
    value: impl Fn(&'a StepSummary) -> Option<&'a str>,
) -> Markup {
    let mut groups: BTreeMap<&str, Vec<&StepSummary>> = BTreeMap::new();
    for step in steps {
        groups.entry(value(step).unwrap_or_default()).or_default().push(step);
    }
    let mut groups: Vec<(&str, Group)> =
        groups.into_iter().map(|(value, steps)| (value, Group::of(steps.into_iter()))).collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.stored));
    html! {
        @if !groups.is_empty() {
            h2 { (heading) }
            div class="wide" {
                table {
                    tr {
                        th { (label) } th class="number" { "objects" } th class="number" { "size" }
                        th class="number" { "stored" } th class="number" { "of it" }
                    }
                    @for (value, group) in &groups {
                        tr {
                            td { @if value.is_empty() { span class="soft" { "none" } } @else { (escape(value)) } }
                            td class="number" { (group.objects) }
                            td class="number" { (Bytes(group.size)) }
                            td class="number" { (Bytes(group.stored)) }
                            td class="number" { (group.share()) }
                        }
                    }
                }
            }
        }
    }
}

fn largest(steps: &[&StepSummary]) -> Markup {
    let mut steps = steps.to_vec();
    steps.sort_by(|left, right| stored(right).cmp(&stored(left)).then_with(|| left.key.cmp(&right.key)));
    html! {
        @if !steps.is_empty() {
            h2 { "Largest objects" }
            div class="wide" {
                table {
                    tr { th { "key" } th class="number" { "size" } th class="number" { "stored" } th { "encoding" } }
                    @for step in steps.iter().take(LARGEST) {
                        tr {
                            td { code { (escape(&step.key)) } }
                            td class="number" { (Bytes(step.size)) }
                            td class="number" { (Bytes(stored(step))) }
                            td { (shown(step.content_encoding.as_deref())) }
                        }
                    }
                }
            }
        }
    }
}

fn requests(summary: &Summary) -> Markup {
    html! {
        @if !summary.requests.is_empty() {
            h2 { "Requests" }
            div class="wide" {
                table {
                    tr { th { "operation" } th class="number" { "requests" } }
                    @for (operation, number) in &summary.requests {
                        tr { td { (operation) } td class="number" { (number) } }
                    }
                }
            }
            p class="soft" {
                (count(summary.requests.values().sum(), "request", "requests")) ", "
                (format!("${:.4}", cost(&summary.requests)))
                " at the listed prices of S3 Standard in us-east-1"
            }
        }
    }
}

fn shown(value: Option<&str>) -> Cow<'_, str> {
    value.map(escape).unwrap_or_default()
}

fn stored(step: &StepSummary) -> u64 {
    step.stored_size.unwrap_or(step.size)
}

impl Group {
    fn of<'a>(steps: impl Iterator<Item = &'a StepSummary>) -> Self {
        steps.fold(Self::default(), |group, step| Self {
            objects: group.objects + 1,
            size: group.size + step.size,
            stored: group.stored + stored(step),
        })
    }

    /// What compression leaves of it.
    fn share(self) -> String {
        match self.stored.saturating_mul(100).checked_div(self.size) {
            Some(percent) => format!("{percent} %"),
            None => String::new(),
        }
    }
}
