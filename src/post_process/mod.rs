//! Names every asset by what it becomes: visits the graph of references once, targets first, and rewrites each
//! adjustable file with the names of its targets. The names are those at which Django's passes come to rest. Pure.

mod clash;
mod error;
mod graph;
mod judge;
mod resolve;
mod run;
mod table;

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::collect::CollectedFile;
use crate::digest::ContentHash;
use crate::error::Problem;
use crate::manifest::Manifest;
use crate::name::StoredName;
use crate::read::Source;
use crate::rewrite::Rewriter;
use crate::settings::{ManifestSettings, Severity};

pub use error::{Place, PostProcessError};

/// What post-processing goes by besides the files.
#[derive(Debug)]
pub struct PostProcessOptions<'a> {
    /// What the settings say.
    pub settings: &'a ManifestSettings,
    /// The patterns that the files were read with.
    pub rewriter: &'a Rewriter,
    /// What a reference to a directory is: Django minds it on S3, and does not on disk.
    pub directories: Severity,
    /// The static dirs as they were written, for messages.
    pub sources: &'a [String],
}

/// What became of the files.
#[derive(Debug)]
pub struct Processed {
    /// One for each file, in the order of the files: sorted by name.
    pub assets: Vec<ProcessedAsset>,
    /// Plain name → stored name.
    pub manifest: Manifest,
    /// What deserves a look, sorted by file and line.
    pub warnings: Vec<Problem>,
}

/// A file under its hashed name.
#[derive(Debug, Clone)]
pub struct ProcessedAsset {
    /// The file as it was collected; its bytes are those of the plain name.
    pub file: CollectedFile,
    /// The name as storage and manifest have it; differs from the file's only by backslashes.
    pub plain_name: StoredName,
    /// The hashed name; the plain one for a file whose name carried a hash already.
    pub stored_name: StoredName,
    /// Whether its name carried a hash already: it is stored under that name only, as it is, and is as good as hashed.
    pub prehashed: bool,
    /// Of the file's own bytes.
    pub source_hash: ContentHash,
    /// What our hashed name has in it: the hash of what is stored under that name, or for files that refer to each
    /// other in a circle one of all of them together. That of its bytes for a file that keeps its name.
    pub hash: ContentHash,
    /// What is stored under it.
    pub content: Content,
}

/// What is stored under a hashed name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The file's own bytes.
    Original,
    /// Other bytes, since references were replaced.
    Rewritten(Bytes),
}

/// One body and the name it is stored under.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    /// Whose body it is.
    pub asset: &'a ProcessedAsset,
    /// Whether its name has a hash in it and stands for these bytes for ever, be the hash ours or not; otherwise it is
    /// the plain copy of the file.
    pub hashed: bool,
}

impl<'a> Output<'a> {
    /// What is stored where it is not the file's own bytes.
    #[must_use]
    pub fn rewritten(&self) -> Option<&'a Bytes> {
        match &self.asset.content {
            Content::Rewritten(bytes) if self.hashed => Some(bytes),
            _ => None,
        }
    }
}

impl Processed {
    /// Everything that is to be stored besides the manifest, each name once: hashed files, and plain ones if wanted.
    /// What is named like the manifest is left out.
    #[must_use]
    pub fn outputs(&self, settings: &ManifestSettings) -> BTreeMap<&StoredName, Output<'_>> {
        let mut outputs = BTreeMap::new();
        for asset in self.assets.iter().filter(|_| settings.keep_original_files) {
            outputs.insert(&asset.plain_name, Output { asset, hashed: false });
        }
        for asset in &self.assets {
            outputs.insert(&asset.stored_name, Output { asset, hashed: true });
        }
        outputs.retain(|name, _| name.as_str() != settings.manifest_name.as_str());
        outputs
    }
}

/// Post-processes files, which must be sorted by name.
///
/// # Errors
/// Everything that is wrong with them and their references, sorted by file and line.
pub fn post_process(
    sources: Vec<Source>,
    options: &PostProcessOptions<'_>,
) -> Result<Processed, Vec<PostProcessError>> {
    run::run(sources, options).map_err(|mut errors| {
        errors.sort_by_cached_key(PostProcessError::position);
        errors
    })
}

#[cfg(test)]
mod tests;
