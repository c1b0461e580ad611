//! Makes the body that will be stored: the file as it is, or compressed byte for byte as django-storages does it.
//! Takes files, and bytes that were made from them. Reads files, and writes temporary ones for compressed bodies that are too large for memory; blocks while it does.
//! May not touch the network.

use std::io::Write;
use std::path::PathBuf;

use bytes::Bytes;
use flate2::GzBuilder;
use libdeflater::{CompressionLvl, Compressor};
use tempfile::TempPath;

use crate::collect::FileStamp;
use crate::digest::{Chunking, Layout};
use crate::name::AssetName;
use crate::object::Compression;
use crate::read::SourceFile;
use crate::settings::GzipEngine;

mod deflate;
mod error;
mod material;
mod shelf;
mod spool;
mod stored;

pub use error::EncodeError;
pub use material::Material;
pub use shelf::{Shelf, Shelved};

use deflate::Gzip;
use spool::Spool;

/// The byte of a gzip header that says Unix, which zlib writes.
pub(crate) const UNIX: u8 = 3;

/// The most bytes of one body that are held in memory. What is larger is hashed in a first read and streamed from
/// disk in a second: buffers of many MiB that come and go on many threads are never given back by the allocator.
pub const HOLD: u64 = 1024 * 1024;

/// The most bytes that libdeflate gets, as it wants them all in memory; zlib has what is larger. The same on every machine, since
/// it decides on bytes.
const ONE_GO: u64 = 4 * 1024 * 1024;

/// A body as it will be stored.
#[derive(Debug)]
pub struct Encoded {
    /// Which asset it is the body of.
    pub name: AssetName,
    /// Bytes as stored.
    pub size: u64,
    /// The bytes, or where they are.
    pub body: EncodedBody,
    /// `gzip` where it was compressed here.
    pub content_encoding: Option<&'static str>,
    /// How the body is stored.
    pub layout: Layout,
}

/// Where a body is. Its bytes are read by [`Encoded::digest`], [`Encoded::part`] and [`Encoded::file_body`].
#[derive(Debug)]
pub enum EncodedBody {
    /// In memory.
    Memory(Bytes),
    /// In the file itself, which must still have this stamp whenever it is read.
    File {
        /// The file.
        path: PathBuf,
        /// How it looked when it was collected.
        stamp: FileStamp,
    },
    /// In a private file that goes away with this.
    Temporary(TempPath),
}

/// Makes a body. Holds at most about `memory_limit` bytes that were not in memory already: what is larger stays on
/// disk.
///
/// # Errors
/// Any [`EncodeError`].
pub fn encode(
    material: &Material,
    compression: &Compression,
    chunking: Chunking,
    memory_limit: u64,
) -> Result<Encoded, EncodeError> {
    let name = material.name().clone();
    if let Compression::Gzip { level, engine, if_smaller } = *compression {
        let spool = match engine {
            GzipEngine::Libdeflate if material.size() <= ONE_GO => at_once(material, level, memory_limit)?,
            GzipEngine::Libdeflate | GzipEngine::Zlib => compress(material, level, memory_limit)?,
        };
        let size = spool.size();
        if !if_smaller || size < material.size() {
            let body = spool
                .into_body()
                .map_err(|error| EncodeError::Temporary { name: name.clone(), source: error })?;
            let layout = chunking.layout(size);
            return Ok(Encoded { name, size, body, content_encoding: Some("gzip"), layout });
        }
    }
    let body = match material {
        Material::File(file) => plain(&SourceFile::from(file), memory_limit)?,
        Material::Rewritten { bytes, .. } | Material::Made { bytes, .. } => {
            EncodedBody::Memory(bytes.clone())
        }
    };
    let size = material.size();
    Ok(Encoded { name, size, body, content_encoding: None, layout: chunking.layout(size) })
}

fn plain(source: &SourceFile, memory_limit: u64) -> Result<EncodedBody, EncodeError> {
    if source.stamp.size > memory_limit {
        source.open()?;
        return Ok(EncodedBody::File { path: source.path.clone(), stamp: source.stamp });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(source.stamp.size).unwrap_or_default());
    source.read(|stretch| {
        bytes.extend_from_slice(stretch);
        Ok::<(), EncodeError>(())
    })?;
    Ok(EncodedBody::Memory(Bytes::from(bytes)))
}

/// The header is zlib's own: no time, no name, Unix. django-storages hands zlib the file in one go or in pieces; the
/// bytes are the same.
fn compress(material: &Material, level: u32, memory_limit: u64) -> Result<Spool, EncodeError> {
    let temporary = |error| EncodeError::Temporary { name: material.name().clone(), source: error };
    match Gzip::new(Spool::new(material.size(), memory_limit), level) {
        Ok(encoder) => write(material, encoder)?.finish(),
        Err(spool) => {
            let header = GzBuilder::new().mtime(0).operating_system(UNIX);
            write(material, header.write(spool, flate2::Compression::new(level)))?.finish()
        }
    }
    .map_err(temporary)
}

fn write<W: Write>(material: &Material, mut encoder: W) -> Result<W, EncodeError> {
    let temporary = |error| EncodeError::Temporary { name: material.name().clone(), source: error };
    match material {
        Material::File(file) => {
            SourceFile::from(file).read(|stretch| encoder.write_all(stretch).map_err(temporary))?;
        }
        Material::Rewritten { bytes, .. } | Material::Made { bytes, .. } => {
            encoder.write_all(bytes).map_err(temporary)?;
        }
    }
    Ok(encoder)
}

/// The same by libdeflate, which wants all of a body in memory and says of its header what gzip says of an unknown system.
fn at_once(material: &Material, level: u32, memory_limit: u64) -> Result<Spool, EncodeError> {
    let source = match material {
        Material::File(file) => Bytes::from(SourceFile::from(file).read_whole()?),
        Material::Rewritten { bytes, .. } | Material::Made { bytes, .. } => bytes.clone(),
    };
    let level = i32::try_from(level).ok().and_then(|level| CompressionLvl::new(level).ok());
    let mut compressor = Compressor::new(level.unwrap_or_default());
    let mut compressed = vec![0; compressor.gzip_compress_bound(source.len())];
    let length =
        compressor.gzip_compress(&source, &mut compressed).expect("there is as much room as it asks for");
    let mut spool = Spool::new(length as u64, memory_limit);
    let temporary = |error| EncodeError::Temporary { name: material.name().clone(), source: error };
    spool.write_all(&compressed[..length]).map_err(temporary)?;
    Ok(spool)
}

#[cfg(test)]
mod tests;
