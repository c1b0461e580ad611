//! Bodies as immutable files: `DIR/blobs/xx/ID`, the ID being ours, so that no key ever names a file. A body is
//! written to `DIR/tmp`, fsynced and renamed; until the index names it, its [`Pending`] guard removes it again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use md5::{Digest, Md5};
use s3s::checksum::ChecksumHasher;
use tempfile::NamedTempFile;

use super::checksum::{self, Values};
use super::clock;
use crate::digest::ChecksumAlgorithm;

/// How long a file may be there without being named by the index: uploads in other processes, links being made.
const SAFE_AGE: Duration = Duration::from_hours(24);

/// The name of a body's file: the time of its making in milliseconds, and chance, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BlobId(String);

impl BlobId {
    /// A new one. Bodies of one minute share a directory, so that a batch has few directories to fsync.
    fn new() -> Self {
        let chance = RandomState::new().hash_one(0);
        Self(format!("{:012x}{chance:016x}", clock::milliseconds()))
    }

    /// One that the index or a file name holds; `None` where it is not of our making.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let ours = text.len() == 28 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        ours.then(|| Self(text.to_owned()))
    }

    /// The file name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn made(&self) -> i64 {
        i64::from_str_radix(&self.0[..12], 16).unwrap_or(i64::MAX)
    }
}

/// The directory of bodies.
#[derive(Debug)]
pub(super) struct Blobs {
    blobs: PathBuf,
    unfinished: PathBuf,
    /// Its directories whose names are known to last. One that is there may have been made a moment ago, by another thread
    /// or process that has not come to its fsync yet.
    lasting: Mutex<BTreeSet<PathBuf>>,
}

impl Blobs {
    /// Makes what is missing of it, in a directory that is there.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let blobs = directory.join("blobs");
        let unfinished = directory.join("tmp");
        fs::create_dir_all(&blobs)?;
        fs::create_dir_all(&unfinished)?;
        sync_directory(directory)?;
        Ok(Self { blobs, unfinished, lasting: Mutex::default() })
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        self.blobs.join(&id.0[6..8]).join(&id.0)
    }

    /// Opens a body for reading; whoever has it open keeps reading when it is replaced.
    pub(super) fn read(&self, id: &BlobId) -> io::Result<File> {
        File::open(self.path(id))
    }

    /// Removes a body that nothing names any more. A failure leaves an orphan for the sweep.
    pub(super) fn remove(&self, id: &BlobId) {
        let _orphan = fs::remove_file(self.path(id));
    }

    /// The same body under another name, without copying where the file system has links.
    pub(super) fn link(self: &Arc<Self>, id: &BlobId) -> io::Result<Pending> {
        let copy = BlobId::new();
        let target = self.prepare(&copy)?;
        if fs::hard_link(self.path(id), &target).is_err() {
            let mut spool = Spool::create(self, &[])?;
            spool.copy_from(&mut self.read(id)?)?;
            return spool.finish().map(|stored| stored.pending);
        }
        Ok(Pending { blobs: Arc::clone(self), id: copy, kept: false })
    }

    fn prepare(&self, id: &BlobId) -> io::Result<PathBuf> {
        let path = self.path(id);
        let lasting = || self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = path.parent().filter(|directory| !lasting().contains(*directory)) {
            fs::create_dir_all(directory)?;
            sync_directory(&self.blobs)?;
            lasting().insert(directory.to_owned());
        }
        Ok(path)
    }

    /// Removes what a crash left behind: unfinished bodies, and finished ones that `named` does not know. Only
    /// what is older than a day, since another process may be about to name what is younger.
    pub(super) fn sweep(&self, named: impl Fn(&BlobId) -> bool) -> io::Result<usize> {
        let before = clock::milliseconds() - i64::try_from(SAFE_AGE.as_millis()).unwrap_or(i64::MAX);
        let mut swept = 0;
        for shard in fs::read_dir(&self.blobs)? {
            for file in fs::read_dir(shard?.path())? {
                let id = file?.file_name().to_str().and_then(BlobId::parse);
                if let Some(id) = id.filter(|id| id.made() < before && !named(id)) {
                    self.remove(&id);
                    swept += 1;
                }
            }
        }
        for file in fs::read_dir(&self.unfinished)? {
            let file = file?;
            let old = file.metadata()?.modified()?.elapsed().is_ok_and(|age| age > SAFE_AGE);
            if old && fs::remove_file(file.path()).is_ok() {
                swept += 1;
            }
        }
        Ok(swept)
    }
}

/// Makes a directory and those above it, and has their names last: what is stored later must not go with them.
pub(super) fn make_directory(directory: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing = directory.ancestors().take_while(is_missing).count();
    fs::create_dir_all(directory)?;
    for above in directory.ancestors().skip(1).take(missing) {
        sync_directory(if above.as_os_str().is_empty() { Path::new(".") } else { above })?;
    }
    Ok(())
}

/// Makes the names in a directory last.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// A finished body that nothing names yet: removed on drop unless it is kept.
#[derive(Debug)]
pub(super) struct Pending {
    blobs: Arc<Blobs>,
    id: BlobId,
    kept: bool,
}

