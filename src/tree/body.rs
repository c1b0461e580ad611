//! A body on its way to a file: compared with the file that is there, and written beside it where they differ.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

use super::TreeError;
use crate::post_process::Output;
use crate::read::SourceFile;

/// The bytes of a file that is to be.
pub(super) enum Body<'a> {
    /// In hand.
    Memory(&'a [u8]),
    /// Those of a collected file.
    File(SourceFile),
}

impl<'a> From<Output<'a>> for Body<'a> {
    fn from(output: Output<'a>) -> Self {
        match output.rewritten() {
            Some(bytes) => Self::Memory(bytes),
            None => Self::File(SourceFile::from(&output.asset.file)),
        }
    }
}

impl Body<'_> {
    /// Bytes.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(file) => file.stamp.size,
        }
    }

    fn read(&self, mut sink: impl FnMut(&[u8]) -> Result<(), TreeError>) -> Result<(), TreeError> {
        match self {
            Self::Memory(bytes) => sink(bytes),
            Self::File(file) => file.read(sink),
        }
    }

    /// Whether a file has these bytes already. What is there may be anything: a link or a directory has them not.
    pub(super) fn is_at(&self, path: &Path) -> Result<bool, TreeError> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() && metadata.len() == self.size() => {}
            _ => return Ok(false),
        }
        let Ok(mut file) = File::open(path) else { return Ok(false) };
        let mut there = Vec::new();
        let mut same = true;
        self.read(|bytes| {
            there.resize(bytes.len(), 0);
            same = same && file.read_exact(&mut there).is_ok() && there == bytes;
            Ok(())
        })?;
        Ok(same)
    }

    /// Writes new files, each with the place that it is meant for.
    pub(super) fn write(&self, files: &[(PathBuf, PathBuf)]) -> Result<(), TreeError> {
        let mut open = Vec::with_capacity(files.len());
        for (path, place) in files {
            open.push((create(path).map_err(TreeError::write(place))?, place));
        }
        if open.is_empty() {
            return Ok(());
        }
        self.read(|bytes| {
            open.iter_mut().try_for_each(|(file, place)| {
                file.write_all(bytes).map_err(TreeError::write(place.as_path()))
            })
        })
    }

    /// What `integrity` attributes have.
    pub(super) fn integrity(&self) -> Result<String, TreeError> {
        let mut digest = Sha384::new();
        self.read(|bytes| {
            digest.update(bytes);
            Ok(())
        })?;
        Ok(format!("sha384-{}", STANDARD.encode(digest.finalize())))
    }
}

/// A new file, in a directory that may be new as well.
fn create(path: &Path) -> io::Result<File> {
    match (File::create_new(path), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(parent)?;
            File::create_new(path)
        }
        (result, _) => result,
    }
}
