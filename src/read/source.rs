//! A file that is being read, and the watch on whether it changes meanwhile.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::collect::{CollectedFile, FileStamp};
use crate::name::AssetName;
use crate::read::ReadError;

/// How much is read at once.
const BUFFER: usize = 64 * 1024;

/// A file that must look the same whenever it is read.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) name: AssetName,
    pub(crate) path: PathBuf,
    pub(crate) stamp: FileStamp,
}

impl From<&CollectedFile> for SourceFile {
    fn from(file: &CollectedFile) -> Self {
        Self { name: file.name.clone(), path: file.path.clone(), stamp: file.stamp }
    }
}

impl SourceFile {
    /// Opens the file, which must still look as the walk saw it.
    pub(crate) fn open(&self) -> Result<File, ReadError> {
        let file = self.open_unchecked()?;
        self.check(&file)?;
        Ok(file)
    }

    fn open_unchecked(&self) -> Result<File, ReadError> {
        File::open(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::Vanished { name: self.name.clone() },
            _ => self.unreadable(error),
        })
    }

    /// Whether the open file still looks as the walk saw it.
    fn check(&self, file: &File) -> Result<(), ReadError> {
        let metadata = file.metadata().map_err(|error| self.unreadable(error))?;
        if FileStamp::of(&metadata) == self.stamp { Ok(()) } else { Err(self.changed()) }
    }

    /// Reads the whole file, which ends where its size says; every stretch but the last is [`BUFFER`] bytes long.
    pub(crate) fn read<E: From<ReadError>>(
        &self,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.stamp.size > BUFFER as u64 {
            return self.read_stretch(0, self.stamp.size, sink);
        }
        let bytes = self.read_whole()?;
        if bytes.is_empty() { Ok(()) } else { sink(&bytes) }
    }

    /// The whole file, which ends where its size says. The look at its end tells of all changes before it, so that most
    /// files cost five calls of the system.
    pub(crate) fn read_whole(&self) -> Result<Vec<u8>, ReadError> {
        let mut file = self.open_unchecked()?;
        // One more than there should be, so that the end is seen and the buffer never grows.
        let size = usize::try_from(self.stamp.size).unwrap_or(usize::MAX);
        let mut bytes = vec![0; size.saturating_add(1)];
        let read = fill(&mut file, &mut bytes, size);
        self.check(&file)?;
        if read.map_err(|error| self.unreadable(error))? != size {
            return Err(self.changed());
        }
        bytes.truncate(size);
        Ok(bytes)
    }

    /// Reads a stretch of the file.
    pub(crate) fn read_stretch<E: From<ReadError>>(
        &self,
        offset: u64,
        length: u64,
        sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut file = self.open()?;
        stretch(&mut file, offset, length, sink, |error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.changed().into(),
            _ => self.unreadable(error).into(),
        })?;
        if offset + length == self.stamp.size {
            self.check_end(&mut file)?;
        }
        Ok(self.check(&file)?)
    }

    /// Whether the file ends where its size says. Those that the system makes up (`/proc`) have more to say, or
    /// cannot be read at all, and would otherwise be stored empty.
    fn check_end(&self, file: &mut File) -> Result<(), ReadError> {
        match file.read(&mut [0]).map_err(|error| self.unreadable(error))? {
            0 => Ok(()),
            _ => Err(self.changed()),
        }
    }

    fn changed(&self) -> ReadError {
        ReadError::Changed { name: self.name.clone() }
    }

    fn unreadable(&self, source: io::Error) -> ReadError {
        ReadError::Unreadable { name: self.name.clone(), path: self.path.clone(), source }
    }
}

/// Reads until the buffer is full or the file ends, which it does where no more than `size` come; how much came.
fn fill(file: &mut File, buffer: &mut [u8], size: usize) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if filled == size {
            break;
        }
    }
    Ok(filled)
}

/// Reads a stretch of a private file, which nobody changes.
pub(crate) fn read_private(
    path: &Path,
    offset: u64,
    length: u64,
    mut sink: impl FnMut(&[u8]),
) -> io::Result<()> {
    let take = |bytes: &[u8]| {
        sink(bytes);
        Ok(())
    };
    stretch(&mut File::open(path)?, offset, length, take, |error| error)
}

fn stretch<E>(
    file: &mut File,
    offset: u64,
    length: u64,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    failed: impl Fn(io::Error) -> E,
) -> Result<(), E> {
    let size = usize::try_from(length).unwrap_or(usize::MAX).min(BUFFER);
    let mut buffer = vec![0; size];
    if offset > 0 {
        file.seek(SeekFrom::Start(offset)).map_err(&failed)?;
    }
    let mut left = length;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(size);
        file.read_exact(&mut buffer[..now]).map_err(&failed)?;
        sink(&buffer[..now])?;
        left -= now as u64;
    }
    Ok(())
}
