//! Proves on objects of its own what the keys may do with the bucket, and removes them again. Their names are made by
//! chance, below the place of records, where no asset is and nothing counts as foreign.

use std::hash::{BuildHasher as _, RandomState};

use bytes::Bytes;

use crate::digest::LayoutPart;
use crate::encode::{EncodeError, HOLD, Material, encode};
use crate::error::Problem;
use crate::ledger::{self, HOME};
use crate::name::{AssetName, NameError, ObjectKey, StoredName};
use crate::object::{Described, Role, describe};
use crate::parameters::{ObjectParameters, Parameter};
use crate::plan::stored_parameters;
use crate::settings::Settings;
use crate::store::{
    Body, Condition, Fetch, MultipartRequest, PutAnswer, PutRequest, Store, StoreError, UploadId, fetch,
};

use super::finding::{Check, Finding};
use super::permission::{self, Heeds, Needed};

/// What the object of assets holds: enough for a CDN to find it worth compressing.
const LINE: &str = ".s3collect-doctor{color:#000}\n";
const LINES: usize = 80;
/// Parameters under which an object could not be removed again.
const LASTING: [Parameter; 3] =
    [Parameter::ObjectLockLegalHoldStatus, Parameter::ObjectLockMode, Parameter::ObjectLockRetainUntilDate];

/// A body as it was stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// Before compression.
    pub(super) source: Bytes,
    /// As it was sent.
    pub(super) body: Bytes,
    /// `gzip` where it was compressed.
    pub(super) encoding: Option<String>,
    /// How long others may keep it.
    pub(super) cache_control: Option<String>,
}

/// An object of the examination's own.
#[derive(Debug)]
struct Object {
    name: AssetName,
    stored_name: StoredName,
    key: ObjectKey,
    role: Role,
    /// What is there, once something is.
    stored: Option<Stored>,
    /// Whether something may be there.
    tried: bool,
}

/// The objects of one examination.
pub(super) struct Scratch<'a, S> {
    settings: &'a Settings,
    store: &'a S,
    asset: Object,
    manifest: Object,
    /// Where records are kept, if that is elsewhere.
    record: Option<ObjectKey>,
    upload: Option<(MultipartRequest, UploadId)>,
}

impl<'a, S: Store> Scratch<'a, S> {
    /// Makes nothing yet.
    ///
    /// # Errors
    /// A location so long that no key has room below it.
    pub(super) fn new(settings: &'a Settings, store: &'a S) -> Result<Self, NameError> {
        let chance = |number: u8| RandomState::new().hash_one(number);
        let base = format!("doctor-{:016x}{:016x}", chance(0), chance(1));
        let object = |extension: &str, role| {
            let name = AssetName::new(format!("{HOME}{base}{extension}"))?;
            let key = settings.location.key(&name)?;
            let stored_name = StoredName::plain(&name)?;
            Ok::<Object, NameError>(Object { name, stored_name, key, role, stored: None, tried: false })
        };
        let prefix = settings.releases.prefix.as_ref();
        let record = prefix.map(|prefix| ObjectKey::new(format!("{}{base}.json", prefix.prefix())));
        Ok(Self {
            record: record.transpose()?,
            settings,
            store,
            asset: object(".css", Role::Plain)?,
            manifest: object(".json", Role::Manifest)?,
            upload: None,
        })
    }

    /// The name of the asset, and what is stored there; `None` where nothing is.
    pub(super) fn asset(&self) -> Option<(&AssetName, &Stored)> {
        Some((&self.asset.name, self.asset.stored.as_ref()?))
    }

    /// Tries everything that is needed but to delete.
    pub(super) async fn prove(&mut self, needed: &Needed) -> Vec<Finding> {
        self.asset.tried = true;
        let bare = PutRequest {
            key: self.asset.key.clone(),
            body: Body::Bytes(source()),
            parameters: ledger::parameters(&self.settings.objects.parameters),
            checksum: None,
            condition: None,
        };
        let stored = match self.store.put(&bare).await {
            Ok(stored) => stored,
            Err(error) => return vec![Finding::failed(Check::Put, Problem::of(&error))],
        };
        let mut request = bare.clone();
        self.asset.stored =
            Some(Stored { source: source(), body: source(), encoding: None, cache_control: None });
        if let Some(failed) = self.record(&bare).await {
            return vec![failed];
        }
        let (mut findings, stored) = match self.dressed(&bare).await {
            Ok((put, stored, findings)) => {
                request = put;
                (findings, stored)
            }
            Err(finding) => (vec![finding], stored),
        };
        findings.push(self.checksum(&request).await);
        findings.push(self.get().await);
        findings.push(self.conditions(&request, &stored).await);
        if needed.multipart {
            findings.push(self.multipart(&bare).await);
        }
        if needed.versions {
            findings.push(permission::versions(&self.store.versions(&self.asset.key).await));
        }
        findings
    }

    /// Puts an object where records are kept, if that is not below the location.
    async fn record(&mut self, bare: &PutRequest) -> Option<Finding> {
        let key = self.record.clone()?;
        let error = self.store.put(&PutRequest { key, ..bare.clone() }).await.err()?;
        self.record = None;
        let problem = Problem::of(&error).with_note("records of releases are kept there: `record_prefix`");
        Some(Finding::failed(Check::Put, problem))
    }

