//! Where each page is, and what a browser asks for: addresses made and read in one place. Pure.

use http::{Method, Request, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::changes::Kind;
use super::records::App;
use crate::local::access::is_this_machine;
use crate::name::AppName;
use crate::release::ReleaseId;

/// Where the pages are; `_` keeps them apart from buckets, whose names have none.
const ROOT: &str = "/_browse";
/// What stands for itself in a path, and as a value behind a `?`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What a browser asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::local) enum Asked {
    /// To be sent to the first page.
    Redirect,
    /// The buckets.
    Buckets,
    /// What is in one bucket.
    Inside {
        /// Its name.
        bucket: String,
        /// As the browser calls this machine.
        host: String,
        /// What of it.
        page: Inside,
    },
}

/// A page about something in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::local) enum Inside {
    /// What is below a prefix, behind a name.
    Folder { prefix: String, after: Option<String> },
    /// One object.
    Object(String),
    /// The releases of an app, before an id.
    Releases { app: App, before: Option<String> },
    /// One release, and which of its changes, behind a name.
    Release { app: App, id: ReleaseId, kind: Option<Kind>, after: Option<String> },
    /// What cannot be.
    Nothing,
}

impl Asked {
    /// `None` is for the protocol: whatever is signed, and whatever is no page.
    pub(in crate::local) fn of<B>(request: &Request<B>) -> Option<Self> {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).filter(|host| is_this_machine(host))?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) || text(header::AUTHORIZATION).is_some() {
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
        let page = Inside::of(request.uri().query().unwrap_or_default());
        Some(Self::Inside { bucket: decode(name), host: host.to_owned(), page })
    }
}

impl Inside {
    fn of(query: &str) -> Self {
        let value = |name| parameter(query, name);
        if let Some(key) = value("object") {
            return Self::Object(key);
        }
        let Some(name) = value("app") else {
            return Self::Folder { prefix: value("prefix").unwrap_or_default(), after: value("after") };
        };
        let Ok(name) = AppName::new(name) else { return Self::Nothing };
        let app = App { location: value("location").unwrap_or_default(), name };
        let kind = value("change").map(|word| Kind::ALL.into_iter().find(|kind| kind.word() == word));
        match (value("release").map(ReleaseId::new), kind) {
            (None, _) => Self::Releases { app, before: value("before") },
            (Some(Err(_)), _) | (_, Some(None)) => Self::Nothing,
            (Some(Ok(id)), kind) => Self::Release { app, id, kind: kind.flatten(), after: value("after") },
        }
    }
}

fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(decode))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The page of the buckets.
pub(super) fn buckets() -> String {
    format!("{ROOT}/")
}

/// The page of a folder; without a prefix, of a bucket.
pub(super) fn folder(bucket: &str, prefix: &str, after: Option<&str>) -> String {
    let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
    inside(bucket, &[("prefix", prefix), ("after", after)])
}

/// The page of an object.
pub(super) fn object(bucket: &str, key: &str) -> String {
    inside(bucket, &[("object", Some(key))])
}

/// The page of the releases of an app.
pub(super) fn releases(bucket: &str, app: &App, before: Option<&str>) -> String {
    inside(bucket, &[("location", Some(&app.location)), ("app", Some(app.name.as_str())), ("before", before)])
}

/// The page of a release.
pub(super) fn release(
    bucket: &str,
    app: &App,
    id: &ReleaseId,
    kind: Option<Kind>,
    after: Option<&str>,
) -> String {
    let named = [("location", Some(app.location.as_str())), ("app", Some(app.name.as_str()))];
    let which = [("release", Some(id.as_str())), ("change", kind.map(Kind::word)), ("after", after)];
    inside(bucket, &[&named[..], &which[..]].concat())
}

/// Where the object itself is; `None` where a browser would ask for another name.
pub(super) fn file(bucket: &str, key: &str) -> Option<String> {
    let resolved = key.split('/').any(|part| matches!(part, "." | ".."));
    (!resolved)
        .then(|| format!("/{}/{}", utf8_percent_encode(bucket, PLAIN), utf8_percent_encode(key, PLAIN)))
}

