//! Reads what was collected once: the text of adjustable files that refer to something, streamed hashes of all, on all
//! cores. Watches whether files change under way. May not touch the network.

mod error;
mod source;

use crate::collect::CollectedFile;
use crate::digest::{ContentHash, ContentHasher};
use crate::parallel;
use crate::rewrite::{Language, Rewriter};
use crate::settings::NamePattern;

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
}

/// All that was collected, read.
#[derive(Debug, Default)]
pub struct Read {
    /// One for each file, in the order of the files; without text where there is an error.
    pub sources: Vec<Source>,
    /// Everything that could not be read, in the same order.
    pub errors: Vec<ReadError>,
}

/// Reads files; those with names that match one of the patterns are no text, whatever they hold.
#[must_use]
pub fn read(files: Vec<CollectedFile>, rewriter: &Rewriter, exclude: &[NamePattern]) -> Read {
    let contents = parallel::map(&files, |file| {
        let is_excluded = exclude.iter().any(|pattern| pattern.matches(file.name.as_str()));
        content(file, rewriter, Language::of(file.name.as_str()).filter(|_| !is_excluded))
    });
    let mut read = Read::default();
    for (file, content) in files.into_iter().zip(contents) {
        let (hash, text) = content.unwrap_or_else(|error| {
            read.errors.push(error);
            (ContentHash::UNKNOWN, None)
        });
        read.sources.push(Source { file, hash, text });
    }
    read
}

fn content(
    file: &CollectedFile,
    rewriter: &Rewriter,
    language: Option<Language>,
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
    let mut bytes = Vec::with_capacity(usize::try_from(file.stamp.size).unwrap_or_default());
    source.read(|stretch| {
        bytes.extend_from_slice(stretch);
        Ok::<(), ReadError>(())
    })?;
    let hash = ContentHash::of(&bytes);
    let text = String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 {
        name: file.name.clone(),
        path: file.path.clone(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    Ok((hash, rewriter.finds(language, &text).then_some(text)))
}

#[cfg(test)]
mod tests;
