//! What it means how a web server, or a CDN, or the bucket itself, answered for an object. Pure.

use crate::error::Problem;
use crate::inflate::gunzip;
use crate::settings::{Settings, masked_url};
use crate::store::s3::Visited;
use crate::store::{CorsRule, StoreError};

use super::configuration::READABLE;
use super::finding::{Check, Finding};
use super::scratch::Stored;

/// The origin of pages that is tried where nobody names another.
const ANY_ORIGIN: &str = "https://example.com";
/// The most bytes that a body of the examination has.
const MOST: u64 = 1 << 20;

/// An object that was asked for by its URL.
pub(super) struct Seen<'a> {
    pub(super) settings: &'a Settings,
    /// The URL without what signs it.
    pub(super) url: &'a str,
    pub(super) answer: &'a Visited,
    /// What was stored there; `None` for somebody else's object.
    pub(super) stored: Option<&'a Stored>,
}

impl Seen<'_> {
    fn domain(&self) -> Option<&str> {
        self.settings.url.custom_domain.as_deref()
    }

    /// Whether it is what was stored, in whatever encoding it came.
    pub(super) fn is_right(&self) -> bool {
        self.answer.status == 200 && self.stored.is_none_or(|stored| is_body(self.answer, stored))
    }
}

/// Whether a body is what was stored. What neither side of ours can decode is taken for it.
pub(super) fn is_body(answer: &Visited, stored: &Stored) -> bool {
    let encoding = answer.header("content-encoding").unwrap_or_default();
    let decoded = || gunzip(&answer.body, MOST).ok();
    answer.body == stored.body
        || answer.body == stored.source
        || !matches!(encoding, "" | "identity" | "gzip")
        || decoded().is_some_and(|body| stored.source == body || stored.body == body)
}

/// Nobody answered at the URL.
pub(super) fn unanswered(settings: &Settings, error: &StoreError) -> Finding {
    let problem = Problem::of(error);
    let hint = settings.url.custom_domain.as_ref().map(|domain| {
        format!("check `custom_domain = \"{domain}\"` and `url_protocol = \"{}\"`", settings.url.url_protocol)
    });
    Finding::failed(Check::Urls, Problem { hint: hint.or(problem.hint.clone()), ..problem })
}

/// Whether the URL leads to the object.
pub(super) fn urls(seen: &Seen<'_>) -> Finding {
    let signed = seen.settings.url.querystring_auth
        && (seen.domain().is_none() || seen.settings.url.cloudfront.is_some());
    if seen.is_right() {
        let place = seen.domain().map_or_else(|| "the bucket".to_owned(), |domain| format!("`{domain}`"));
        let kind = if signed { "signed" } else { "unsigned" };
        return Finding::ok(Check::Urls, format!("{place} serves this location by {kind} URLs"));
    }
    let Seen { url, answer, .. } = seen;
    let message = match (answer.status, answer.header("location")) {
        (200, _) => format!("`{url}` is something else than the object that was put there"),
        (300..=399, Some(to)) => {
            format!("`{url}` leads to `{}`", masked_url(to.split(['?', '#']).next().unwrap_or_default()))
        }
        (status, _) => format!("`{url}` answers with status {status}"),
    };
    let Some(domain) = seen.domain() else {
        let hint = if signed { "check `endpoint_url` and `addressing_style`" } else { READABLE };
        return Finding::failed(Check::Urls, Problem::new(message).with_hint(hint));
    };
    let hint = match answer.status {
        300..=399 => "set `custom_domain` and `url_protocol` to where that leads".to_owned(),
        401 | 403 => {
            format!("let `{domain}` read the bucket; behind CloudFront the bucket's policy must allow it")
        }
        _ => format!(
            "`{domain}` must serve the bucket `{}` from its root, so that the location is part of the path",
            seen.settings.connection.bucket
        ),
    };
    Finding::failed(Check::Urls, Problem::new(message).with_hint(hint))
}

/// The origin that an `Origin` request is made for: the one that was named, one that the bucket allows, or any.
pub(super) fn origin(named: Option<&str>, rules: &[CorsRule]) -> String {
    let get = rules.iter().filter(|rule| rule.methods.iter().any(|method| method == "GET"));
    let mut allowed = get.flat_map(|rule| &rule.origins).filter(|origin| *origin != "*");
    let allowed = || allowed.next().map(|origin| origin.replacen('*', "www", 1));
    named.map(str::to_owned).or_else(allowed).unwrap_or_else(|| ANY_ORIGIN.to_owned())
}

