//! The page for a person: buckets, "directories" and objects with the headers they are served with. Plain HTML
//! without scripts; keys are only ever shown escaped.

use std::fmt::Write as _;

use http::{Method, Request, Response, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::{Body, S3Result};

use super::access::is_loopback;
use super::list::{Entry, Page, Query};
use super::{Endpoint, clock};

/// Where it is; `_` keeps it apart from buckets, whose names have none.
const ROOT: &str = "/_browse";
/// How many lines it has.
const LINES: usize = 1000;
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222;background:#fff}\
h1{font-size:1.2rem;word-break:break-all}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #e5e5e5;vertical-align:top}\
th{font-weight:600;color:#666}td.n{text-align:right;white-space:nowrap}td.k{word-break:break-all}\
a{color:#0b57d0;text-decoration:none}a:hover{text-decoration:underline}p{color:#666}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}th,td{border-color:#333}a{color:#8ab4f8}}";

/// What a browser asks the page for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// To be sent there.
    Redirect,
    /// The buckets.
    Buckets,
    /// What is in one.
    Bucket { name: String, prefix: String, after: Option<String> },
}

impl Asked {
    /// `None` is for the protocol: whatever is signed, and whatever is no page.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let here = text(header::HOST).is_some_and(|host| is_loopback(host) && !is_subdomain(host));
        if !here || request.method() != Method::GET || text(header::AUTHORIZATION).is_some() {
            return None;
        }
        let path = request.uri().path();
        if path == "/" && request.uri().query().is_none() {
            return text(header::ACCEPT)
                .filter(|accepts| accepts.contains("text/html"))
                .map(|_| Self::Redirect);
        }
        let name = path.strip_prefix(ROOT)?;
        let name = if name.is_empty() { name } else { name.strip_prefix('/')?.trim_end_matches('/') };
        if name.is_empty() {
            return Some(Self::Buckets);
        }
        let value = |name| parameter(request.uri().query().unwrap_or_default(), name);
        Some(Self::Bucket {
            name: decode(name),
            prefix: value("prefix").unwrap_or_default(),
            after: value("after"),
        })
    }
}

fn is_subdomain(host: &str) -> bool {
    !(host.starts_with("localhost") || host.starts_with("127.0.0.1"))
}

fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(decode))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The page, or what keeps it from being shown.
pub(super) async fn answer(endpoint: &Endpoint, asked: Asked) -> Response<Body> {
    let (title, body) = match asked {
        Asked::Redirect => return redirect(),
        Asked::Buckets => ("s3collect".to_owned(), buckets(endpoint).await),
        Asked::Bucket { name, prefix, after } => {
            (format!("{name}/{prefix}"), contents(endpoint, name, prefix, after).await)
        }
    };
    match body {
        Ok(body) => document(StatusCode::OK, &title, &body),
        Err(refused) => {
            let status = refused.status_code().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let message = refused.message().unwrap_or("It cannot be shown.");
            document(status, &title, &format!("<p>{}</p>", escape(message)))
        }
    }
}

fn redirect() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static("/_browse/"));
    response
}

