//! What the tests of several rooms share: a tree of files with the settings to push it, and a store that watches
//! how it is used.
#![expect(clippy::disallowed_methods, reason = "the tests write small files")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::sleep;

use crate::digest::Chunking;
use crate::name::{AppName, AssetName, Location, ObjectKey};
use crate::parameters::ObjectParameters;
use crate::plan::Asset;
use crate::prepare;
use crate::settings::{
    AddressingStyle, Backend, CircularReferences, ClientSettings, CollectSettings, ConnectionSettings,
    CredentialSource, FileSettings, GzipEngine, GzipSettings, Lexer, ManifestSettings, ObjectSettings,
    OnConflict, ReleaseSettings, Settings, Severity, SignatureVersion, SourceDir, TransferSettings,
    UrlSettings,
};
use crate::store::memory::MemoryStore;
use crate::store::{
    Body, GetAnswer, GetRequest, ListPage, ListedVersion, MultipartRequest, ObjectHead, Operation, Part,
    PutAnswer, PutRequest, Store, StoreError, Target, UploadId,
};

/// One static dir, which goes to `static/` of the bucket `memory`.
pub(crate) struct Site(TempDir);

impl Site {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let site = Self(tempfile::tempdir().expect("a directory"));
        for (name, body) in files {
            site.write(name, body);
        }
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, body: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, body).expect("a file");
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("it was there");
    }

    /// Plain files, no parameters.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            storage: "staticfiles".to_owned(),
            backend: Backend::S3StaticStorage,
            location: Location::new("static").expect("a location"),
            connection: ConnectionSettings {
                bucket: "memory".to_owned(),
                local: None,
                endpoint_url: None,
                region_name: None,
                addressing_style: AddressingStyle::Auto,
                use_ssl: true,
                credentials: CredentialSource::Chain { profile: None },
                client: ClientSettings::default(),
            },
            collect: CollectSettings {
                sources: vec![SourceDir { prefix: String::new(), dir: self.0.path().to_owned() }],
                ignore_patterns: Vec::new(),
                follow_symlinks: false,
                allow_sensitive: Vec::new(),
            },
            objects: ObjectSettings {
                immutable: true,
                parameters: ObjectParameters::default(),
                default_acl: None,
                rules: Vec::new(),
                media_types: BTreeMap::new(),
                gzip: GzipSettings {
                    enabled: false,
                    content_types: vec!["text/css".to_owned()],
                    level: 9,
                    engine: GzipEngine::Zlib,
                    if_smaller: false,
                },
            },
            manifest: manifest_settings(),
            url: UrlSettings {
                querystring_auth: false,
                querystring_expire: 3600,
                custom_domain: None,
                url_protocol: "https:".to_owned(),
                signature_version: SignatureVersion::V4,
                cloudfront: None,
            },
            transfer: TransferSettings {
                concurrency: None,
                checksum: None,
                chunking: Chunking::default(),
                in_flight_bytes: 24 * 1024 * 1024,
            },
            files: FileSettings::default(),
            invalidation: None,
            releases: ReleaseSettings {
                record: false,
                app: AppName::default(),
                order: None,
                on_conflict: OnConflict::Fail,
                claim_timeout: Duration::from_secs(600),
                retain: 5,
                min_age: Duration::from_secs(30 * 24 * 60 * 60),
                prefix: None,
            },
        }
    }

    /// Described by these settings, sorted by name.
    pub(crate) fn assets(&self, settings: &Settings) -> Vec<Asset> {
        prepare::prepare(settings, None).expect("assets").assets
    }
}

/// Django's defaults, with modules.
pub(crate) fn manifest_settings() -> ManifestSettings {
    ManifestSettings {
        static_url: "/static/".to_owned(),
        manifest_name: AssetName::new("staticfiles.json").expect("a name"),
        js_modules: true,
        missing_reference: Severity::Error,
        missing_source_map: Severity::Error,
        lexer: Lexer::Regex,
        exclude_rewrite: Vec::new(),
        circular_references: CircularReferences::Refuse,
        prehashed: Vec::new(),
        keep_original_files: true,
        strict: true,
        in_bucket: true,
        local_path: None,
    }
}

/// Object parameters by boto3's names.
pub(crate) fn parameters(value: &serde_json::Value) -> ObjectParameters {
    ObjectParameters::parse(value.as_object().expect("a dictionary")).expect("parameters")
}

type Hook = Box<dyn Fn(Operation, &str) + Send + Sync>;

/// A bucket in memory whose requests take a while, and are watched; those about keys with the extension `.hangs` are
/// never answered. Clones are the same bucket.
#[derive(Clone)]
pub(crate) struct Watched(Arc<Inner>);

struct Inner {
    memory: MemoryStore,
    hook: Hook,
    traffic: Mutex<Traffic>,
}

/// What was seen of the requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic {
    requests: usize,
    bytes: u64,
    /// The most requests at once.
    pub(crate) most_requests: usize,
    /// The most bytes of bodies in memory at once.
    pub(crate) most_bytes: u64,
    /// Beginnings (`true`) and ends of requests with their keys, in the order in which they happened.
    pub(crate) log: Vec<(bool, Operation, String)>,
}

impl Watched {
    pub(crate) fn new() -> Self {
        Self::hooked(|_, _| ())
    }

