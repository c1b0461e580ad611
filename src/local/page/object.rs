//! The page of an object: where it is served and with which headers, its digests, and the releases that name it.

use maud::{Markup, html};
use s3s::S3Result;

use super::folder::around;
use super::records::{App, Naming, RELEASES, Reader};
use super::{Page, address, moment, moment_of_seconds, release_link, status, trail};
use crate::local::acl;
use crate::local::disk::Disk;
use crate::local::object::{self, Object};
use crate::object::Role;
use crate::report::Bytes;
use crate::report::html::Column::Text;
use crate::report::html::{code, figures, problem, table, text};

/// Proofs of a customer's key are nobody's to see.
const CUSTOMER_KEY: &str = "x-amz-server-side-encryption-customer-key";

/// The page of one object.
pub(super) fn page(disk: &Disk, bucket: &str, key: &str, host: &str) -> S3Result<Page> {
    let object = disk.query(|index| object::get(index, bucket, key))?;
    let split = key.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, name) = key.split_at(split);
    let mut reader = Reader::new(disk, bucket);
    let apps = reader.apps(&around(folder))?;
    let named = reader.named(&apps, &[key], true)?.pop().unwrap_or_default();
    let shown = if name.is_empty() { "./" } else { name };
    let values = [
        ("size", html! { (Bytes(object.size)) }),
        ("modified (UTC)", moment(object.modified)),
        (
            "public by its ACL",
            html! { (if acl::is_public(&object.description.grants) { "yes" } else { "no" }) },
        ),
    ];
    let content = html! {
        (trail(bucket, folder, shown))
        h1 { (code(shown)) }
        (opened(bucket, key, host))
        (record(bucket, key))
        (figures(values))
        h2 { "Headers" }
        (pairs("Header", &headers(&object)))
        h2 { "Digests" }
        (pairs("Digest", &digests(&object, &named)))
        @if !object.description.tags.is_empty() { h2 { "Tags" } (pairs("Tag", &object.description.tags)) }
        h2 { "Releases" }
        @for unread in &reader.problems { (problem("warning", "told", unread)) }
        (releases(bucket, &object, &named, &apps))
    };
    Ok(Page { title: format!("{bucket}/{key}"), content })
}

fn opened(bucket: &str, key: &str, host: &str) -> Markup {
    html! {
        p { (code(&format!("s3://{bucket}/{key}"))) }
        @match address::file(bucket, key) {
            Some(file) => p { a href=(file) { (code(&format!("http://{host}{file}"))) } },
            None => p class="soft" { "No browser can ask for this name: it would be taken for a path." },
        }
    }
}

/// What is said of an object that is a document of ours.
fn record(bucket: &str, key: &str) -> Markup {
    html! {
        @match App::of_record(key) {
            Some((app, Some(id))) => p {
                "This is the record of release "
                (release_link(bucket, &app, &id)) "."
            },
            Some((app, None)) => p {
                "This says which "
                a href=(address::releases(bucket, &app, None)) { "release of " (code(app.name.as_str())) }
                " is live."
            },
            None => {},
        }
    }
}

/// As the object is served with them.
fn headers(object: &Object) -> Vec<(String, String)> {
    let served = object.description.served(&[]);
    let mut headers: Vec<(String, String)> = served
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with(CUSTOMER_KEY))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let metadata = &object.description.metadata;
    headers.extend(metadata.iter().map(|(name, value)| (format!("x-amz-meta-{name}"), value.clone())));
    headers.sort();
    headers
}

fn digests(object: &Object, named: &[Naming]) -> Vec<(String, String)> {
    let mut digests = vec![("ETag".to_owned(), object.etag.clone())];
    let checksums = &object.description.checksums;
    digests.extend(checksums.iter().map(|(algorithm, value)| (algorithm.as_str().to_owned(), value.clone())));
    if let Some(naming) = named.iter().find(|naming| naming.is_of(object)) {
        digests.push(("MD5 of the body".to_owned(), naming.recorded.body.clone()));
        digests.push(("MD5 before compression".to_owned(), naming.recorded.source.clone()));
    }
    let parts = object.description.parts.len();
    digests.extend((parts > 0).then(|| ("parts".to_owned(), parts.to_string())));
    digests
}

fn pairs(label: &str, pairs: &[(String, String)]) -> Markup {
    table(&[Text(label), Text("Value")], pairs.iter().map(|(name, value)| vec![text(name), code(value)]))
}

fn releases(bucket: &str, object: &Object, named: &[Naming], apps: &[App]) -> Markup {
    let rows = named.iter().map(|naming| {
        vec![
            release_link(bucket, &naming.app, &naming.id),
            text(naming.app.name.as_str()),
            status(naming.state),
            html! {
                (match naming.recorded.role {
                    Role::Hashed => "hashed",
                    Role::Plain => "plain",
                    Role::Manifest => "manifest",
                })
            },
            html! {
                @if naming.is_of(object) { "this one" } @else { "another, of " (Bytes(naming.recorded.size)) }
            },
            moment_of_seconds(naming.recorded.put_at),
        ]
    });
    let columns =
        [Text("Release"), Text("App"), Text("State"), Text("Kind"), Text("Body"), Text("Stored (UTC)")];
    html! {
        @if named.is_empty() {
            p class="soft" {
                @if apps.is_empty() { "Nobody recorded a release here." }
                @else { "None of the last " (RELEASES) " releases names it." }
            }
        } @else { (table(&columns, rows)) }
    }
}