impl Pending {
    /// Its name.
    pub(super) fn id(&self) -> &BlobId {
        &self.id
    }

    /// Where its name has to last before the index holds it.
    pub(super) fn directory(&self) -> PathBuf {
        let path = self.blobs.path(&self.id);
        path.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// The index names it now.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.kept {
            self.blobs.remove(&self.id);
        }
    }
}

/// A body on its way to the disk, hashed as it goes by.
pub(super) struct Spool {
    blobs: Arc<Blobs>,
    file: NamedTempFile,
    size: u64,
    md5: Md5,
    checksums: ChecksumHasher,
}

/// A body that is on the disk.
pub(super) struct Stored {
    /// Its file.
    pub(super) pending: Pending,
    /// Bytes.
    pub(super) size: u64,
    /// The raw digest.
    pub(super) md5: [u8; 16],
    /// Those that were asked for.
    pub(super) checksums: Values,
}

impl Spool {
    /// Begins one, to be hashed by MD5 and these.
    pub(super) fn create(blobs: &Arc<Blobs>, algorithms: &[ChecksumAlgorithm]) -> io::Result<Self> {
        Ok(Self {
            blobs: Arc::clone(blobs),
            file: NamedTempFile::new_in(&blobs.unfinished)?,
            size: 0,
            md5: Md5::new(),
            checksums: checksum::hasher(algorithms),
        })
    }

    /// Adds to its end.
    pub(super) fn append(&mut self, chunks: &[Bytes]) -> io::Result<()> {
        for chunk in chunks {
            self.file.write_all(chunk)?;
            self.md5.update(chunk);
            self.checksums.update(chunk);
            self.size += chunk.len() as u64;
        }
        Ok(())
    }

    /// Adds what is left of a reader.
    pub(super) fn append_from(&mut self, mut reader: impl io::Read) -> io::Result<()> {
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(()),
                length => self.append(&[Bytes::copy_from_slice(&buffer[..length])])?,
            }
        }
    }

    /// Adds a file by the system's own means of copying, unhashed.
    pub(super) fn copy_from(&mut self, file: &mut File) -> io::Result<()> {
        self.size += io::copy(file, self.file.as_file_mut())?;
        Ok(())
    }

    /// Makes it last, under its name. The directory is fsynced with the commit that names it.
    pub(super) fn finish(self) -> io::Result<Stored> {
        let id = BlobId::new();
        let path = self.blobs.prepare(&id)?;
        self.file.as_file().sync_all()?;
        self.file.persist(path)?;
        Ok(Stored {
            pending: Pending { blobs: self.blobs, id, kept: false },
            size: self.size,
            md5: self.md5.finalize().into(),
            checksums: checksum::finish(self.checksums),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(blobs: &Arc<Blobs>, body: &'static [u8]) -> Stored {
        let mut spool = Spool::create(blobs, &[ChecksumAlgorithm::Crc32]).unwrap();
        spool.append(&[Bytes::from_static(body)]).unwrap();
        spool.finish().unwrap()
    }

    fn files(directory: &Path) -> usize {
        walkdir::WalkDir::new(directory)
            .into_iter()
            .filter(|entry| entry.as_ref().unwrap().file_type().is_file())
            .count()
    }

    #[test]
    fn what_nobody_keeps_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Arc::new(Blobs::open(directory.path()).unwrap());
        let mut spool = Spool::create(&blobs, &[]).unwrap();
        spool.append(&[Bytes::from_static(b"half")]).unwrap();
        assert_eq!(files(directory.path()), 1);
        drop(spool);
        drop(store(&blobs, b"whole"));
        assert_eq!(files(directory.path()), 0);
        let stored = store(&blobs, b"123456789");
        assert_eq!(stored.checksums[&ChecksumAlgorithm::Crc32], "y/Q5Jg==");
        stored.pending.keep();
        assert_eq!(files(directory.path()), 1);
    }

    #[test]
    fn a_link_outlives_what_it_was_made_of() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Arc::new(Blobs::open(directory.path()).unwrap());
        let stored = store(&blobs, b"body");
        let copy = blobs.link(stored.pending.id()).unwrap();
        drop(stored);
        assert_eq!(io::read_to_string(blobs.read(copy.id()).unwrap()).unwrap(), "body");
    }

    #[test]
    fn the_sweep_takes_only_what_is_old_and_unnamed() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Arc::new(Blobs::open(directory.path()).unwrap());
        let young = store(&blobs, b"young");
        let [named, orphan] = ["0123456789", "abcdef0123"].map(|tail| {
            let id = BlobId::parse(&format!("00000000000000{tail}0000")).unwrap();
            fs::rename(blobs.path(store(&blobs, b"old").pending.id()), blobs.prepare(&id).unwrap()).unwrap();
            id
        });
        assert_eq!(blobs.sweep(|id| *id == named).unwrap(), 1);
        assert!(blobs.read(&named).is_ok());
        assert!(blobs.read(&orphan).is_err());
        assert!(blobs.read(young.pending.id()).is_ok());
    }
}
