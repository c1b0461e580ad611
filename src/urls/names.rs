//! Stored names: from the local manifest where there is one, else from the bucket's by one GET. A name that neither has is
//! an error, unless `manifest_strict` is off: then its object is fetched and hashed, as Django does.

use std::fs;
use std::io;
use std::path::Path;

use crate::digest::{ContentHash, hashed_name};
use crate::error::Problem;
use crate::manifest::Manifest;
use crate::name::ObjectKey;
use crate::published::{self, PublishedError};
use crate::session::{self, Session};
use crate::settings::Settings;
use crate::store::retry::Retrying;
use crate::store::s3::S3Store;
use crate::store::{Fetch, Store, fetch};
use crate::url::{Asked, UrlError, quoted};

use super::cache::Cache;
use super::error::LookUpError;

/// The most bytes of an object that is hashed for its name.
const MOST: u64 = 256 * 1024 * 1024;

/// The stored names of what is asked, in its order. Where the bucket has to be asked, what is odd about the way there is
/// added to the warnings.
pub(super) async fn stored(
    settings: &Settings,
    asked: &[Asked<'_>],
    cache: Option<&Path>,
    warnings: &mut Vec<Problem>,
) -> Result<Vec<String>, Vec<Problem>> {
    let one = |problem: Problem| vec![problem];
    if asked.iter().all(|asked| asked.key().is_none()) {
        return look_up(asked, &Manifest::default());
    }
    let local = local_manifest(settings).map_err(|error| one(error.into()))?;
    if let Some(manifest) = &local {
        match look_up(asked, manifest) {
            Ok(names) => return Ok(names),
            Err(problems) if settings.manifest.strict => return Err(problems),
            Err(_) => {}
        }
    }
    if settings.connection.bucket.is_empty() {
        return Err(one(LookUpError::NoBucket.into()));
    }
    warnings.extend(session::warnings(&settings.connection));
    let Session { store, endpoint } = Session::open(settings).await.map_err(one)?;
    let cache = cache.filter(|_| settings.connection.local.is_none());
    let address = format!("{} {}", store.endpoint(), settings.connection.bucket);
    let store: Retrying<S3Store> =
        Retrying::with_attempts(store, settings.connection.client.attempts, |_| {});
    let names = from_bucket(settings, asked, local, &store, &address, cache).await;
    endpoint.close().await;
    names
}

/// Names out of a manifest that may have to be fetched first.
pub(super) async fn from_bucket<S: Store>(
    settings: &Settings,
    asked: &[Asked<'_>],
    local: Option<Manifest>,
    store: &S,
    address: &str,
    cache: Option<&Path>,
) -> Result<Vec<String>, Vec<Problem>> {
    let manifest = match local {
        Some(manifest) => manifest,
        None => fetched(settings, store, address, cache).await.map_err(|problem| vec![problem])?,
    };
    match look_up(asked, &manifest) {
        Ok(names) => Ok(names),
        Err(problems) if settings.manifest.strict => Err(problems),
        Err(_) => hashed(settings, asked, &manifest, store).await,
    }
}

/// All of them out of a manifest, or what to say of those that it lacks.
fn look_up(asked: &[Asked<'_>], manifest: &Manifest) -> Result<Vec<String>, Vec<Problem>> {
    let (mut names, mut problems) = (Vec::new(), Vec::new());
    for asked in asked {
        match asked.stored(manifest) {
            Ok(name) => names.push(name.to_owned()),
            Err(error) => problems.push(Problem::of(&error)),
        }
    }
    if problems.is_empty() { Ok(names) } else { Err(problems) }
}

/// The manifest that is beside the settings; `None` where the bucket has to be asked.
#[expect(clippy::disallowed_methods, reason = "the manifest is one whole document")]
fn local_manifest(settings: &Settings) -> Result<Option<Manifest>, LookUpError> {
    let Some(path) = &settings.manifest.local_path else { return Ok(None) };
    match fs::read(path) {
        Ok(document) => Manifest::parse(&document)
            .map(Some)
            .map_err(|source| LookUpError::LocalDamaged { path: path.clone(), source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && settings.manifest.in_bucket => Ok(None),
        Err(source) => Err(LookUpError::LocalUnreadable { path: path.clone(), source }),
    }
}

/// The bucket's manifest: what is remembered of it, where its ETag is still the same.
async fn fetched<S: Store>(
    settings: &Settings,
    store: &S,
    address: &str,
    cache: Option<&Path>,
) -> Result<Manifest, Problem> {
    let key = settings.location.key(&settings.manifest.manifest_name).map_err(|error| Problem::of(&error))?;
    let cache = Cache::of(cache, &format!("{address} {key}"));
    let bucket = &settings.connection.bucket;
    let remembered = cache.read();
    let known = remembered.as_ref().map(|remembered| remembered.etag.as_str());
    match published::manifest(store, bucket, &key, known).await {
        Ok(Some(published)) => {
            cache.write(&published);
            Ok(published.manifest)
        }
        Ok(None) => Ok(remembered.map(|remembered| remembered.manifest).unwrap_or_default()),
        // Django takes no manifest for an empty one.
        Err(PublishedError::Absent(_)) if !settings.manifest.strict => Ok(Manifest::default()),
        Err(error) => Err(Problem::of(&error)),
    }
}

/// Names that are in the manifest, and those that their objects' contents give.
async fn hashed<S: Store>(
    settings: &Settings,
    asked: &[Asked<'_>],
    manifest: &Manifest,
    store: &S,
) -> Result<Vec<String>, Vec<Problem>> {
    let (mut names, mut problems) = (Vec::new(), Vec::new());
    for asked in asked {
        let name = match asked.stored(manifest) {
            Ok(name) => Ok(name.to_owned()),
            Err(_) => by_content(settings, asked.key().unwrap_or_default(), store).await,
        };
        match name {
            Ok(name) => names.push(name),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(names) } else { Err(problems) }
}

/// The name that an object's own content gives it.
async fn by_content<S: Store>(settings: &Settings, name: &str, store: &S) -> Result<String, Problem> {
    let named = |error| Problem::of(&UrlError::Name { name: name.to_owned(), error });
    let key = settings.location.storage_key(name).and_then(ObjectKey::new).map_err(named)?;
    let fetched = match fetch(store, &key, None, MOST).await? {
        Fetch::Object(fetched) => fetched,
        Fetch::Absent | Fetch::Unchanged => {
            return Err(LookUpError::Nowhere { name: name.to_owned(), key }.into());
        }
    };
    let content = published::decoded(fetched).map_err(|source| LookUpError::Undecodable { key, source })?;
    let refused = |_| Problem::of(&UrlError::NotAUrl { name: name.to_owned() });
    // It was percent-decoded once, and will be again.
    hashed_name(&quoted(name), ContentHash::of(&content)).map_err(refused)
}
