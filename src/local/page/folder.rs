//! The page of a folder: what is in it, so many names at once, and the releases of the locations around it.

use std::collections::BTreeSet;

use maud::{Markup, html};
use s3s::S3Result;

use super::records::{App, Naming, Reader};
use super::{Page, address, moment, release_link, total, trail};
use crate::local::disk::Disk;
use crate::local::list::{self, Entry, Query};
use crate::local::object::Object;
use crate::report::Bytes;
use crate::report::html::Column::{Number, Text};
use crate::report::html::{code, figures, problem, table, text};

/// How many names a page has.
const NAMES: usize = 1000;

/// The page of a folder, from a name on.
pub(super) fn page(disk: &Disk, bucket: &str, prefix: &str, after: Option<String>) -> S3Result<Page> {
    let query = Query {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        delimiter: "/".to_owned(),
        after,
        limit: NAMES,
    };
    let listed = disk.query(|index| list::list(index, &query))?;
    let (objects, bytes) = total(disk, bucket, prefix)?;
    let mut reader = Reader::new(disk, bucket);
    let around = reader.apps(&around(prefix))?;
    let keys: Vec<&str> = listed.entries.iter().map(Entry::name).collect();
    let named = reader.named(&around, &keys, false)?;
    let below = listed.entries.iter().filter_map(|entry| match entry {
        Entry::Prefix(prefix) => Some(prefix.clone()),
        Entry::Object(..) => None,
    });
    let below = reader.apps(&below.collect())?;
    let releases = releases(&mut reader, around.iter().chain(&below))?;
    let rows = listed.entries.iter().zip(&named).map(|(entry, named)| row(bucket, prefix, entry, named));
    let columns = [
        Text("Name"),
        Number("Size"),
        Text("Type"),
        Text("Encoding"),
        Text("Cache-Control"),
        Text("Modified (UTC)"),
        Text("Release"),
    ];
    let here = if prefix.is_empty() { bucket } else { prefix };
    let content = html! {
        (trail(bucket, prefix, ""))
        h1 { (code(here)) }
        (figures([("objects", objects), ("size", bytes)]))
        @if around.len() + below.len() > 0 {
            h2 { "Releases" }
            @for unread in &reader.problems { (problem("warning", "told", unread)) }
            (releases)
        }
        h2 { "Names" }
        @if listed.entries.is_empty() { p class="soft" { "There is nothing here." } } @else { (table(&columns, rows)) }
        (pages(bucket, &query, listed.entries.last().filter(|_| listed.truncated)))
    };
    Ok(Page { title: format!("{bucket}/{prefix}"), content })
}

/// The locations that a key below a prefix may belong to.
pub(super) fn around(prefix: &str) -> BTreeSet<String> {
    let ends = prefix.match_indices('/').map(|(index, _)| prefix[..=index].to_owned());
    ends.chain([String::new()]).collect()
}

fn releases<'a>(reader: &mut Reader<'_>, apps: impl Iterator<Item = &'a App>) -> S3Result<Markup> {
    let bucket = reader.bucket;
    let (mut rows, mut busy) = (Vec::new(), false);
    for app in apps {
        let pointer = reader.pointer(app)?;
        busy |= pointer.claim.is_some();
        let live = pointer.published.map(|live| live.id);
        rows.push(vec![
            html! { a href=(address::releases(bucket, app, None)) { (code(app.name.as_str())) } },
            html! { a href=(address::folder(bucket, &app.location, None)) { (location(bucket, app)) } },
            match live {
                Some(id) => release_link(bucket, app, &id),
                None => html! { span class="soft" { "none" } },
            },
            text(&pointer.claim.map(|claim| format!("{} by {}", claim.kind, claim.by)).unwrap_or_default()),
        ]);
    }
    let columns = [Text("App"), Text("Location"), Text("Live release"), Text("At work")];
    Ok(table(&columns[..if busy { 4 } else { 3 }], rows))
}

/// A location as it is shown.
pub(super) fn location(bucket: &str, app: &App) -> Markup {
    code(&format!("s3://{bucket}/{}", app.location))
}

fn row(bucket: &str, prefix: &str, entry: &Entry, named: &[Naming]) -> Vec<Markup> {
    let name = entry.name().strip_prefix(prefix).filter(|name| !name.is_empty()).unwrap_or("./");
    match entry {
        Entry::Prefix(path) => {
            let mut cells = vec![Markup::default(); 7];
            cells[0] = html! { a href=(address::folder(bucket, path, None)) { (code(name)) } };
            cells
        }
        Entry::Object(key, object) => {
            let header = |name: &str| {
                object.description.headers.get(name).map(|value| text(value)).unwrap_or_default()
            };
            vec![
                html! { a href=(address::object(bucket, key)) { (code(name)) } },
                html! { (Bytes(object.size)) },
                header("content-type"),
                header("content-encoding"),
                header("cache-control"),
                moment(object.modified),
                releases_of(bucket, object, named),
            ]
        }
    }
}

/// The releases that an object belongs to, one for each app.
fn releases_of(bucket: &str, object: &Object, named: &[Naming]) -> Markup {
    html! {
        @for (index, naming) in named.iter().enumerate() {
            @if index > 0 { br; }
            @if naming.app.name.as_str() != "default" { (text(naming.app.name.as_str())) ": " }
            @if naming.state == "published" {
                a href=(address::release(bucket, &naming.app, &naming.id, None, None)) { "live" }
            } @else { (release_link(bucket, &naming.app, &naming.id)) }
            @if !naming.is_of(object) { " " span class="bad" { "(changed since)" } }
        }
    }
}

fn pages(bucket: &str, query: &Query, last: Option<&Entry>) -> Markup {
    html! {
        @if query.after.is_some() || last.is_some() {
            nav aria-label="Pages" {
                @if query.after.is_some() {
                    a href=(address::folder(bucket, &query.prefix, None)) { "First names" } " "
                }
                @if let Some(last) = last {
                    a href=(address::folder(bucket, &query.prefix, Some(last.name()))) { "More names" }
                }
            }
        }
    }
}
