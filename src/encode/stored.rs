//! Reading a body again: for its digest, for its parts.

use bytes::Bytes;
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::digest::{BodyDigest, Checksum, ChecksumAlgorithm, Digester, Layout, LayoutPart, hex};
use crate::encode::{EncodeError, Encoded, EncodedBody};
use crate::read::{SourceFile, read_private};
use crate::store::FileBody;

impl Encoded {
    /// The digest of the body in the layout that its size asks for.
    ///
    /// # Errors
    /// Any [`EncodeError`], since the body may have to be read from disk.
    pub fn digest(&self) -> Result<BodyDigest, EncodeError> {
        let mut digester = Digester::new(&self.layout());
        self.read(0, self.size, |bytes| digester.update(bytes))?;
        Ok(digester.finish())
    }

    /// How the body is stored.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The additional checksum of the whole body, base64: what S3 keeps as a full-object checksum.
    ///
    /// # Errors
    /// Any [`EncodeError`].
    pub fn checksum(&self, algorithm: ChecksumAlgorithm) -> Result<String, EncodeError> {
        let mut digester = Checksum::new(algorithm);
        self.read(0, self.size, |bytes| digester.update(bytes))?;
        Ok(digester.finish())
    }

    /// The additional checksum over the parts' own, base64 without their number: what S3 keeps as a composite one.
    ///
    /// # Errors
    /// Any [`EncodeError`].
    pub fn composite_checksum(&self, algorithm: ChecksumAlgorithm) -> Result<String, EncodeError> {
        let mut composite = Checksum::new(algorithm);
        for part in self.layout().parts() {
            let mut digester = Checksum::new(algorithm);
            self.read(part.offset, part.length, |bytes| digester.update(bytes))?;
            composite.update(&digester.finish_bytes());
        }
        Ok(composite.finish())
    }

    /// One part in memory; shared, not copied, where the body is in memory already.
    ///
    /// # Errors
    /// Any [`EncodeError`].
    pub fn part(&self, part: &LayoutPart) -> Result<Bytes, EncodeError> {
        if let EncodedBody::Memory(bytes) = &self.body {
            return Ok(bytes.slice(range(part.offset, part.length)));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(part.length).unwrap_or_default());
        self.read(part.offset, part.length, |stretch| bytes.extend_from_slice(stretch))?;
        Ok(Bytes::from(bytes))
    }

    /// The MD5 of one part, in lower-case hex.
    ///
    /// # Errors
    /// Any [`EncodeError`].
    pub fn part_md5(&self, part: &LayoutPart) -> Result<String, EncodeError> {
        let mut digest = Md5::new();
        self.read(part.offset, part.length, |bytes| digest.update(bytes))?;
        Ok(hex(&digest.finalize()))
    }

    /// One part that is streamed from disk when it is sent, with the hashes of this first read; `None` where the
    /// body is in memory.
    ///
    /// # Errors
    /// Any [`EncodeError`].
    pub fn file_body(
        &self,
        part: &LayoutPart,
        algorithm: Option<ChecksumAlgorithm>,
    ) -> Result<Option<FileBody>, EncodeError> {
        let path = match &self.body {
            EncodedBody::Memory(_) => return Ok(None),
            EncodedBody::File { path, .. } => path.clone(),
            EncodedBody::Temporary(path) => path.to_path_buf(),
        };
        let mut sha256 = Sha256::new();
        let mut crc64 = Checksum::new(ChecksumAlgorithm::Crc64Nvme);
        let mut checksum = algorithm.map(Checksum::new);
        self.read(part.offset, part.length, |bytes| {
            sha256.update(bytes);
            crc64.update(bytes);
            if let Some(checksum) = &mut checksum {
                checksum.update(bytes);
            }
        })?;
        Ok(Some(FileBody {
            path,
            offset: part.offset,
            length: part.length,
            sha256: sha256.finalize().into(),
            crc64: crc64.finish(),
            checksum: checksum.map(Checksum::finish),
        }))
    }

    /// Looks once more whether the file still is what was collected, where the body is read from it.
    ///
    /// # Errors
    /// [`ReadError::Changed`](crate::read::ReadError::Changed), or that the file is gone.
    pub fn unchanged(&self) -> Result<(), EncodeError> {
        match &self.body {
            EncodedBody::File { path, stamp } => {
                SourceFile { name: self.name.clone(), path: path.clone(), stamp: *stamp }
                    .open()
                    .map(drop)
                    .map_err(EncodeError::from)
            }
            EncodedBody::Memory(_) | EncodedBody::Temporary(_) => Ok(()),
        }
    }

    fn read(&self, offset: u64, length: u64, mut sink: impl FnMut(&[u8])) -> Result<(), EncodeError> {
        match &self.body {
            EncodedBody::Memory(bytes) => {
                sink(&bytes[range(offset, length)]);
                Ok(())
            }
            EncodedBody::File { path, stamp } => {
                let source = SourceFile { name: self.name.clone(), path: path.clone(), stamp: *stamp };
                source.read_stretch(offset, length, |bytes| {
                    sink(bytes);
                    Ok::<(), EncodeError>(())
                })
            }
            EncodedBody::Temporary(path) => read_private(path, offset, length, sink)
                .map_err(|source| EncodeError::Temporary { name: self.name.clone(), source }),
        }
    }
}

/// A stretch of what is in memory, so that it fits into a `usize`.
fn range(offset: u64, length: u64) -> std::ops::Range<usize> {
    let index = |number| usize::try_from(number).unwrap_or(usize::MAX);
    index(offset)..index(offset + length)
}
