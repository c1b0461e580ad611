//! The pages of releases: those of an app, and what one of them changed against the one before it.

use std::collections::BTreeMap;

use maud::{Markup, html};
use s3s::S3Result;

use super::changes::{Change, Kind, changes, counts};
use super::folder::location;
use super::records::{App, Listed, RELEASES, Reader};
use super::{Page, address, moment, release_link, status, trail};
use crate::local::disk::Disk;
use crate::local::object;
use crate::local::refusal;
use crate::release::{Record, ReleaseId};
use crate::report::Bytes;
use crate::report::html::Column::{Number, Text};
use crate::report::html::{code, figures, problem, table, text};

/// How many names a page has.
const NAMES: usize = 1000;

/// Which of the changes are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    /// Only these; all but what stayed the same where it is not said.
    pub(super) kind: Option<Kind>,
    /// Only names behind it.
    pub(super) after: Option<&'a str>,
}

/// The page of the releases of an app, the last first.
pub(super) fn list(disk: &Disk, bucket: &str, app: &App, before: Option<&str>) -> S3Result<Page> {
    disk.query(|index| object::require_bucket(index, bucket))?;
    let mut reader = Reader::new(disk, bucket);
    let pointer = reader.pointer(app)?;
    let listed = reader.listed(app, before, RELEASES + 1)?;
    let mut rows = Vec::new();
    let mut newer: Option<(&Listed, Record)> = None;
    for older in &listed {
        let record = reader.record(app, older);
        if let Some((listed, newer)) = newer.take() {
            rows.push(line(
                bucket,
                app,
                (listed, pointer.state(&listed.id)),
                &newer,
                Before::of(record.as_ref()),
            ));
        }
        match record {
            Some(record) => newer = Some((older, record)),
            None => rows.push(unread(bucket, app, older, pointer.state(&older.id))),
        }
    }
    if let Some((listed, record)) = newer {
        rows.push(line(bucket, app, (listed, pointer.state(&listed.id)), &record, Before::Nothing));
    }
    rows.truncate(RELEASES);
    let columns = [
        Text("Release"),
        Text("State"),
        Text("Recorded (UTC)"),
        Number("Order"),
        Number("Objects"),
        Number("Size"),
        Text("Against the one before"),
    ];
    let content = html! {
        (trail(bucket, &app.location, "releases"))
        h1 { "Releases of " (code(app.name.as_str())) }
        p { a href=(address::folder(bucket, &app.location, None)) { (location(bucket, app)) } }
        @if let Some(claim) = &pointer.claim {
            div class="told" {
                strong { "at work: " } (text(&format!("{} {} by {}", claim.kind, claim.id, claim.by)))
            }
        }
        @for unread in &reader.problems { (problem("warning", "told", unread)) }
        @if rows.is_empty() { p class="soft" { "None is recorded." } } @else { (table(&columns, rows)) }
        @if let Some(last) = listed.get(RELEASES - 1).filter(|_| listed.len() > RELEASES) {
            nav aria-label="Pages" {
                a href=(address::releases(bucket, app, Some(last.id.as_str()))) { "Older releases" }
            }
        }
    };
    Ok(Page { title: format!("releases of {} in {bucket}/{}", app.name, app.location), content })
}

/// The release before one.
#[derive(Clone, Copy)]
enum Before<'a> {
    /// None is recorded.
    Nothing,
    /// One is, and cannot be read.
    Unread,
    /// This one.
    Record(&'a Record),
}

impl<'a> Before<'a> {
    fn of(record: Option<&'a Record>) -> Self {
        record.map_or(Self::Unread, Self::Record)
    }
}

