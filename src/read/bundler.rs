//! The manifest of a bundler, as it lies there: what is in it is for others to say.

use std::fs;
use std::io;
use std::path::Path;

use crate::prehashed::BundlerFile;
use crate::settings::SourceDir;

/// Reads the manifest of a bundler, and finds out in which sources it lies.
///
/// # Errors
/// Why it cannot be read.
pub fn bundler_file(path: &Path, sources: &[SourceDir]) -> io::Result<BundlerFile> {
    #[expect(clippy::disallowed_methods, reason = "a small document, which is needed whole")]
    let bytes = fs::read(path)?;
    let real = fs::canonicalize(path)?;
    let folder = |source: &SourceDir| {
        let inside = real.strip_prefix(fs::canonicalize(&source.dir).ok()?).ok()?.parent()?;
        let folder = Path::new(source.prefix.trim_end_matches('/')).join(inside);
        folder.to_str().map(|folder| folder.trim_end_matches('/').to_owned())
    };
    let folders = sources.iter().enumerate();
    let folders = folders.filter_map(|(index, source)| Some((index, folder(source)?))).collect();
    Ok(BundlerFile { bytes, folders })
}
