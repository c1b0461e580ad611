//! How keys are spelled in the paths of an invalidation.
//!
//! CloudFront wants what RFC 1738 calls unsafe encoded, and nothing else: any other spelling is another path. Viewers ask
//! in that spelling, or in Django's, which encodes a few characters more (`@`, `+`, `,`, …): where the two differ, both
//! are invalidated. Two characters cannot be named: a `*` is a wildcard at the end of a path and forbidden elsewhere,
//! and `~` is refused bare and reported to have no effect encoded. The path of such a name ends before the first of them,
//! with a wildcard, which covers the name in every spelling.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::url::filepath_to_uri;

/// RFC 1738's unsafe characters, and the one that would begin a query.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'#')
    .add(b'%')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^')
    .add(b'~')
    .add(b'[')
    .add(b']')
    .add(b'`')
    .add(b'?');

/// What cannot be named.
const NAMELESS: [char; 2] = ['*', '~'];

/// The paths of a key, or of all keys with a common beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spelled<'a> {
    /// One, or two where there are two spellings.
    pub(super) paths: Vec<String>,
    /// What the keys that they cover begin with, where the paths are wildcards.
    pub(super) start: Option<&'a str>,
}

/// The paths of one key.
pub(super) fn spelled<'a>(base: &str, key: &'a str) -> Spelled<'a> {
    match key.find(NAMELESS) {
        Some(_) => star(base, key),
        None => Spelled { paths: spellings(base, key).collect(), start: None },
    }
}

/// The wildcards of all keys that begin with this.
pub(super) fn star<'a>(base: &str, start: &'a str) -> Spelled<'a> {
    let start = &start[..start.find(NAMELESS).unwrap_or(start.len())];
    Spelled { paths: spellings(base, start).map(|path| path + "*").collect(), start: Some(start) }
}

/// The one wildcard for all keys that begin with this: it ends where spellings differ.
pub(super) fn shortest_star(base: &str, start: &str) -> String {
    let same =
        |end: &usize| spelled(base, &start[..*end]).paths.len() == 1 && !start[..*end].contains(NAMELESS);
    let ends = start.char_indices().map(|(end, _)| end).chain([start.len()]);
    let end = ends.take_while(same).last().unwrap_or(0);
    format!("{base}/{}*", utf8_percent_encode(&start[..end], UNSAFE))
}

fn spellings(base: &str, key: &str) -> impl Iterator<Item = String> {
    let plain = utf8_percent_encode(key, UNSAFE).to_string();
    let django = Some(filepath_to_uri(key)).filter(|django| *django != plain);
    let base = base.to_owned();
    [Some(plain), django].into_iter().flatten().map(move |spelled| format!("{base}/{spelled}"))
}
