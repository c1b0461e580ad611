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
    let contents = parallel::map(&files, |file| {
        let is_excluded = exclude.iter().any(|pattern| pattern.matches(file.name.as_str()));
        let language = Language::of(file.name.as_str()).filter(|_| !is_excluded);
        content(file, language, is_prehashed(file), rewriter)
    });
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

fn content(
    file: &CollectedFile,
    language: Option<Language>,
    is_prehashed: bool,
    rewriter: &Rewriter,
) -> Result<(ContentHash, Option<String>), ReadError> {
    let source = SourceFile::from(file);
    let Some(language) = language else {
        let mut hasher = ContentHasher::default();
        source.read(|bytes| {
            hasher.update(bytes);
            Ok::<(), ReadError>(())
        })?;
        return Ok((hasher.finish(), None));
    };
    let bytes = source.read_whole()?;
    let hash = ContentHash::of(&bytes);
    match String::from_utf8(bytes) {
        Ok(text) => Ok((hash, rewriter.finds(language, &text).then_some(text))),
        Err(_) if is_prehashed => Ok((hash, None)),
        Err(error) => Err(ReadError::NotUtf8 {
            name: file.name.clone(),
            path: file.path.clone(),
            offset: error.utf8_error().valid_up_to(),
        }),
    }
}

#[cfg(test)]
mod tests;
