//! The pages for a person: buckets, folders, objects and the releases that name them. Plain HTML without scripts, in the
//! style of the page of `push --report`; whatever somebody else chose is only ever shown escaped. Only reads.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderValue, Response, StatusCode, header};
use maud::{Markup, html};
use s3s::{Body, S3Error, S3Result};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::disk::Disk;
use super::{Endpoint, bucket, clock, list, refusal};
use crate::release::ReleaseId;
use crate::report::Bytes;
use crate::report::html::Column::{Number, Text};
use crate::report::html::{STYLE, code, document, table, text};

mod address;
mod changes;
mod folder;
mod object;
mod records;
mod release;

pub(super) use address::Asked;
use address::Inside;
use records::App;

/// Objects are counted as far as this.
const COUNTED: u64 = 10_000;

/// Pages are made one after the other, so that what they read of records is in memory once.
static TURN: Semaphore = Semaphore::const_new(1);

/// Nothing is fetched, nothing runs, and no other page shows it in a frame.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = BASE64.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// A page without what all have.
struct Page {
    title: String,
    content: Markup,
}

/// The page, or what keeps it from being shown.
pub(super) async fn answer(endpoint: &Endpoint, asked: Asked) -> Response<Body> {
    if asked == Asked::Redirect {
        return redirect();
    }
    let turn = TURN.acquire().await;
    let made = endpoint.disk.run(move |disk| {
        let _turn = turn;
        page(disk, asked)
    });
    match made.await {
        Ok(page) => response(StatusCode::OK, &page),
        Err(refused) => {
            let status = refused.status_code().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response(status, &refusal_page(&refused))
        }
    }
}

fn page(disk: &Disk, asked: Asked) -> S3Result<Page> {
    let Asked::Inside { bucket, host, page } = asked else { return buckets(disk) };
    match page {
        Inside::Folder { prefix, after } => folder::page(disk, &bucket, &prefix, after),
        Inside::Object(key) => object::page(disk, &bucket, &key, &host),
        Inside::Releases { app, before } => release::list(disk, &bucket, &app, before.as_deref()),
        Inside::Release { app, id, kind, after } => {
            release::page(disk, &bucket, &app, &id, release::Part { kind, after: after.as_deref() })
        }
        Inside::Nothing => Err(refusal::no_such_key()),
    }
}

fn redirect() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/_browse/"));
    response
}

fn response(status: StatusCode, page: &Page) -> Response<Body> {
    let mut response = Response::new(Body::from(document(&page.title, &page.content)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal_page(refused: &S3Error) -> Page {
    let message = refused.message().unwrap_or("It cannot be shown.");
    let content = html! {
        nav aria-label="Path" { a href=(address::buckets()) { "Buckets" } }
        h1 { (text(message)) }
        p class="soft" { (code(refused.code().as_str())) }
    };
    Page { title: message.to_owned(), content }
}

fn buckets(disk: &Disk) -> S3Result<Page> {
    let mut rows = Vec::new();
    for (name, created) in disk.query(bucket::names)? {
        let (objects, bytes) = total(disk, &name, "")?;
        let link = html! { a href=(address::folder(&name, "", None)) { (code(&name)) } };
        rows.push(vec![link, objects, bytes, moment(created)]);
    }
    let columns = [Text("Bucket"), Number("Objects"), Number("Size"), Text("Created (UTC)")];
    let content = html! {
        h1 { "Buckets" }
        @if rows.is_empty() { p class="soft" { "There are none yet." } } @else { (table(&columns, rows)) }
    };
    Ok(Page { title: "s3collect".to_owned(), content })
}

/// How many objects are below a prefix, and their size; as far as they are counted.
fn total(disk: &Disk, bucket: &str, prefix: &str) -> S3Result<(Markup, Markup)> {
    let count = |index: &rusqlite::Connection| {
        list::total(index, (bucket, prefix), COUNTED + 1).map_err(refusal::index)
    };
    let (objects, bytes) = disk.query(count)?;
    Ok(match objects > COUNTED {
        true => (html! { "over " (COUNTED) }, html! { "over " (Bytes(bytes)) }),
        false => (html! { (objects) }, html! { (Bytes(bytes)) }),
    })
}

/// The way to where one is, each step a link; what is `here` is none.
fn trail(bucket: &str, prefix: &str, here: &str) -> Markup {
    let mut end = 0;
    let steps: Vec<(String, &str)> = prefix
        .split_inclusive('/')
        .map(|step| {
            end += step.len();
            (address::folder(bucket, &prefix[..end], None), step)
        })
        .collect();
    html! {
        nav aria-label="Path" {
            a href=(address::buckets()) { "Buckets" } " / "
            @if prefix.is_empty() && here.is_empty() {
                strong aria-current="page" { (text(bucket)) }
            } @else {
                a href=(address::folder(bucket, "", None)) { (text(bucket)) }
            }
            @for (index, (link, step)) in steps.iter().enumerate() {
                " / "
                @if here.is_empty() && index + 1 == steps.len() {
                    strong aria-current="page" { (code(step.trim_end_matches('/'))) }
                } @else {
                    a href=(link) { (code(step.trim_end_matches('/'))) }
                }
            }
            @if !here.is_empty() { " / " strong aria-current="page" { (code(here)) } }
        }
    }
}

/// A link to a release, by its id.
fn release_link(bucket: &str, app: &App, id: &ReleaseId) -> Markup {
    html! { a class="id" href=(address::release(bucket, app, id, None, None)) { (code(id.as_str())) } }
}

/// What a release is, in a word.
fn status(state: &'static str) -> Markup {
    html! {
        @if state == "published" { span class="good" { "live" } } @else { (state) }
    }
}

/// A time for a person, UTC.
fn moment(milliseconds: i64) -> Markup {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let moment =
        time::OffsetDateTime::from(clock::timestamp(milliseconds)).format(format).unwrap_or_default();
    html! { time datetime=(format!("{moment}Z")) { (moment) } }
}

/// The same of seconds, as records have them.
fn moment_of_seconds(seconds: u64) -> Markup {
    moment(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000))
}