    /// Calls somebody whenever a request arrives, after a while.
    pub(crate) fn hooked(hook: impl Fn(Operation, &str) + Send + Sync + 'static) -> Self {
        let (memory, traffic) = (MemoryStore::new(), Mutex::default());
        Self(Arc::new(Inner { memory, hook: Box::new(hook), traffic }))
    }

    pub(crate) fn memory(&self) -> &MemoryStore {
        &self.0.memory
    }

    /// Another bucket with the same objects in it, as old as they are here.
    pub(crate) fn copied(&self) -> Self {
        let copy = Self::new();
        copy.memory().resemble(self.memory());
        copy
    }

    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.0.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn watch<T>(
        &self,
        operation: Operation,
        key: &str,
        body: Option<&Body>,
        request: impl Future<Output = T>,
    ) -> T {
        let bytes = match body {
            Some(Body::Bytes(bytes)) => bytes.len() as u64,
            Some(Body::File(_)) | None => 0,
        };
        let _seen = Seen::begin(self, operation, key, bytes);
        // Requests take from 10 to 19 milliseconds, so that they end in another order than they begin.
        sleep(Duration::from_millis(10 + key.bytes().map(u64::from).sum::<u64>() % 10)).await;
        (self.0.hook)(operation, key);
        if key.ends_with(".hangs") {
            std::future::pending::<()>().await;
        }
        request.await
    }
}

/// A request that is under way.
struct Seen<'a> {
    store: &'a Watched,
    operation: Operation,
    key: String,
    bytes: u64,
}

impl<'a> Seen<'a> {
    fn begin(store: &'a Watched, operation: Operation, key: &str, bytes: u64) -> Self {
        let mut traffic = store.traffic();
        traffic.requests += 1;
        traffic.bytes += bytes;
        traffic.most_requests = traffic.most_requests.max(traffic.requests);
        traffic.most_bytes = traffic.most_bytes.max(traffic.bytes);
        traffic.log.push((true, operation, key.to_owned()));
        Self { store, operation, key: key.to_owned(), bytes }
    }
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        let mut traffic = self.store.traffic();
        traffic.requests -= 1;
        traffic.bytes -= self.bytes;
        traffic.log.push((false, self.operation, std::mem::take(&mut self.key)));
    }
}

impl Store for Watched {
    async fn list(&self, prefix: &str, continuation: Option<&str>) -> Result<ListPage, StoreError> {
        let request = self.memory().list(prefix, continuation);
        self.watch(Operation::ListObjectsV2, prefix, None, request).await
    }

    async fn list_level(&self, prefix: &str, continuation: Option<&str>) -> Result<ListPage, StoreError> {
        let request = self.memory().list_level(prefix, continuation);
        self.watch(Operation::ListObjectsV2, prefix, None, request).await
    }

    async fn head_version(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<ObjectHead>, StoreError> {
        let head = self.memory().head_version(key, version);
        self.watch(Operation::HeadObject, key.as_str(), None, head).await
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<ListedVersion>, StoreError> {
        let versions = self.memory().versions(key);
        self.watch(Operation::ListObjectVersions, key.as_str(), None, versions).await
    }

    async fn get(&self, request: &GetRequest) -> Result<GetAnswer, StoreError> {
        let fetched = self.memory().get(request);
        self.watch(Operation::GetObject, request.key.as_str(), None, fetched).await
    }

    async fn put(&self, request: &PutRequest) -> Result<PutAnswer, StoreError> {
        let (key, body) = (request.key.as_str(), Some(&request.body));
        self.watch(Operation::PutObject, key, body, self.memory().put(request)).await
    }

    async fn create_multipart(&self, request: &MultipartRequest) -> Result<UploadId, StoreError> {
        let key = request.key.as_str();
        self.watch(Operation::CreateMultipartUpload, key, None, self.memory().create_multipart(request)).await
    }

    async fn upload_part(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        number: u16,
        body: &Body,
    ) -> Result<Part, StoreError> {
        let part = self.memory().upload_part(request, upload, number, body);
        self.watch(Operation::UploadPart, request.key.as_str(), Some(body), part).await
    }

    async fn complete_multipart(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        parts: &[Part],
    ) -> Result<PutAnswer, StoreError> {
        let completion = self.memory().complete_multipart(request, upload, parts);
        self.watch(Operation::CompleteMultipartUpload, request.key.as_str(), None, completion).await
    }

    async fn abort_multipart(&self, request: &MultipartRequest, upload: &UploadId) -> Result<(), StoreError> {
        let abort = self.memory().abort_multipart(request, upload);
        self.watch(Operation::AbortMultipartUpload, request.key.as_str(), None, abort).await
    }

    async fn delete(&self, keys: &[ObjectKey]) -> Result<Vec<StoreError>, StoreError> {
        let operation = if keys.len() > 1 { Operation::DeleteObjects } else { Operation::DeleteObject };
        let first = keys.first().map_or("", ObjectKey::as_str);
        self.watch(operation, first, None, self.memory().delete(keys)).await
    }

    fn target(&self, key: &ObjectKey) -> Target {
        self.memory().target(key)
    }

    fn requests(&self) -> BTreeMap<&'static str, u64> {
        self.memory().requests()
    }
}