    /// Puts it as an asset is put, with the headers that settings give it.
    async fn dressed(&mut self, bare: &PutRequest) -> Result<(PutRequest, PutAnswer, Vec<Finding>), Finding> {
        let (stored, parameters) = encoded(self.settings, &self.asset, source())
            .map_err(|error| Finding::failed(Check::Put, Problem::of(&error)))?;
        let body = Body::Bytes(stored.body.clone());
        let request = PutRequest { body, parameters, ..bare.clone() };
        match self.store.put(&request).await {
            Ok(answer) => {
                self.asset.stored = Some(stored);
                let findings = permission::dressed(&request.parameters);
                Ok((request, answer, findings))
            }
            Err(error) => Err(permission::undressed(&request.parameters, &error)),
        }
    }

    /// The checksum that settings ask for, or what the service keeps unasked.
    async fn checksum(&self, request: &PutRequest) -> Finding {
        let asked = self.settings.transfer.checksum;
        if asked.is_some() {
            let with = PutRequest { checksum: asked, ..request.clone() };
            if let Err(error) = self.store.put(&with).await {
                return Finding::failed(Check::Checksum, Problem::of(&error));
            }
        }
        permission::checksum(asked, &self.store.head(&self.asset.key).await)
    }

    /// Reads it back.
    async fn get(&self) -> Finding {
        const MOST: u64 = 1 << 20;
        let expected = self.asset.stored.as_ref().map(|stored| stored.body.clone()).unwrap_or_default();
        let fetched = fetch(self.store, &self.asset.key, None, MOST).await;
        permission::get(&fetched.map(|fetched| match fetched {
            Fetch::Object(object) => object.body == expected,
            Fetch::Absent | Fetch::Unchanged => false,
        }))
    }

    /// Puts it twice more, on conditions that do not hold.
    async fn conditions(&self, request: &PutRequest, stored: &PutAnswer) -> Finding {
        // As long as an ETag, and not this one.
        let another: String = stored.etag.chars().rev().map(|c| if c == '0' { '1' } else { '0' }).collect();
        let mut heeded = Vec::new();
        for condition in [Condition::Absent, Condition::Matches(another)] {
            let put = PutRequest { condition: Some(condition), ..request.clone() };
            heeded.push(Heeds::by(self.store.put(&put).await));
        }
        permission::conditions(heeded)
    }

    /// Begins an upload in parts, and gives it up.
    async fn multipart(&mut self, bare: &PutRequest) -> Finding {
        let request = MultipartRequest {
            key: bare.key.clone(),
            parameters: bare.parameters.clone(),
            checksum: None,
            condition: None,
        };
        let id = match self.store.create_multipart(&request).await {
            Ok(id) => id,
            Err(error) => return Finding::failed(Check::Multipart, Problem::of(&error)),
        };
        self.upload = Some((request.clone(), id.clone()));
        let given_up = self.store.abort_multipart(&request, &id).await;
        if given_up.is_ok() {
            self.upload = None;
        }
        permission::multipart(&given_up)
    }

    /// Puts a manifest with a body that tells it from the one before; its name and what is stored.
    ///
    /// # Errors
    /// The store refuses.
    pub(super) async fn put_manifest(&mut self, number: u8) -> Result<(&AssetName, &Stored), Problem> {
        self.manifest.tried = true;
        let source = Bytes::from(format!("{{\"doctor\": {number}}}\n"));
        let (stored, parameters) = encoded(self.settings, &self.manifest, source)?;
        let body = Body::Bytes(stored.body.clone());
        let key = self.manifest.key.clone();
        self.store.put(&PutRequest { key, body, parameters, checksum: None, condition: None }).await?;
        Ok((&self.manifest.name, self.manifest.stored.insert(stored)))
    }

    /// Removes whatever was made. Gives what was refused first, and the keys of what is left.
    pub(super) async fn remove(self) -> (Result<(), StoreError>, Vec<String>) {
        let mut outcome = Ok(());
        let mut left = Vec::new();
        if let Some((request, id)) = &self.upload {
            // That it may not be given up was told already.
            _ = self.store.abort_multipart(request, id).await;
        }
        let objects = [&self.asset, &self.manifest].into_iter().filter(|object| object.tried);
        let objects = objects.map(|object| (&object.key, object.stored.is_some()));
        let record = self.record.iter().filter(|_| self.asset.stored.is_some()).map(|key| (key, true));
        for (key, is_there) in objects.chain(record) {
            let refused = match self.store.delete(std::slice::from_ref(key)).await {
                Ok(mut errors) => errors.pop(),
                Err(error) => Some(error),
            };
            if let Some(error) = refused {
                left.extend(is_there.then(|| key.to_string()));
                outcome = outcome.and(Err(error));
            }
        }
        (outcome, left)
    }
}

fn source() -> Bytes {
    Bytes::from(LINE.repeat(LINES))
}

/// The body and the parameters that a push would give an object.
fn encoded(
    settings: &Settings,
    object: &Object,
    source: Bytes,
) -> Result<(Stored, ObjectParameters), EncodeError> {
    let described = Described {
        name: &object.name,
        stored_name: &object.stored_name,
        key: &object.key,
        role: object.role,
        content_type: None,
    };
    let description = describe(&settings.objects, described);
    let material = Material::Made { name: object.name.clone(), bytes: source.clone() };
    let encoded = encode(&material, &description.compression, settings.transfer.chunking, HOLD)?;
    let mut parameters = stored_parameters(&description.parameters, encoded.content_encoding);
    for parameter in LASTING {
        parameters.unset(parameter);
    }
    let text = |parameter| parameters.get(parameter).map(str::to_owned);
    let (encoding, cache_control) = (text(Parameter::ContentEncoding), text(Parameter::CacheControl));
    let body = encoded.part(&LayoutPart { number: 1, offset: 0, length: encoded.size })?;
    Ok((Stored { source, body, encoding, cache_control }, parameters))
}
