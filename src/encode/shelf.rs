//! Where bodies lie until they are needed again: one private file without a name, so that they cost no memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::{Encoded, EncodedBody};
use crate::digest::Layout;
use crate::name::AssetName;

/// Bodies on disk. Goes away with whatever is in it.
#[derive(Debug)]
pub struct Shelf {
    rows: Mutex<Rows>,
    most: u64,
}

#[derive(Debug, Default)]
struct Rows {
    /// Made with the first body.
    file: Option<File>,
    size: u64,
}

/// A body on a shelf, and what else is to be known of it.
#[derive(Debug, Clone)]
pub struct Shelved {
    offset: u64,
    name: AssetName,
    size: u64,
    content_encoding: Option<&'static str>,
    layout: Layout,
}

impl Shelf {
    /// An empty one that takes so many bytes.
    #[must_use]
    pub fn new(most: u64) -> Self {
        Self { rows: Mutex::default(), most }
    }

    /// Puts a body of these bytes there; `None` where it is full, or the disk is: then the body is made again.
    #[must_use]
    pub fn put(&self, encoded: &Encoded, bytes: &[u8]) -> Option<Shelved> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let offset = rows.size;
        let end = offset + encoded.size;
        if end > self.most {
            return None;
        }
        let mut file = match rows.file.take() {
            Some(file) => file,
            None => tempfile::tempfile().ok()?,
        };
        let written = file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(bytes));
        rows.file = Some(file);
        written.ok()?;
        rows.size = end;
        let Encoded { size, content_encoding, layout, .. } = *encoded;
        Some(Shelved { offset, name: encoded.name.clone(), size, content_encoding, layout })
    }

    /// Reads a body back into memory.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn get(&self, shelved: &Shelved) -> io::Result<Encoded> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let file = rows.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(shelved.offset))?;
        let Shelved { name, size, content_encoding, layout, .. } = shelved.clone();
        let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        file.read_exact(&mut bytes)?;
        let body = EncodedBody::Memory(Bytes::from(bytes));
        Ok(Encoded { name, size, body, content_encoding, layout })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Chunking;

    fn encoded(body: &'static [u8]) -> Encoded {
        let size = body.len() as u64;
        Encoded {
            name: AssetName::new("a.css").expect("a name"),
            size,
            body: EncodedBody::Memory(Bytes::from_static(body)),
            content_encoding: Some("gzip"),
            layout: Chunking::default().layout(size),
        }
    }

    #[test]
    fn bodies_come_back_until_there_is_no_room() {
        let shelf = Shelf::new(10);
        let put = |body: &'static [u8]| shelf.put(&encoded(body), body);
        let first = put(b"first").expect("there is room");
        assert!(put(b"second").is_none(), "eleven bytes");
        let third = put(b"third").expect("there is room");
        let empty = put(b"").expect("there is room");
        for (shelved, body) in [(third, &b"third"[..]), (first, b"first"), (empty, b"")] {
            let back = shelf.get(&shelved).expect("it is there");
            assert!(matches!(&back.body, EncodedBody::Memory(bytes) if *bytes == body), "{back:?}");
            assert_eq!((back.size, back.content_encoding), (body.len() as u64, Some("gzip")));
        }
    }
}
