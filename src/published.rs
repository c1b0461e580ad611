//! Reads the manifest that is published in a bucket, whoever published it: a push of ours, or collectstatic. One
//! GET, which brings nothing where the manifest is known already.

use std::io;

use crate::error::{Diagnose, Exit};
use crate::inflate::gunzip;
use crate::manifest::{Manifest, ManifestError};
use crate::name::ObjectKey;
use crate::store::{Fetch, Fetched, Store, StoreError, Target, fetch};

/// The most bytes of a manifest, stored or decompressed: a million names are about 150 MB.
const MOST: u64 = 256 * 1024 * 1024;

/// A manifest as it was in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The names.
    pub manifest: Manifest,
    /// The document, decompressed.
    pub document: Vec<u8>,
    /// The ETag of the object, which tells the next time whether it is another one.
    pub etag: String,
}

/// Why there is no manifest to go by.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// Nothing is published there.
    #[error("there is no manifest at `{0}`")]
    Absent(Target),
    /// The object is no manifest.
    #[error("`{object}` is no manifest")]
    Unreadable {
        /// The object.
        object: Target,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// The object cannot be decompressed.
    #[error("`{object}` cannot be decompressed")]
    Damaged {
        /// The object.
        object: Target,
        /// Why not.
        source: io::Error,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Diagnose for PublishedError {
    fn key(&self) -> Option<String> {
        match self {
            Self::Absent(object) | Self::Unreadable { object, .. } | Self::Damaged { object, .. } => {
                Some(object.key.clone())
            }
            Self::Store(error) => error.key(),
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.note(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Absent(_) => {
                Some("publish one with `s3collect push --manifest`, or correct `location`".to_owned())
            }
            Self::Unreadable { source, .. } => source.hint(),
            Self::Damaged { .. } => Some("publish it anew with `s3collect push --manifest`".to_owned()),
            Self::Store(error) => error.hint(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            _ => Exit::Failed,
        }
    }
}

/// The manifest under a key; `None` where it still has the ETag that is `known`. The bucket's name is for messages.
///
/// # Errors
/// Any [`PublishedError`].
pub async fn manifest<S: Store>(
    store: &S,
    bucket: &str,
    key: &ObjectKey,
    known: Option<&str>,
) -> Result<Option<Published>, PublishedError> {
    let object = || Target { bucket: bucket.to_owned(), key: key.to_string() };
    let fetched = match fetch(store, key, known, MOST).await? {
        Fetch::Absent => return Err(PublishedError::Absent(object())),
        Fetch::Unchanged => return Ok(None),
        Fetch::Object(fetched) => fetched,
    };
    let etag = fetched.etag.clone();
    let document = decoded(fetched).map_err(|source| PublishedError::Damaged { object: object(), source })?;
    let manifest = Manifest::parse(&document)
        .map_err(|source| PublishedError::Unreadable { object: object(), source })?;
    Ok(Some(Published { manifest, document, etag }))
}

/// The document, decompressed where the object says that it is compressed.
pub(crate) fn decoded(fetched: Fetched) -> io::Result<Vec<u8>> {
    if fetched.content_encoding.as_deref() != Some("gzip") {
        return Ok(fetched.body.into());
    }
    gunzip(&fetched.body, MOST)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::error::Problem;
    use crate::parameters::{ObjectParameters, Parameter};
    use crate::store::memory::MemoryStore;

    const DOCUMENT: &[u8] = br#"{"paths": {"a.css": "a.0123456789ab.css"}, "version": "1.1", "hash": "1"}"#;

    fn key() -> ObjectKey {
        ObjectKey::new("static/staticfiles.json").expect("a key")
    }

    fn holding(body: &[u8], content_encoding: Option<&str>) -> MemoryStore {
        let store = MemoryStore::new();
        let mut parameters = ObjectParameters::default();
        if let Some(encoding) = content_encoding {
            parameters.set(Parameter::ContentEncoding, encoding);
        }
        store.insert(key().as_str(), body.to_vec(), parameters);
        store
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    async fn read(store: &MemoryStore, known: Option<&str>) -> Result<Option<Published>, Problem> {
        manifest(store, "memory", &key(), known).await.map_err(|error| Problem::of(&error))
    }

    fn told(error: &Problem) -> (String, Vec<String>, Option<String>) {
        (error.message.clone(), error.causes.clone(), error.hint.clone())
    }

    #[tokio::test]
    async fn a_manifest_is_read_compressed_or_not_and_only_once() {
        for store in [holding(DOCUMENT, None), holding(&gzip(DOCUMENT), Some("gzip"))] {
            let published = read(&store, None).await.expect("an answer").expect("a manifest");
            assert_eq!(published.manifest.stored_name("a.css"), Some("a.0123456789ab.css"));
            assert_eq!(published.document, DOCUMENT);
            assert_eq!(read(&store, Some(&published.etag)).await, Ok(None));
            assert_eq!(read(&store, Some("another")).await, Ok(Some(published)));
        }
    }

    #[tokio::test]
    async fn what_is_none_is_named() {
        let error = read(&MemoryStore::new(), None).await.expect_err("nothing is there");
        assert_eq!(
            told(&error),
            (
                "there is no manifest at `s3://memory/static/staticfiles.json`".to_owned(),
                vec![],
                Some("publish one with `s3collect push --manifest`, or correct `location`".to_owned())
            )
        );
        let error = read(&holding(b"<html>", None), None).await.expect_err("no JSON");
        assert_eq!(
            told(&error),
            (
                "`s3://memory/static/staticfiles.json` is no manifest".to_owned(),
                vec!["it is no JSON".to_owned(), "expected value at line 1 column 1".to_owned()],
                Some("it was not written by Django or s3collect, or is cut off; write it anew".to_owned())
            )
        );
        let error = read(&holding(br#"{"version": "2.0", "paths": {}}"#, None), None).await;
        assert_eq!(
            told(&error.expect_err("a version of the future")),
            (
                "`s3://memory/static/staticfiles.json` is no manifest".to_owned(),
                vec!["its version is `\"2.0\"`, which is not known".to_owned()],
                Some("versions 1.0 and 1.1 can be read, which Django 1.7 to 6.1 write".to_owned())
            )
        );
        let cut = &gzip(DOCUMENT)[..30];
        let error = read(&holding(cut, Some("gzip")), None).await.expect_err("cut off");
        assert_eq!(error.message, "`s3://memory/static/staticfiles.json` cannot be decompressed");
    }
}
