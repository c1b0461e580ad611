//! The record of one release: for each object what it was made from and what was stored, and the manifest.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::sync::Arc;

use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize, Serializer};

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
    /// Everything that belongs to the release, the manifest included, whether or not this release stored it. Shared with
    /// the plan and with the next record, where an object stays.
    pub objects: BTreeMap<String, Arc<RecordedObject>>,
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
struct Document<'a, Rows> {
    s3collect_record: u64,
    id: ReleaseId,
    app: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restores: Option<ReleaseId>,
    settings: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manifest: Option<Cow<'a, RecordedManifest>>,
    headers: Vec<HeaderFingerprint>,
    /// Sorted by name.
    objects: Rows,
}

/// Name, role, size, seconds, index of the headers, ETag, and MD5s where they are not the ETag.
#[derive(Serialize, Deserialize)]
struct Row<'a>(Cow<'a, str>, char, u64, u64, usize, Cow<'a, str>, Option<Cow<'a, str>>, Option<Cow<'a, str>>);

/// The rows of a record, which are never in memory together: each is made when it is written.
struct Rows<'a> {
    objects: &'a BTreeMap<String, Arc<RecordedObject>>,
    headers: &'a [HeaderFingerprint],
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.objects.iter().map(|(name, object)| {
            let index = self.headers.binary_search(&object.headers).unwrap_or_default();
            Row::of(name, object, index)
        }))
    }
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// Any [`ReleaseError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReleaseError> {
        let text = gunzip(bytes, MOST).map_err(ReleaseError::Gzip)?;
        let document: Document<'_, Vec<Row<'_>>> =
            serde_json::from_slice(&text).map_err(ReleaseError::Shape)?;
        if document.s3collect_record != VERSION {
            return Err(ReleaseError::Version { found: document.s3collect_record, known: VERSION });
        }
        let mut objects = BTreeMap::new();
        for row in document.objects {
            let (name, object) = row.object(&document.headers)?;
            objects.insert(name, Arc::new(object));
        }
        let manifest = document.manifest.map(Cow::into_owned);
        let Document { id, app, order, restores, settings, .. } = document;
        Ok(Self { id, app, order, restores, settings, manifest, objects })
    }

    /// The document: JSON, compressed; the same for the same record.
    ///
    /// # Panics
    /// Never: memory takes all that is written.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let headers: BTreeSet<&HeaderFingerprint> =
            self.objects.values().map(|object| &object.headers).collect();
        let headers: Vec<HeaderFingerprint> = headers.into_iter().cloned().collect();
        let document = Document {
            s3collect_record: VERSION,
            id: self.id.clone(),
            app: self.app.clone(),
            order: self.order,
            restores: self.restores.clone(),
            settings: self.settings.clone(),
            manifest: self.manifest.as_ref().map(Cow::Borrowed),
            objects: Rows { objects: &self.objects, headers: &headers },
            headers: headers.clone(),
        };
        let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        let mut buffer = BufWriter::new(&mut encoder);
        serde_json::to_writer(&mut buffer, &document).expect("plain data, and memory takes it");
        buffer.flush().expect("memory takes it");
        drop(buffer);
        encoder.finish().expect("memory takes it")
    }
}

impl<'a> Row<'a> {
    fn of(name: &'a str, object: &'a RecordedObject, headers: usize) -> Self {
        let RecordedObject { role, source, body, etag, size, put_at, .. } = object;
        let role = match role {
            Role::Hashed => 'h',
            Role::Plain => 'p',
            Role::Manifest => 'm',
        };
        let source = (source != etag).then_some(Cow::Borrowed(source.as_str()));
        let body = (body != etag).then_some(Cow::Borrowed(body.as_str()));
        Self(Cow::Borrowed(name), role, *size, *put_at, headers, Cow::Borrowed(etag), source, body)
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
        if AssetName::new(&*name).is_err() {
            return Err(ReleaseError::Content(format!("the name `{}`, which is none", name.escape_debug())));
        }
        let etag = etag.into_owned();
        let source = source.map_or_else(|| etag.clone(), Cow::into_owned);
        let body = body.map_or_else(|| etag.clone(), Cow::into_owned);
        Ok((name.into_owned(), RecordedObject { role, source, body, etag, size, headers, put_at }))
    }
}

#[cfg(test)]
mod tests;
