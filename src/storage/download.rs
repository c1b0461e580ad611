//! A file of the bucket as a file of this machine: fetched in stretches beside each other, checked, and there whole or
//! not at all. What an interrupt leaves is a hidden file beside it, from which the next download goes on.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::{StreamExt as _, stream};
use md5::{Digest as _, Md5};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::digest::{Checksum, hex};
use crate::name::ObjectKey;
use crate::parameters::Parameter;
use crate::store::{
    ByteRange, GetAnswer, GetRequest, ObjectHead, Operation, ReadCondition, Store, StoreError,
    StoreErrorKind, Target,
};

use super::{Storage, StorageError, Transfer};

/// Bytes of one stretch; smaller objects come by one request.
const STRETCH: u64 = 8 * 1024 * 1024;

/// Stretches in flight, and in memory, at once.
const AT_ONCE: usize = 6;

/// A file that was downloaded.
///
/// ```
/// use s3collect::storage::Transfer;
/// # use s3collect::storage::Storage;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// # let directory = tempfile::tempdir()?;
/// storage.save("a.txt", "hello").await?;
/// let path = directory.path().join("a.txt");
/// let downloaded = storage.download("a.txt", &path, &Transfer::default()).await?;
/// assert_eq!((downloaded.size, downloaded.resumed), (5, 0));
/// assert_eq!(downloaded.checked.as_deref(), Some("MD5"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// The object's key.
    pub key: ObjectKey,
    /// Bytes of the object as stored.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// Which checksum of the object the bytes were held against; `None` where it has none of its whole body.
    pub checked: Option<String>,
    /// Bytes that an earlier download had left.
    pub resumed: u64,
}

impl<S: Store + 'static> Storage<S> {
    /// Downloads a file. It appears under `path`, in place of what was there, when all of it has come and has the checksum
    /// that the bucket keeps of it. It is decompressed where [`Storage::open`] would do so.
    ///
    /// # Errors
    /// [`StorageError::Absent`], [`StorageError::Mismatch`], [`StorageError::Local`],
    /// [`StorageError::Interrupted`], and any refusal of the store.
    ///
    /// ```
    /// use s3collect::storage::Transfer;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("a.txt");
    /// storage.save("a.txt", "hello").await?;
    /// storage.download("a.txt", &path, &Transfer::default()).await?;
    /// assert_eq!(std::fs::read(&path)?, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn download(
        &self,
        name: &str,
        path: &Path,
        transfer: &Transfer,
    ) -> Result<Downloaded, StorageError> {
        let (key, head) = self.present(name).await?;
        let mut partial = blocking(path, {
            let (path, tag) = (path.to_owned(), tag(&key, &head));
            let (size, check) = (head.size, Check::of(&head));
            move || Partial::open(&path, &tag, size, check)
        })
        .await?;
        let resumed = partial.length;
        transfer.progress(usize::try_from(resumed).unwrap_or_default());
        transfer.unless_cancelled(self.fetch_into(&mut partial, &key, &head, path, transfer)).await?;
        let checked = partial.verified(&key)?;
        let compressed = head.parameters.get(Parameter::ContentEncoding) == Some("gzip");
        let decode = compressed && self.options.objects.gzip.enabled;
        let to = path.to_owned();
        let damaged = key.to_string();
        tokio::task::spawn_blocking(move || partial.place(&to, decode))
            .await
            .map_err(io::Error::other)
            .and_then(|placed| placed)
            .map_err(|source| match source.kind() {
                io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
                    StorageError::Damaged { key: damaged, source }
                }
                _ => StorageError::Local { verb: "write", path: path.to_owned(), source },
            })?;
        Ok(Downloaded { key, size: head.size, etag: head.etag, checked, resumed })
    }

    /// The rest of the object, in order.
    async fn fetch_into(
        &self,
        partial: &mut Partial,
        key: &ObjectKey,
        head: &ObjectHead,
        path: &Path,
        transfer: &Transfer,
    ) -> Result<(), StorageError> {
        let ranges = (partial.length..head.size).step_by(usize::try_from(STRETCH).unwrap_or(usize::MAX));
        let mut stretches = stream::iter(ranges)
            .map(|offset| {
                let length = STRETCH.min(head.size - offset);
                self.stretch(key, head, ByteRange { offset, length: Some(length) }, transfer)
            })
            .buffered(AT_ONCE);
        while let Some(stretch) = stretches.next().await {
            let written = partial.append(&stretch?).await;
            written.map_err(|source| StorageError::Local { verb: "write", path: path.to_owned(), source })?;
        }
        Ok(())
    }

    async fn stretch(
        &self,
        key: &ObjectKey,
        head: &ObjectHead,
        range: ByteRange,
        transfer: &Transfer,
    ) -> Result<Bytes, StorageError> {
        let length = range.length.unwrap_or_default();
        let request = GetRequest {
            key: key.clone(),
            range: (length < head.size).then_some(range),
            condition: Some(ReadCondition::Matches(head.etag.clone())),
            version: None,
        };
        let broken = |kind| {
            let target = Target { bucket: self.options.bucket.clone(), key: key.to_string() };
            StoreError::new(Operation::GetObject, target, kind)
        };
        let GetAnswer::Object(mut download) = self.store.get(&request).await? else {
            return Err(broken(StoreErrorKind::PreconditionFailed).into());
        };
        let mut bytes = BytesMut::with_capacity(usize::try_from(length).unwrap_or_default());
        while let Some(piece) = download.pieces.next().await {
            let piece = piece?;
            transfer.progress(piece.len());
            bytes.extend_from_slice(&piece);
            // Nobody's answer fills memory with more than was asked for.
            if bytes.len() as u64 > length {
                break;
            }
        }
        if bytes.len() as u64 == length {
            Ok(bytes.freeze())
        } else {
            Err(broken(StoreErrorKind::ConnectionLost).into())
        }
    }
}

