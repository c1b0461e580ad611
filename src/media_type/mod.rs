//! The content type and the encoding that a name implies: CPython's `mimetypes.guess_type` over a pinned table,
//! then `mime_guess` for what the table lacks. Pure; never looks at the host's MIME files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// What an object is where nothing tells.
pub const DEFAULT: &str = "application/octet-stream";

/// Suffixes that stand for two, whatever their case.
const ALIASES: [(&str, &str); 6] = [
    (".svgz", ".svg.gz"),
    (".taz", ".tar.gz"),
    (".tbz2", ".tar.bz2"),
    (".tgz", ".tar.gz"),
    (".txz", ".tar.xz"),
    (".tz", ".tar.gz"),
];
/// Suffixes that tell of an encoding, in exactly this case.
const ENCODINGS: [(&str, &str); 5] =
    [(".Z", "compress"), (".br", "br"), (".bz2", "bzip2"), (".gz", "gzip"), (".xz", "xz")];

/// Extension with its dot → content type. Upper-case rows are never met, as in CPython, which lower-cases first.
static TABLE: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| rows().collect());

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("table.tsv").lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.split('\t');
        Some((columns.next()?, columns.next()?))
    })
}

/// What a name implies about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// Never empty: [`DEFAULT`] where nothing tells.
    pub content_type: Cow<'static, str>,
    /// `Content-Encoding` as the name's suffix tells it: the bytes are compressed already.
    pub encoding: Option<&'static str>,
    /// What told the type.
    pub source: TypeSource,
    /// The suffix that was looked up, lower-case with its dot; empty where there is none.
    pub extension: String,
}

/// What told a content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeSource {
    /// `[media_types]`.
    Settings,
    /// The pinned table.
    Table,
    /// The crate `mime_guess`; CPython knows no type here, so what depends on types (gzip) must not depend on this.
    MimeGuess,
    /// The name is a `data:` URL that holds its type.
    DataUrl,
    /// Nothing: it is [`DEFAULT`].
    Default,
}

/// What a key implies; `added` are rows over the pinned table, by lower-case extension with its dot.
#[must_use]
pub fn guess(key: &str, added: &BTreeMap<String, String>) -> MediaType {
    let (scheme, path) = split_scheme(key);
    if scheme.eq_ignore_ascii_case("data") {
        return of_data_url(path);
    }
    let (base, suffix) = resolve_aliases(path);
    let encoding = ENCODINGS.iter().find(|(known, _)| *known == suffix).map(|(_, name)| *name);
    let suffix = if encoding.is_some() { split_extension(&base).1 } else { &suffix };
    let extension = suffix.to_lowercase();
    let (content_type, source) = type_of(&extension, added);
    MediaType { content_type, encoding, source, extension }
}

fn type_of(extension: &str, added: &BTreeMap<String, String>) -> (Cow<'static, str>, TypeSource) {
    if let Some(found) = added.get(extension) {
        return (Cow::Owned(found.clone()), TypeSource::Settings);
    }
    if let Some(found) = TABLE.get(extension) {
        return (Cow::Borrowed(found), TypeSource::Table);
    }
    match mime_guess::from_ext(extension.trim_start_matches('.')).first_raw() {
        Some(found) => (Cow::Borrowed(found), TypeSource::MimeGuess),
        None => (Cow::Borrowed(DEFAULT), TypeSource::Default),
    }
}

/// `urllib.parse._splittype`: CPython takes names for URLs, so that `a:b.css` is `b.css` of the scheme `a`.
fn split_scheme(key: &str) -> (&str, &str) {
    match key.find(['/', ':']) {
        Some(position) if position > 0 && key[position..].starts_with(':') => {
            (&key[..position], &key[position + 1..])
        }
        _ => ("", key),
    }
}

/// `posixpath.splitext`: dots at the beginning of the base name start no extension.
fn split_extension(path: &str) -> (&str, &str) {
    let base = path.rfind('/').map_or(0, |slash| slash + 1);
    let hidden = base + path[base..].bytes().take_while(|byte| *byte == b'.').count();
    match path[hidden..].rfind('.') {
        Some(dot) => path.split_at(hidden + dot),
        None => (path, ""),
    }
}

/// The path without its last suffix, and that suffix, once aliases are written out.
fn resolve_aliases(path: &str) -> (String, String) {
    let (base, suffix) = split_extension(path);
    let lower = suffix.to_lowercase();
    match ALIASES.iter().find(|(alias, _)| *alias == lower) {
        Some((_, long)) => resolve_aliases(&format!("{base}{long}")),
        None => (base.to_owned(), suffix.to_owned()),
    }
}

/// The type that a `data:` URL holds, after CPython; one that no header can carry counts for nothing.
fn of_data_url(url: &str) -> MediaType {
    let found = url.split_once(',').map(|(head, _)| {
        let held = head.split(';').next().unwrap_or_default();
        if held.contains('=') || !held.contains('/') { "text/plain" } else { held }
    });
    let (content_type, source) = match found.filter(|held| held.bytes().all(|byte| byte.is_ascii_graphic())) {
        Some(held) => (Cow::Owned(held.to_owned()), TypeSource::DataUrl),
        None => (Cow::Borrowed(DEFAULT), TypeSource::Default),
    };
    MediaType { content_type, encoding: None, source, extension: String::new() }
}

#[cfg(test)]
mod tests;
