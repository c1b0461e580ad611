//! The record of one release: for each object what it was made from and what was stored, and the manifest.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};

use super::{HeaderFingerprint, ReleaseError, ReleaseId};
use crate::inflate::gunzip;
use crate::name::AssetName;
use crate::object::Role;

/// The version of the format.
const VERSION: u64 = 1;
/// The most bytes of a record, decompressed: a million objects are about 250 MB.
const MOST: u64 = 512 * 1024 * 1024;

/// What a release is made of. Names of objects are below the location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which release.
    pub id: ReleaseId,
    /// Whose.
    pub app: String,
    /// Where it stands among the releases of its app, by whoever pushed it.
    pub order: Option<u64>,
    /// The release that a rollback put back by this one.
    pub restores: Option<ReleaseId>,
    /// A digest of the settings that shape bodies.
    pub settings: String,
    /// With the manifest backend.
    pub manifest: Option<RecordedManifest>,
    /// Everything that belongs to the release, the manifest included, whether or not this release stored it.
    pub objects: BTreeMap<String, RecordedObject>,
}

/// The manifest of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedManifest {
    /// What it is called.
    pub name: String,
    /// The document, byte for byte.
    pub document: String,
}

/// An object of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedObject {
    /// What it is in the release.
    pub role: Role,
    /// MD5 of the body before compression.
    pub source: String,
    /// MD5 of the body as stored.
    pub body: String,
    /// As the store gave it, without quotes.
    pub etag: String,
    /// Bytes as stored.
    pub size: u64,
    /// The headers it was stored with.
    pub headers: HeaderFingerprint,
    /// When it was put, by the server's clock, in seconds since 1970.
    pub put_at: u64,
}

#[derive(Serialize, Deserialize)]
struct Document {
    s3collect_record: u64,
    id: ReleaseId,
    app: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restores: Option<ReleaseId>,
    settings: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manifest: Option<RecordedManifest>,
    headers: Vec<HeaderFingerprint>,
    /// Sorted by name.
    objects: Vec<Row>,
}

/// Name, role, size, seconds, index of the headers, ETag, and MD5s where they are not the ETag.
#[derive(Serialize, Deserialize)]
struct Row(String, char, u64, u64, usize, String, Option<String>, Option<String>);

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// Any [`ReleaseError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReleaseError> {
        let text = gunzip(bytes, MOST).map_err(ReleaseError::Gzip)?;
        let document: Document = serde_json::from_slice(&text).map_err(ReleaseError::Shape)?;
        if document.s3collect_record != VERSION {
            return Err(ReleaseError::Version { found: document.s3collect_record, known: VERSION });
        }
        let mut objects = BTreeMap::new();
        for row in document.objects {
            let (name, object) = row.object(&document.headers)?;
            objects.insert(name, object);
        }
        let Document { id, app, order, restores, settings, manifest, .. } = document;
        Ok(Self { id, app, order, restores, settings, manifest, objects })
    }

    /// The document: JSON, compressed; the same for the same record.
    ///
    /// # Panics
    /// Never: memory takes all that is written.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut headers: Vec<HeaderFingerprint> =
            self.objects.values().map(|object| object.headers.clone()).collect();
        headers.sort();
        headers.dedup();
        let rows = self.objects.iter().map(|(name, object)| {
            let index = headers.binary_search(&object.headers).unwrap_or_default();
            Row::of(name, object, index)
        });
        let document = Document {
            s3collect_record: VERSION,
            id: self.id.clone(),
            app: self.app.clone(),
            order: self.order,
            restores: self.restores.clone(),
            settings: self.settings.clone(),
            manifest: self.manifest.clone(),
            objects: rows.collect(),
            headers,
        };
        let json = serde_json::to_vec(&document).expect("plain data");
        let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        encoder.write_all(&json).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }
}

impl Row {
    fn of(name: &str, object: &RecordedObject, headers: usize) -> Self {
        let RecordedObject { role, source, body, etag, size, put_at, .. } = object;
        let role = match role {
            Role::Hashed => 'h',
            Role::Plain => 'p',
            Role::Manifest => 'm',
        };
        let source = (source != etag).then(|| source.clone());
        let body = (body != etag).then(|| body.clone());
        Self(name.to_owned(), role, *size, *put_at, headers, etag.clone(), source, body)
    }

    fn object(self, headers: &[HeaderFingerprint]) -> Result<(String, RecordedObject), ReleaseError> {
        let Self(name, role, size, put_at, index, etag, source, body) = self;
        let role = match role {
            'h' => Role::Hashed,
            'p' => Role::Plain,
            'm' => Role::Manifest,
            odd => return Err(ReleaseError::Content(format!("an object of the unknown kind `{odd}`"))),
        };
        let Some(headers) = headers.get(index).cloned() else {
            return Err(ReleaseError::Content(format!("no headers for `{name}`")));
        };
        // Whoever can write to the bucket can write a record; no name of it leads out of the location.
        if AssetName::new(name.as_str()).is_err() {
            return Err(ReleaseError::Content(format!("the name `{}`, which is none", name.escape_debug())));
        }
        let source = source.unwrap_or_else(|| etag.clone());
        let body = body.unwrap_or_else(|| etag.clone());
        Ok((name, RecordedObject { role, source, body, etag, size, headers, put_at }))
    }
}

#[cfg(test)]
mod tests;