/// What tells one object from another that was there before.
fn tag(key: &ObjectKey, head: &ObjectHead) -> String {
    hex(&Md5::digest(format!("{key}\n{}\n{}", head.etag, head.size)))[..12].to_owned()
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StorageError> {
    let outcome =
        tokio::task::spawn_blocking(work).await.map_err(io::Error::other).and_then(|outcome| outcome);
    outcome.map_err(|source| StorageError::Local { verb: "write", path: path.to_owned(), source })
}

/// What the bytes are held against.
enum Check {
    Checksum { running: Box<Checksum>, name: &'static str, wanted: String },
    Md5 { running: Box<Md5>, wanted: String },
    Nothing,
}

impl Check {
    fn of(head: &ObjectHead) -> Self {
        if let Some(stored) = head.checksums.iter().find(|stored| stored.composite_parts.is_none()) {
            let running = Box::new(Checksum::new(stored.algorithm));
            return Self::Checksum { running, name: stored.algorithm.as_str(), wanted: stored.value.clone() };
        }
        if head.etag_is_md5() {
            return Self::Md5 { running: Box::default(), wanted: head.etag.to_ascii_lowercase() };
        }
        Self::Nothing
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Checksum { running, .. } => running.update(bytes),
            Self::Md5 { running, .. } => running.update(bytes),
            Self::Nothing => {}
        }
    }
}

/// The beginning of an object, on disk. It only grows at its end, so that its length says how much there is.
struct Partial {
    file: File,
    path: PathBuf,
    length: u64,
    check: Check,
}

impl Partial {
    /// Opens what an earlier download left of the same object, or begins anew; nobody else may write to it meanwhile.
    fn open(target: &Path, tag: &str, size: u64, mut check: Check) -> io::Result<Self> {
        let base = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let name = format!(".{base}.{tag}.part");
        let path = folder.join(&name);
        let mut options = std::fs::File::options();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
        file.try_lock().map_err(|_| io::Error::other("another download of it is under way"))?;
        remove_stale(folder, &base, &name);
        let mut length = file.metadata()?.len();
        if length > size {
            file.set_len(0)?;
            length = 0;
        }
        let mut piece = vec![0; 64 * 1024];
        file.rewind()?;
        loop {
            let count = file.read(&mut piece)?;
            if count == 0 {
                break;
            }
            check.update(&piece[..count]);
        }
        file.seek(SeekFrom::Start(length))?;
        Ok(Self { file: File::from_std(file), path, length, check })
    }

    async fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await?;
        self.file.flush().await?;
        self.length += bytes.len() as u64;
        self.check.update(bytes);
        Ok(())
    }

    /// The checksum that agrees; what does not agree is no beginning of anything, and is removed.
    fn verified(&mut self, key: &ObjectKey) -> Result<Option<String>, StorageError> {
        let (found, wanted, name) = match std::mem::replace(&mut self.check, Check::Nothing) {
            Check::Checksum { running, name, wanted } => (running.finish(), wanted, name),
            Check::Md5 { running, wanted } => (hex(&running.finalize()), wanted, "MD5"),
            Check::Nothing => return Ok(None),
        };
        if found == wanted {
            return Ok(Some(name.to_owned()));
        }
        // What cannot be removed will not agree the next time either.
        let _ = std::fs::remove_file(&self.path);
        Err(StorageError::Mismatch { key: key.to_string(), checksum: name.to_owned() })
    }

    /// Puts it, whole, in the place of what was there.
    fn place(self, target: &Path, decode: bool) -> io::Result<()> {
        if !decode {
            return std::fs::rename(&self.path, target);
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut plain = tempfile::Builder::new().prefix(".s3collect-").tempfile_in(folder)?;
        let mut decoder = MultiGzDecoder::new(std::fs::File::open(&self.path)?);
        io::copy(&mut decoder, &mut plain)?;
        #[cfg(unix)]
        plain.as_file().set_permissions(std::fs::metadata(&self.path)?.permissions())?;
        plain.persist(target).map_err(|error| error.error)?;
        std::fs::remove_file(&self.path)
    }
}

/// Beginnings of objects that are no longer what is to be downloaded.
fn remove_stale(folder: &Path, base: &str, current: &str) {
    let prefix = format!(".{base}.");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let tag = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".part"));
        let is_ours =
            tag.is_some_and(|tag| tag.len() == 12 && tag.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_ours && name != current {
            // It only takes room.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