fn line(
    bucket: &str,
    app: &App,
    (listed, state): (&Listed, &'static str),
    record: &Record,
    before: Before<'_>,
) -> Vec<Markup> {
    let against = match before {
        Before::Nothing => html! { span class="soft" { "the first that is recorded" } },
        Before::Unread => html! { span class="soft" { "not known" } },
        Before::Record(before) => text(&in_words(&counts(Some(before), record))),
    };
    let mut cells = unread(bucket, app, listed, state);
    cells.truncate(3);
    cells.push(record.order.map(|order| html! { (order) }).unwrap_or_default());
    cells.push(html! { (record.objects.len()) });
    cells.push(html! { (size(record)) });
    cells.push(html! {
        (against)
        @if let Some(restored) = &record.restores { "; restores " (release_link(bucket, app, restored)) }
    });
    cells
}

fn unread(bucket: &str, app: &App, listed: &Listed, state: &'static str) -> Vec<Markup> {
    let mut cells = vec![Markup::default(); 7];
    cells[0] = release_link(bucket, app, &listed.id);
    cells[1] = status(state);
    cells[2] = moment(listed.object.modified);
    cells
}

fn size(record: &Record) -> Bytes {
    Bytes(record.objects.values().fold(0, |sum, object| sum.saturating_add(object.size)))
}

/// `3 added, 1 removed`.
fn in_words(counts: &BTreeMap<Kind, u64>) -> String {
    let changed = counts.iter().filter(|(kind, number)| **kind != Kind::Same && **number > 0);
    let words: Vec<String> = changed.map(|(kind, number)| format!("{number} {}", kind.label())).collect();
    if words.is_empty() { "nothing changed".to_owned() } else { words.join(", ") }
}

/// The page of one release.
pub(super) fn page(disk: &Disk, bucket: &str, app: &App, id: &ReleaseId, part: Part<'_>) -> S3Result<Page> {
    let mut reader = Reader::new(disk, bucket);
    let Some(listed) = reader.find(app, id)? else {
        disk.query(|index| object::require_bucket(index, bucket))?;
        return Err(refusal::no_such_key());
    };
    let state = reader.pointer(app)?.state(id);
    let record = reader.record(app, &listed);
    let previous = reader.listed(app, Some(id.as_str()), 1)?.pop();
    let before = previous.as_ref().and_then(|previous| reader.record(app, previous));
    let content = html! {
        (trail(bucket, &app.location, id.as_str()))
        h1 { "Release " (code(id.as_str())) }
        p {
            (status(state)) " release of "
            a href=(address::releases(bucket, app, None)) { (code(app.name.as_str())) } " at "
            a href=(address::folder(bucket, &app.location, None)) { (location(bucket, app)) }
            ", recorded " (moment(listed.object.modified)) " UTC"
        }
        @for unread in &reader.problems { (problem("warning", "told", unread)) }
        @if let Some(record) = &record {
            (facts(bucket, app, record, previous.as_ref()))
            (contents(bucket, app, record, match &previous {
                None => Before::Nothing,
                Some(_) => Before::of(before.as_ref()),
            }, part))
        }
    };
    Ok(Page { title: format!("release {id} of {} in {bucket}/{}", app.name, app.location), content })
}

fn facts(bucket: &str, app: &App, record: &Record, previous: Option<&Listed>) -> Markup {
    html! {
        @if let Some(restored) = &record.restores { p { "A rollback: it restores " (release_link(bucket, app, restored)) "." } }
        @match previous {
            Some(previous) => p { "Compared with the release before it, " (release_link(bucket, app, &previous.id)) "." },
            None => p { "The first that is recorded, so that everything is new." },
        }
        @if let Some(order) = record.order { p { "Order " (order) "." } }
    }
}

fn contents(bucket: &str, app: &App, record: &Record, before: Before<'_>, part: Part<'_>) -> Markup {
    let old = match before {
        Before::Nothing => None,
        Before::Record(before) => Some(before),
        // Against itself nothing changes.
        Before::Unread => Some(record),
    };
    let counts = counts(old, record);
    let kind = part.kind.or(matches!(before, Before::Unread).then_some(Kind::Same));
    let linked = |kind: Kind| {
        html! {
            @if counts[&kind] == 0 { "0" }
            @else { a href=(address::release(bucket, app, &record.id, Some(kind), None)) { (counts[&kind]) } }
        }
    };
    let mut values = vec![("objects", html! { (record.objects.len()) }), ("size", html! { (size(record)) })];
    if !matches!(before, Before::Unread) {
        values.extend(Kind::ALL.map(|kind| (kind.label(), linked(kind))));
    }
    let wanted = |change: &Change<'_>| match kind {
        Some(kind) => change.kind == kind,
        None => change.kind != Kind::Same,
    };
    let behind = |change: &Change<'_>| part.after.is_none_or(|after| change.name > after);
    let mut shown: Vec<Change<'_>> =
        changes(old, record).filter(|change| wanted(change) && behind(change)).take(NAMES + 1).collect();
    let more = shown.len() > NAMES;
    shown.truncate(NAMES);
    html! {
        (figures(values))
        h2 { (heading(kind)) }
        @if part.kind.is_some() {
            p { a href=(address::release(bucket, app, &record.id, None, None)) { "All that changed" } }
        }
        @if kind == Some(Kind::Removed) || counts[&Kind::Removed] > 0 && kind.is_none() {
            p class="soft" { "What is removed is named no more; it stays in the bucket until " code { "s3collect gc" } " deletes it." }
        }
        @if shown.is_empty() { p class="soft" { "Nothing." } } @else { (rows(bucket, app, &shown)) }
        @if let Some(last) = shown.last().filter(|_| more) {
            nav aria-label="Pages" {
                a href=(address::release(bucket, app, &record.id, part.kind, Some(last.name))) { "More names" }
            }
        }
    }
}

fn heading(kind: Option<Kind>) -> &'static str {
    match kind {
        None => "What changed",
        Some(Kind::Added) => "Added",
        Some(Kind::Body) => "Changed body",
        Some(Kind::Headers) => "Changed headers",
        Some(Kind::Removed) => "Removed",
        Some(Kind::Same) => "Unchanged",
    }
}

fn rows(bucket: &str, app: &App, shown: &[Change<'_>]) -> Markup {
    let columns = [Text("Name"), Text("What"), Number("Size before"), Number("Size"), Text("Headers")];
    let rows = shown.iter().map(|change| {
        let key = format!("{}{}", app.location, change.name);
        vec![
            html! { a href=(address::object(bucket, &key)) { (code(change.name)) } },
            html! { (change.kind.label()) },
            change.before.map(|object| html! { (Bytes(object.size)) }).unwrap_or_default(),
            change.after.map(|object| html! { (Bytes(object.size)) }).unwrap_or_default(),
            text(&change.headers()),
        ]
    });
    table(&columns, rows)
}
