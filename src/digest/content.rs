//! The content hash, and the hashed name that Django makes with it.

use std::fmt::{self, Write as _};

use md5::{Digest, Md5};

use super::lanes;
use crate::python::url::{NotAUrl, urlsplit};
use crate::python::{path, strip, unquote};

/// How many bytes of the MD5 are in a name; each gives two hex digits.
const LENGTH: usize = 6;

/// The hash in a hashed name: the first twelve hex digits of the content's MD5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash([u8; LENGTH]);

impl ContentHash {
    /// No hash of anything: stands in a name where the hash is not known yet.
    pub(crate) const UNKNOWN: Self = Self([0; LENGTH]);

    /// The hash of content that is in hand.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let mut hasher = ContentHasher::default();
        hasher.update(content);
        hasher.finish()
    }

    /// The hashes of contents that are all in hand, in their order: much sooner than one after the other.
    #[must_use]
    pub fn of_each(contents: &[&[u8]]) -> Vec<Self> {
        lanes::hashes(contents).iter().map(Self::begin_of).collect()
    }

    fn begin_of(md5: &[u8; 16]) -> Self {
        let mut hash = [0; LENGTH];
        hash.copy_from_slice(&md5[..LENGTH]);
        Self(hash)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
            .try_for_each(|digit| formatter.write_char(digit))
    }
}

/// A content hash in the making; fed with stretches of any length, in order.
#[derive(Debug, Default)]
pub struct ContentHasher(Md5);

impl ContentHasher {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that was taken in.
    #[must_use]
    pub fn finish(self) -> ContentHash {
        ContentHash::begin_of(&self.0.finalize().into())
    }
}

/// A name that Python's URL parser refuses, and Django with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be parsed as a URL")]
pub struct NotHashable;

impl From<NotAUrl> for NotHashable {
    fn from(NotAUrl: NotAUrl) -> Self {
        Self
    }
}

/// `HashedFilesMixin.hashed_name` for content whose hash is known. A name is taken for a URL: it is percent-decoded,
/// its query and fragment go behind the hash, blanks at its ends vanish. What comes out may need normalising.
///
/// # Errors
/// [`NotHashable`].
pub fn hashed_name(name: &str, hash: ContentHash) -> Result<String, NotHashable> {
    if is_plain_path(name) {
        return Ok(with_hash(name, hash));
    }
    let mut parsed = urlsplit(&unquote(name))?;
    let mut hashed = with_hash(strip(&parsed.path), hash);
    // "Special casing for a @font-face hack, like url(myfont.eot?#iefix")"
    if name.contains("?#") && parsed.query.is_empty() {
        hashed.push('?');
    }
    parsed.path = hashed;
    Ok(parsed.unsplit())
}

/// Whether a name is the same path when it is taken for a URL, and nothing but a path: nearly every name is.
fn is_plain_path(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b':' | b'?' | b'#');
    name.bytes().all(is_plain) && !name.starts_with('/')
}

fn with_hash(name: &str, hash: ContentHash) -> String {
    let (directory, base_name) = path::split(name);
    let (root, extension) = path::splitext(base_name);
    path::join(directory, &format!("{root}.{hash}{extension}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::StoredName;

    const EMPTY: &str = "d41d8cd98f00";

    #[test]
    fn the_hash_is_the_beginning_of_the_md5() {
        assert_eq!(ContentHash::of(b"").to_string(), EMPTY);
        assert_eq!(ContentHash::of(b"hello").to_string(), "5d41402abc4b");
        let mut hasher = ContentHasher::default();
        hasher.update(b"hel");
        hasher.update(b"lo");
        assert_eq!(hasher.finish(), ContentHash::of(b"hello"));
    }

    proptest! {
        #[test]
        fn the_short_way_for_plain_paths_leads_to_the_same_name(name in "[!-~]{0,4}(/[a.~@;=&+\\\\!-]{0,4}){0,3}") {
            prop_assume!(is_plain_path(&name));
            let mut parsed = urlsplit(&unquote(&name)).expect("a path is a URL");
            parsed.path = with_hash(strip(&parsed.path), ContentHash::of(b""));
            prop_assert_eq!(hashed_name(&name, ContentHash::of(b"")), Ok(parsed.unsplit()));
        }
    }

    /// `scripts/golden/hashed_names.py` asks Django itself.
    #[test]
    fn names_are_hashed_as_django_hashes_them() {
        let table = include_str!("../../fixtures/hashed_names.tsv");
        let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(rows.len() > 100, "{} rows", rows.len());
        for row in rows {
            let (name, stored) = row.split_once('\t').expect("two columns");
            let name: String = serde_json::from_str(name).expect("a name");
            let stored: Option<String> = serde_json::from_str(stored).expect("a stored name");
            let ours = hashed_name(&name, ContentHash::of(b""))
                .ok()
                .and_then(|hashed| StoredName::normal(&hashed).ok())
                .map(|stored| stored.to_string());
            assert_eq!(ours, stored, "{name:?}");
        }
    }
}
