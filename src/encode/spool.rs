//! Where a compressed body goes while it is made: into memory, and to disk once it is too large for that.

use std::io::{self, Write};

use bytes::Bytes;
use tempfile::NamedTempFile;

use crate::encode::EncodedBody;

/// More than deflate ever adds to bytes that do not compress, headers included.
fn bound(size: u64) -> u64 {
    size + size / 1000 + 64
}

pub(super) struct Spool {
    memory: Vec<u8>,
    limit: usize,
    file: Option<NamedTempFile>,
    size: u64,
}

impl Spool {
    /// For the compressed body of a file of `source_size` bytes, of which up to `limit` stay in memory. Room is taken
    /// once, so that growing never holds two copies; what is not written to costs no memory.
    pub(super) fn new(source_size: u64, limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let room = usize::try_from(bound(source_size)).unwrap_or(usize::MAX).min(limit);
        Self { memory: Vec::with_capacity(room), limit, file: None, size: 0 }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn into_body(self) -> io::Result<EncodedBody> {
        match self.file {
            Some(mut file) => {
                file.flush()?;
                Ok(EncodedBody::Temporary(file.into_temp_path()))
            }
            None => Ok(EncodedBody::Memory(Bytes::from(self.memory.into_boxed_slice()))),
        }
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_none() && self.memory.len() + bytes.len() > self.limit {
            let mut file = NamedTempFile::with_prefix("s3collect-")?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes)?,
            None => self.memory.extend_from_slice(bytes),
        }
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
