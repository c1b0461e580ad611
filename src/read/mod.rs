//! Reads what was collected once: the text of adjustable files that refer to something, streamed hashes of all, on all
//! cores. Watches whether files change under way. May not touch the network.

mod bundler;
mod error;
mod source;

use std::collections::BTreeSet;

use crate::collect::CollectedFile;
use crate::digest::{ContentHash, ContentHasher};
use crate::name::AssetName;
use crate::parallel;
use crate::rewrite::{Language, Rewriter};
use crate::settings::NamePattern;

pub use bundler::bundler_file;
pub use error::ReadError;
pub(crate) use source::{SourceFile, read_private};

/// More bytes are not read together: what is hashed should still be in a core's cache.
const BATCH_BYTES: u64 = 1 << 20;

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is and what it is called.
    pub file: CollectedFile,
    /// Of its bytes as they are.
    pub hash: ContentHash,
    /// The text, where there is something in it that looks like a reference.
    pub text: Option<String>,
    /// Whether its name carries a hash already, and it is stored under that name as it is.
    pub prehashed: bool,
}

/// All that was collected, read.
#[derive(Debug, Default)]
pub struct Read {
    /// One for each file, in the order of the files; without text where there is an error.
    pub sources: Vec<Source>,
    /// Everything that could not be read, in the same order.
    pub errors: Vec<ReadError>,
}

/// Reads files. Those that are `prehashed` may be in any encoding, as nobody rewrites them; those with names that match one
/// of the patterns are no text, whatever they hold.
#[must_use]
pub fn read(
    files: Vec<CollectedFile>,
    prehashed: &BTreeSet<AssetName>,
    exclude: &[NamePattern],
    rewriter: &Rewriter,
) -> Read {
    let is_prehashed = |file: &CollectedFile| prehashed.contains(&file.name);
    let contents = parallel::largest_first(
        &files,
        |file| file.stamp.size,
        BATCH_BYTES,
        |batch| {
            let language = |file: &CollectedFile| {
                let is_excluded = || exclude.iter().any(|pattern| pattern.matches(file.name.as_str()));
                Language::of(file.name.as_str()).filter(|_| !is_excluded())
            };
            let bodies: Vec<_> = batch.iter().map(|file| body(file, language(file).is_some())).collect();
            let hashes = ContentHash::of_each(&bodies.iter().map(in_hand).collect::<Vec<_>>());
            let content = |((file, body), hash): ((&&CollectedFile, _), _)| match (body?, language(file)) {
                (Body::Hashed(hash), _) => Ok((hash, None)),
                (Body::Whole(_), None) => Ok((hash, None)),
                (Body::Whole(bytes), Some(language)) => {
                    let finds = |text: &str| rewriter.finds(language, text);
                    Ok((hash, text(file, bytes, is_prehashed(file), finds)?))
                }
            };
            batch.iter().zip(bodies).zip(hashes).map(content).collect()
        },
    );
    let mut read = Read::default();
    for (file, content) in files.into_iter().zip(contents) {
        let (hash, text) = content.unwrap_or_else(|error| {
            read.errors.push(error);
            (ContentHash::UNKNOWN, None)
        });
        let prehashed = is_prehashed(&file);
        read.sources.push(Source { file, hash, text, prehashed });
    }
    read
}

/// What was read of a file.
enum Body {
    Whole(Vec<u8>),
    /// Nobody wants more of it than this.
    Hashed(ContentHash),
}

fn body(file: &CollectedFile, is_text: bool) -> Result<Body, ReadError> {
    let source = SourceFile::from(file);
    if is_text || file.stamp.size <= BATCH_BYTES {
        return source.read_whole().map(Body::Whole);
    }
    let mut hasher = ContentHasher::default();
    source.read(|bytes| {
        hasher.update(bytes);
        Ok::<(), ReadError>(())
    })?;
    Ok(Body::Hashed(hasher.finish()))
}

/// The bytes of which the hash is not known yet.
fn in_hand(body: &Result<Body, ReadError>) -> &[u8] {
    match body {
        Ok(Body::Whole(bytes)) => bytes,
        Ok(Body::Hashed(_)) | Err(_) => &[],
    }
}

/// The text of an adjustable file in which something is found; `None`, too, where it may be in any encoding, and is in
/// another.
fn text(
    file: &CollectedFile,
    bytes: Vec<u8>,
    is_prehashed: bool,
    finds: impl Fn(&str) -> bool,
) -> Result<Option<String>, ReadError> {
    // Most files refer to nothing: this look at them is quicker than the one that gives a `String`.
    if simdutf8::basic::from_utf8(&bytes).is_ok_and(|text| !finds(text)) {
        return Ok(None);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) if is_prehashed => Ok(None),
        Err(error) => Err(ReadError::NotUtf8 {
            name: file.name.clone(),
            path: file.path.clone(),
            offset: error.utf8_error().valid_up_to(),
        }),
    }
}

#[cfg(test)]
mod tests;