/// Whether pages of an origin may load what browsers ask for by CORS. It matters where one is `named`.
pub(super) fn cors(seen: &Seen<'_>, origin: &str, named: bool, rules: &[CorsRule]) -> Finding {
    let allowed = seen.answer.header("access-control-allow-origin");
    if allowed.is_some_and(|allowed| allowed == "*" || allowed == origin) {
        let all = if allowed == Some("*") { "all origins" } else { origin };
        return Finding::ok(
            Check::Cors,
            format!("fonts and modules may be loaded by pages of {}", shown(all)),
        );
    }
    let message = format!(
        "browsers will not load fonts and modules for pages of `{origin}`: {}",
        match allowed {
            Some(allowed) => format!("`Access-Control-Allow-Origin` is `{allowed}`"),
            None => "there is no `Access-Control-Allow-Origin`".to_owned(),
        }
    );
    let bucket = &seen.settings.connection.bucket;
    let hint = match seen.domain() {
        Some(domain) if !rules.is_empty() => {
            format!("the bucket has CORS rules: let `{domain}` hand `Origin` on to it, and cache by it")
        }
        _ => format!("allow `GET` from that origin in the CORS rules of the bucket `{bucket}`"),
    };
    let problem = Problem::new(message).with_hint(hint);
    if named {
        return Finding::failed(Check::Cors, problem);
    }
    Finding::warning(
        Check::Cors,
        problem.with_note("of no matter where pages are of the same origin as these URLs"),
    )
}

fn shown(origin: &str) -> String {
    if origin.contains("://") { format!("`{origin}`") } else { origin.to_owned() }
}

/// Whether a custom domain leaves a body that is compressed already as it is.
pub(super) fn compression(seen: &Seen<'_>, stored: &Stored) -> Option<Finding> {
    let domain = seen.domain()?;
    let came = seen.answer.header("content-encoding");
    let check = Check::Compression;
    let twice = stored.encoding.is_some()
        && seen.answer.body != stored.body
        && gunzip(&seen.answer.body, MOST).is_ok_and(|body| stored.body == body);
    if twice || came.is_some_and(|came| came.contains(',')) {
        let problem = Problem::new(format!("`{domain}` compresses again what is stored compressed"))
            .with_hint("turn compression off there, or set `gzip = false`");
        return Some(Finding::failed(check, problem));
    }
    Some(match (stored.encoding.as_deref(), came) {
        (Some(stored), Some(came)) if stored == came => {
            Finding::ok(check, format!("what is stored as `{stored}` is sent as it is"))
        }
        (Some(stored), None) => {
            let problem = Problem::new(format!("`{domain}` sends plain what is stored as `{stored}`"));
            Finding::warning(
                check,
                problem.with_hint("let it hand `Accept-Encoding` on, or set `gzip = false`"),
            )
        }
        (Some(stored), Some(came)) => {
            Finding::ok(check, format!("what is stored as `{stored}` is sent as `{came}`"))
        }
        (None, Some(came)) => {
            Finding::ok(check, format!("`{domain}` compresses what is stored plain, as `{came}`"))
        }
        (None, None) => Finding::ok(check, "what is stored plain is sent plain"),
    })
}

/// Whether what replaced a manifest is what the custom domain serves.
pub(super) fn manifest_cache(seen: &Seen<'_>, new: &Stored) -> Finding {
    let check = Check::ManifestCache;
    let domain = seen.domain().unwrap_or_default();
    if seen.is_right() {
        return Finding::ok(check, format!("`{domain}` serves a manifest as soon as it is published"));
    }
    if seen.answer.status != 200 {
        let message = format!("`{}` answers with status {}", seen.url, seen.answer.status);
        return Finding::unknown(check, Problem::new(message));
    }
    if seen.settings.invalidation.is_some() {
        return Finding::ok(check, format!("`{domain}` caches the manifest, and is told when it changes"));
    }
    let message = format!("`{domain}` goes on serving a manifest that was replaced");
    let problem = match new.cache_control.as_deref() {
        Some(control) if control.contains("max-age") => Problem::new(message)
            .with_note(format!("it is stored with `Cache-Control: {control}`"))
            .with_hint("leave `CacheControl` out of `object_parameters` for it; it gets `no-cache` then"),
        Some(control) => Problem::new(message)
            .with_note(format!("it is stored with `Cache-Control: {control}`"))
            .with_hint("let the domain mind that (in CloudFront: a minimum TTL of 0), or name its distribution in `invalidate`"),
        None => Problem::new(message).with_hint("set `immutable = true`; it gets `Cache-Control: no-cache` then"),
    };
    Finding::failed(check, problem)
}