fn inside(bucket: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut address = format!("{ROOT}/{}", utf8_percent_encode(bucket, PLAIN));
    let given = parameters.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    for (index, (name, value)) in given.enumerate() {
        let sign = if index == 0 { '?' } else { '&' };
        address.push_str(&format!("{sign}{name}={}", utf8_percent_encode(value, PLAIN)));
    }
    address
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(target: &str, headers: &[(&str, &str)]) -> Option<Asked> {
        let mut request = Request::get(target).header("host", "127.0.0.1:9000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Asked::of(&request.body(()).unwrap())
    }

    fn page(address: &str) -> Inside {
        match asked(address, &[]) {
            Some(Asked::Inside { bucket, page, .. }) if bucket == "acme" => page,
            other => panic!("{address}: {other:?}"),
        }
    }

    #[test]
    fn only_a_browser_is_shown_a_page() {
        assert_eq!(asked("/", &[("accept", "text/html,*/*")]), Some(Asked::Redirect));
        assert_eq!(asked("/", &[("accept", "*/*")]), None);
        assert_eq!(asked("/", &[("accept", "text/html"), ("authorization", "AWS4")]), None);
        assert_eq!(asked("/?X-Amz-Signature=1", &[("accept", "text/html")]), None);
        assert_eq!(asked("/_browse", &[]), Some(Asked::Buckets));
        assert_eq!(asked("/_browse/acme", &[]), asked("/_browse/acme/", &[]));
        assert_eq!(asked("/_browser/x", &[]), None);
        assert_eq!(asked("/bucket/key", &[("accept", "text/html")]), None);
        for (method, host) in
            [("PUT", "localhost"), ("GET", "localhost.s3.localhost:1"), ("GET", "evil.example")]
        {
            let request = Request::builder().method(method).uri("/_browse/").header("host", host);
            assert_eq!(Asked::of(&request.body(()).unwrap()), None, "{method} {host}");
        }
    }

    #[test]
    fn what_cannot_be_is_nothing() {
        for query in ["app=..&location=", "app=a&release=..%2Fx", "app=a&release=1&change=all", "app="] {
            assert_eq!(page(&format!("/_browse/acme?{query}")), Inside::Nothing, "{query}");
        }
    }

    #[test]
    fn a_browser_is_not_sent_elsewhere() {
        assert_eq!(file("acme", "a b/\"<é>?#%.css").unwrap(), "/acme/a%20b/%22%3C%C3%A9%3E%3F%23%25.css");
        assert_eq!(file("acme", "a/../b"), None);
        assert_eq!(file("acme", "./b"), None);
        assert_eq!(file("acme", "a/..b//.c").unwrap(), "/acme/a/..b//.c");
    }

    proptest! {
        #[test]
        fn every_address_leads_to_its_page(one in "\\PC{0,9}|[&=?#%+/. \u{1}\u{202e}]{0,9}", other in any::<Option<String>>()) {
            let app = App { location: one.clone(), name: AppName::new("shop-2").expect("a name") };
            let id = ReleaseId::new("20261122T221530Z-3f2a9c41").expect("an id");
            let there = |address: String| {
                prop_assert!(address.is_ascii() && !address.contains(['"', '<', '\'', ' ']), "{}", address);
                Ok(page(&address))
            };
            let folder = folder("acme", &one, other.as_deref());
            prop_assert_eq!(there(folder)?, Inside::Folder { prefix: one.clone(), after: other.clone() });
            prop_assert_eq!(there(object("acme", &one))?, Inside::Object(one));
            let before = releases("acme", &app, other.as_deref());
            prop_assert_eq!(there(before)?, Inside::Releases { app: app.clone(), before: other.clone() });
            for kind in Kind::ALL.map(Some).into_iter().chain([None]) {
                let page = there(release("acme", &app, &id, kind, other.as_deref()))?;
                let after = other.clone();
                prop_assert_eq!(page, Inside::Release { app: app.clone(), id: id.clone(), kind, after });
            }
        }
    }
}
