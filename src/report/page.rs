//! The page of `push --report`: one self-contained document on what a push did, and why. Takes a summary, gives text.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::html::Column::{Number, Text};
use super::html::{code, document, figures, problem, table, text};
use super::{Bytes, ManifestSummary, StepSummary, Summary, cost, count, escape};

/// The most rows of the table of what was put.
const ROWS: usize = 1000;
/// How many of the largest objects are shown.
const LARGEST: usize = 20;

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
    let content = html! {
        h1 { (escape(&title)) }
        p class=(if summary.ok { "good" } else { "bad" }) { (outcome(summary)) }
        (numbers(summary))
        (problems(summary))
        (invalidation(summary))
        (by_group("Why", "reason", &put, |step| Some(kind(&step.reason))))
        (by_group("Sizes by type", "type", &all, |step| step.content_type.as_deref()))
        (by_group("Cache headers", "Cache-Control", &all, |step| step.cache_control.as_deref()))
        (largest(&all))
        (requests(summary))
        (what_was_put(summary, &put))
    };
    document(&title, &content)
}

fn outcome(summary: &Summary) -> &'static str {
    match (summary.ok, summary.interrupted, summary.dry_run) {
        (true, _, true) => "a dry run: nothing was changed",
        (true, _, false) => "done",
        (false, true, _) => "interrupted",
        (false, false, _) => "not done",
    }
}

fn numbers(summary: &Summary) -> Markup {
    let saved = Group::of(summary.steps.iter().filter(|step| step.action == "put"));
    let mut shown = vec![
        ("assets", summary.assets.to_string()),
        (if summary.dry_run { "to put" } else { "put" }, summary.put.to_string()),
        ("unchanged", summary.skipped.to_string()),
    ];
    let rare = [("failed", summary.failed), ("not tried", summary.not_tried)];
    shown.extend(rare.into_iter().filter(|(_, number)| *number > 0).map(|(name, n)| (name, n.to_string())));
    shown.push(("sources", Bytes(summary.bytes_source).to_string()));
    if summary.put > 0 {
        shown.push(("put, before compression", Bytes(saved.size).to_string()));
        shown.push(("put, as stored", Bytes(summary.bytes_put).to_string()));
    }
    let state =
        |manifest: &ManifestSummary| manifest.state.to_string().trim_start_matches("manifest ").to_owned();
    shown.extend(summary.manifest.iter().map(|manifest| ("manifest", state(manifest))));
    shown.push(("seconds", format!("{:.1}", summary.elapsed_seconds)));
    html! {
        (figures(shown.into_iter().map(|(name, value)| (name, text(&value)))))
        @if let Some(release) = &summary.release { p class="soft" { "Release " (code(release)) } }
    }
}

fn problems(summary: &Summary) -> Markup {
    html! {
        @for error in &summary.errors { (problem("error", "told bad", error)) }
        @for warning in &summary.warnings { (problem("warning", "told", warning)) }
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
    let columns = [
        Text("key"),
        Text("why"),
        Number("size"),
        Number("stored"),
        Text("type"),
        Text("encoding"),
        Text("Cache-Control"),
    ];
    let rows = put.iter().take(ROWS).map(|step| {
        vec![
            code(&step.key),
            text(&step.reason),
            bytes(step.size),
            step.stored_size.map(bytes).unwrap_or_default(),
            shown(step.content_type.as_deref()),
            shown(step.content_encoding.as_deref()),
            shown(step.cache_control.as_deref()),
        ]
    });
    html! {
        h2 { (heading) }
        @if put.is_empty() {
            p class="soft" { "Nothing." }
        } @else {
            (table(&columns, rows))
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
    let columns = [Text(label), Number("objects"), Number("size"), Number("stored"), Number("of it")];
    let rows = groups.iter().map(|(value, group)| {
        let value = if value.is_empty() {
            html! { span class="soft" { "none" } }
        } else {
            text(value)
        };
        let objects = html! { (group.objects) };
        vec![value, objects, bytes(group.size), bytes(group.stored), text(&group.share())]
    });
    html! {
        @if !groups.is_empty() { h2 { (heading) } (table(&columns, rows)) }
    }
}

fn largest(steps: &[&StepSummary]) -> Markup {
    let mut steps = steps.to_vec();
    steps.sort_by(|left, right| stored(right).cmp(&stored(left)).then_with(|| left.key.cmp(&right.key)));
    let columns = [Text("key"), Number("size"), Number("stored"), Text("encoding")];
    let rows = steps.iter().take(LARGEST).map(|step| {
        vec![code(&step.key), bytes(step.size), bytes(stored(step)), shown(step.content_encoding.as_deref())]
    });
    html! {
        @if !steps.is_empty() { h2 { "Largest objects" } (table(&columns, rows)) }
    }
}

fn requests(summary: &Summary) -> Markup {
    let rows = summary.requests.iter().map(|(operation, number)| vec![text(operation), html! { (number) }]);
    html! {
        @if !summary.requests.is_empty() {
            h2 { "Requests" }
            (table(&[Text("operation"), Number("requests")], rows))
            p class="soft" {
                (count(summary.requests.values().sum(), "request", "requests")) ", "
                (format!("${:.4}", cost(&summary.requests)))
                " at the listed prices of S3 Standard in us-east-1"
            }
        }
    }
}

fn shown(value: Option<&str>) -> Markup {
    value.map(text).unwrap_or_default()
}

fn bytes(number: u64) -> Markup {
    html! { (Bytes(number)) }
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