fn document(status: StatusCode, title: &str, body: &str) -> Response<Body> {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\
         <body>{body}</body></html>\n"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

async fn buckets(endpoint: &Endpoint) -> S3Result<String> {
    let mut html = "<h1>Buckets</h1><table>".to_owned();
    let buckets = endpoint.buckets().await?;
    if buckets.is_empty() {
        html.push_str("<tr><td>There are none yet.</td></tr>");
    }
    for name in buckets.into_iter().filter_map(|bucket| bucket.name) {
        let _infallible = write!(html, "<tr><td><a href=\"{ROOT}/{name}\">{name}</a></td></tr>");
    }
    html.push_str("</table>");
    Ok(html)
}

async fn contents(
    endpoint: &Endpoint,
    bucket: String,
    prefix: String,
    after: Option<String>,
) -> S3Result<String> {
    let query = Query {
        bucket: bucket.clone(),
        prefix: prefix.clone(),
        delimiter: "/".to_owned(),
        after,
        limit: LINES,
    };
    let page = endpoint.page(query).await?;
    let mut html = format!("<h1>{}</h1>", trail(&bucket, &prefix));
    html.push_str(
        "<table><tr><th>Name<th>Size<th>Content type<th>Encoding<th>Cache control<th>Modified (UTC)</tr>",
    );
    for entry in &page.entries {
        html.push_str(&line(&bucket, &prefix, entry));
    }
    html.push_str("</table>");
    html.push_str(&foot(&bucket, &prefix, &page));
    Ok(html)
}

fn foot(bucket: &str, prefix: &str, page: &Page) -> String {
    match page.entries.last() {
        None => "<p>There is nothing here.</p>".to_owned(),
        Some(last) if page.truncated => {
            let after = utf8_percent_encode(last.name(), NON_ALPHANUMERIC);
            let here = browse(bucket, prefix);
            let sign = if prefix.is_empty() { '?' } else { '&' };
            format!("<p><a href=\"{}\">More</a></p>", escape(&format!("{here}{sign}after={after}")))
        }
        Some(_) => String::new(),
    }
}

/// The way to where one is, each step a link.
fn trail(bucket: &str, prefix: &str) -> String {
    let mut html =
        format!("<a href=\"{ROOT}/\">Buckets</a> / <a href=\"{ROOT}/{bucket}\">{}</a>", escape(bucket));
    let mut end = 0;
    for step in prefix.split_inclusive('/') {
        end += step.len();
        let link = escape(&browse(bucket, &prefix[..end]));
        let _infallible = write!(html, " / <a href=\"{link}\">{}</a>", escape(step.trim_end_matches('/')));
    }
    html
}

fn browse(bucket: &str, prefix: &str) -> String {
    if prefix.is_empty() {
        return format!("{ROOT}/{bucket}");
    }
    format!("{ROOT}/{bucket}?prefix={}", utf8_percent_encode(prefix, NON_ALPHANUMERIC))
}

fn line(bucket: &str, prefix: &str, entry: &Entry) -> String {
    let name = escape(entry.name().strip_prefix(prefix).unwrap_or(entry.name()));
    match entry {
        Entry::Prefix(path) => {
            let link = escape(&browse(bucket, path));
            format!("<tr><td class=\"k\"><a href=\"{link}\">{name}</a><td><td><td><td><td></tr>")
        }
        Entry::Object(key, object) => {
            let link = format!("/{bucket}/{}", utf8_percent_encode(key, IN_PATH));
            let header = |name: &str| escape(object.description.headers.get(name).map_or("", String::as_str));
            let modified = time::OffsetDateTime::from(clock::timestamp(object.modified));
            let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
            format!(
                "<tr><td class=\"k\"><a href=\"{link}\">{name}</a><td class=\"n\">{}<td>{}<td>{}<td>{}<td>{}</tr>",
                readable(object.size),
                header("content-type"),
                header("content-encoding"),
                header("cache-control"),
                modified.format(format).unwrap_or_default()
            )
        }
    }
}

/// Bytes for a person: `1.3 MiB`.
fn readable(bytes: u64) -> String {
    let mut unit = 0;
    let mut tenths = bytes.saturating_mul(10);
    while tenths >= 10_240 && unit < 4 {
        tenths /= 1024;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, ["B", "KiB", "MiB", "GiB", "TiB"][unit]),
    }
}

/// Text as HTML, control characters made visible.
fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            control if control.is_control() => html.extend(control.escape_default()),
            plain => html.push(plain),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(target: &str, headers: &[(&str, &str)]) -> Option<Asked> {
        let mut request = Request::get(target).header("host", "127.0.0.1:9000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Asked::of(&request.body(()).unwrap())
    }

    #[test]
    fn only_a_browser_is_shown_the_page() {
        assert_eq!(asked("/", &[("accept", "text/html,*/*")]), Some(Asked::Redirect));
        assert_eq!(asked("/", &[("accept", "*/*")]), None);
        assert_eq!(asked("/", &[("accept", "text/html"), ("authorization", "AWS4")]), None);
        assert_eq!(asked("/?X-Amz-Signature=1", &[("accept", "text/html")]), None);
        assert_eq!(asked("/_browse", &[]), Some(Asked::Buckets));
        assert_eq!(asked("/_browse/acme", &[]), asked("/_browse/acme/", &[]));
        assert_eq!(asked("/_browser/x", &[]), None);
        assert_eq!(asked("/bucket/key", &[("accept", "text/html")]), None);
        let bucket = Asked::Bucket {
            name: "acme".to_owned(),
            prefix: "a b/../".to_owned(),
            after: Some("a b/../k&".to_owned()),
        };
        assert_eq!(asked("/_browse/acme?prefix=a%20b%2F..%2F&after=a%20b/../k%26", &[]), Some(bucket));
    }

    #[test]
    fn keys_cannot_break_out() {
        assert_eq!(
            escape("<img src=\"x\" onerror='y'>&\u{1}"),
            "&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;\\u{1}"
        );
        assert_eq!(browse("acme", "\"><script>/"), "/_browse/acme?prefix=%22%3E%3Cscript%3E%2F");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(
            [0, 1023, 1024, 1536, 1_363_149, 5 << 40].map(readable),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.3 MiB", "5.0 TiB"]
        );
    }
}
