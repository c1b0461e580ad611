//! Merges defaults, file, environment and flags into one validated [`Settings`], remembering where each value
//! came from. May not touch the network, static files or the process environment: the binary hands a map in.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::digest::{ChecksumAlgorithm, Chunking};
use crate::error::Problem;
use crate::name::{AppName, AssetName, Location};
use crate::parameters::ObjectParameters;

mod client;
mod combine;
mod document;
mod environment;
mod error;
mod file;
mod imported;
mod invalidation;
mod kind;
mod layer;
mod mask;
mod overlap;
mod part;
mod pattern;
mod prehashed;
pub mod register;
mod resolve;
mod rules;
pub mod show;
pub(crate) mod syntax;
#[cfg(test)]
mod tests;
mod url;
pub(crate) mod words;

pub use client::{AmazonHosts, ClientSettings, ProxyRoute, Verify};
pub use combine::{Combined, Given, combine};
pub use error::SettingsError;
pub use file::SettingsFile;
pub use imported::{Imported, ImportedStorage};
pub use invalidation::InvalidationSettings;
pub use kind::{Kind, Mismatch};
pub use layer::{Layer, Origin, Place, RawValue, Source};
pub use mask::{MASK, is_secret, masked_url};
pub use pattern::NamePattern;
pub use prehashed::{Prehashed, PrehashedNames};
pub use resolve::DEFAULT_IGNORE_PATTERNS;
pub use url::{CloudFrontHash, CloudFrontKey, CloudFrontSettings, SignatureVersion, UrlSettings};

/// What a verb cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// A bucket; `local` has one by default.
    pub bucket: bool,
    /// At least one static dir.
    pub sources: bool,
}

/// Settings that a verb can act upon.
#[derive(Debug)]
pub struct Loaded {
    /// Validated.
    pub settings: Settings,
    /// What is odd: variables that lose, settings that do not act yet.
    pub warnings: Vec<Problem>,
    /// What the summary should tell: an endpoint that comes from a file that was found, not named.
    pub notes: Vec<String>,
}

/// Reads every place, lays what they say over each other and validates it.
///
/// # Errors
/// All that is wrong, in every place.
pub fn load(given: Given<'_>, needs: Needs) -> Result<Loaded, Vec<SettingsError>> {
    combine(given).resolve(needs)
}

/// Everything that the engine acts upon, validated.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which `[storages.NAME]` these are.
    pub storage: String,
    /// Which of django-storages' classes this stands in for.
    pub backend: Backend,
    /// The key prefix.
    pub location: Location,
    /// Where the bucket is and who asks.
    pub connection: ConnectionSettings,
    /// What is collected.
    pub collect: CollectSettings,
    /// What is said about objects.
    pub objects: ObjectSettings,
    /// How names are hashed.
    pub manifest: ManifestSettings,
    /// How URLs are made.
    pub url: UrlSettings,
    /// How bodies travel.
    pub transfer: TransferSettings,
    /// How files are read and written, one by one.
    pub files: FileSettings,
    /// How releases are remembered.
    pub releases: ReleaseSettings,
    /// What a CloudFront distribution is told after a push; `None` for nothing.
    pub invalidation: Option<InvalidationSettings>,
}

/// How releases are remembered, and kept apart from those of others.
#[derive(Debug, Clone)]
pub struct ReleaseSettings {
    /// Whether pushes are recorded, and heed others.
    pub record: bool,
    /// Whose releases they are.
    pub app: AppName,
    /// Where the next release stands among the app's, where somebody said so.
    pub order: Option<u64>,
    /// What a push does that another one overtook.
    pub on_conflict: OnConflict,
    /// How long somebody who gives no sign of life is waited for.
    pub claim_timeout: Duration,
    /// How many releases of each app are kept.
    pub retain: u64,
    /// How long an object is superseded before it may be deleted.
    pub min_age: Duration,
    /// Where records are kept instead of below the location.
    pub prefix: Option<Location>,
}

/// What a push does that another one overtook before it changed anything that has a name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// It ends with exit status 4.
    Fail,
    /// It compares and puts anew.
    Retry,
}

/// django-storages' storage classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// General storage: media files.
    S3Storage,
    /// Static files under their plain names.
    S3StaticStorage,
    /// Static files under hashed names, with a manifest.
    S3ManifestStaticStorage,
}

impl Backend {
    /// The name of the class as django-storages has it now.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::S3Storage => "S3Storage",
            Self::S3StaticStorage => "S3StaticStorage",
            Self::S3ManifestStaticStorage => "S3ManifestStaticStorage",
        }
    }

    /// The class of a name, by itself or with its module, as now or as before 1.14.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let class = name
            .strip_prefix("storages.backends.s3.")
            .or_else(|| name.strip_prefix("storages.backends.s3boto3."))
            .unwrap_or(name);
        match class {
            "S3Storage" | "S3Boto3Storage" => Some(Self::S3Storage),
            "S3StaticStorage" => Some(Self::S3StaticStorage),
            "S3ManifestStaticStorage" => Some(Self::S3ManifestStaticStorage),
            _ => None,
        }
    }
}

/// Where the bucket is and who asks. `Debug` masks user and password of the endpoint.
#[derive(Clone)]
pub struct ConnectionSettings {
    /// `bucket_name`; validated, and empty only where [`Needs`] asks for none and none is named.
    pub bucket: String,
    /// A directory whose embedded endpoint stands in for the service (`local`).
    pub local: Option<PathBuf>,
    /// Where to find S3 when it is not AWS; with a scheme.
    pub endpoint_url: Option<String>,
    /// `region_name`; `None` leaves it to the environment and the profile.
    pub region_name: Option<String>,
    /// How bucket and host go together.
    pub addressing_style: AddressingStyle,
    /// `http://` for AWS hosts when false.
    pub use_ssl: bool,
    /// Who asks.
    pub credentials: CredentialSource,
    /// How the client speaks to the service.
    pub client: ClientSettings,
}

impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConnectionSettings")
            .field("bucket", &self.bucket)
            .field("local", &self.local)
            .field("endpoint_url", &self.endpoint_url.as_deref().map(masked_url))
            .field("region_name", &self.region_name)
            .field("addressing_style", &self.addressing_style)
            .field("use_ssl", &self.use_ssl)
            .field("credentials", &self.credentials)
            .field("client", &self.client)
            .finish()
    }
}

/// Where the bucket's name goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressingStyle {
    /// Virtual for AWS where the bucket's name allows it, path for an endpoint URL, as boto3.
    Auto,
    /// `host/bucket/key`.
    Path,
    /// `bucket.host/key`.
    Virtual,
}

/// Text that never shows: its `Debug` is a mask.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who signs with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("********")
    }
}

/// Where credentials come from.
#[derive(Debug, Clone)]
pub enum CredentialSource {
    /// From the settings.
    Static {
        /// `access_key`.
        access_key: Secret,
        /// `secret_key`.
        secret_key: Secret,
        /// `security_token`.
        security_token: Option<Secret>,
    },
    /// The AWS chain: environment, shared files, SSO, web identity, container, instance.
    Chain {
        /// `session_profile`.
        profile: Option<String>,
    },
}

/// What is collected.
#[derive(Debug, Clone)]
pub struct CollectSettings {
    /// Static dirs in order of precedence.
    pub sources: Vec<SourceDir>,
    /// Django's patterns, the default ones included unless they were switched off.
    pub ignore_patterns: Vec<String>,
    /// Whether links may leave their source.
    pub follow_symlinks: bool,
    /// Names of files that are stored though they look as if they were not meant for everybody.
    pub allow_sensitive: Vec<NamePattern>,
}

/// A static dir, with the prefix that its names get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDir {
    /// As in `STATICFILES_DIRS` tuples; empty for none.
    pub prefix: String,
    /// The directory, as it was written.
    pub dir: PathBuf,
}

/// What is said about objects.
#[derive(Debug, Clone, Default)]
pub struct ObjectSettings {
    /// For every object.
    pub parameters: ObjectParameters,
    /// Used where neither the parameters nor a rule has an `ACL`.
    pub default_acl: Option<String>,
    /// `[[rules]]` in their order; later wins, field by field.
    pub rules: Vec<RuleSettings>,
    /// Rows over the pinned table: lower-case extension with its dot → content type.
    pub media_types: BTreeMap<String, String>,
    /// Whether hashed names and the manifest get a `CacheControl` where nothing else gives one.
    pub immutable: bool,
    /// Whether, what and how hard.
    pub gzip: GzipSettings,
}

/// One `[[rules]]`.
#[derive(Debug, Clone)]
pub struct RuleSettings {
    /// Which objects it is about.
    pub pattern: NamePattern,
    /// What it says about objects that match.
    pub parameters: ObjectParameters,
    /// Whether those are compressed, over the setting.
    pub gzip: Option<bool>,
    /// Whether those go last of all assets, as HTML does.
    pub entry: Option<bool>,
    /// Where it stands, for `explain`: `rules[2] in s3collect.toml:14`.
    pub origin: String,
}

/// Compression.
#[derive(Debug, Clone)]
pub struct GzipSettings {
    /// `gzip` (`AWS_IS_GZIPPED`).
    pub enabled: bool,
    /// Exact content types.
    pub content_types: Vec<String>,
    /// 0 to 9.
    pub level: u32,
    /// Who compresses.
    pub engine: GzipEngine,
    /// Keep the plain body when gzip does not help.
    pub if_smaller: bool,
}

/// Who compresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum GzipEngine {
    /// zlib, byte for byte as CPython has it.
    #[default]
    Zlib,
    /// libdeflate: other bytes, a little fewer.
    Libdeflate,
}

/// Off, and otherwise as django-storages has it.
impl Default for GzipSettings {
    fn default() -> Self {
        let types = [
            "text/css",
            "text/javascript",
            "application/javascript",
            "application/x-javascript",
            "image/svg+xml",
        ];
        let content_types = types.map(str::to_owned).into();
        Self { enabled: false, content_types, level: 9, engine: GzipEngine::Zlib, if_smaller: false }
    }
}

/// How files are read and written, one by one.
#[derive(Debug, Clone)]
pub struct FileSettings {
    /// `file_overwrite`: whether a saved file replaces one of the same name.
    pub overwrite: bool,
    /// `max_memory_size`: how many bytes of a decompressed file stay in memory; 0 for all.
    pub max_memory_size: u64,
    /// `file_buffer_size`: the size of the parts of a file that is written piece by piece, in bytes.
    pub buffer_size: u64,
}

/// As django-storages has it.
impl Default for FileSettings {
    fn default() -> Self {
        Self { overwrite: true, max_memory_size: 0, buffer_size: 5 * 1024 * 1024 }
    }
}

/// How names are hashed, references replaced and the manifest written.
#[derive(Debug, Clone)]
pub struct ManifestSettings {
    /// Django's `STATIC_URL`, with a slash at its end; begins with a slash or a scheme.
    pub static_url: String,
    /// What the manifest is called.
    pub manifest_name: AssetName,
    /// `support_js_module_import_aggregation`: whether imports in JavaScript are references.
    pub js_modules: bool,
    /// What a reference to a file in no source is.
    pub missing_reference: Severity,
    /// What a reference to a source map in no source is, unless `missing_reference` minds none at all.
    pub missing_source_map: Severity,
    /// How references are found.
    pub lexer: Lexer,
    /// Names of files whose references stay as they are, unseen.
    pub exclude_rewrite: Vec<NamePattern>,
    /// What becomes of files that refer to each other in a circle.
    pub circular_references: CircularReferences,
    /// Which names carry a hash already, and stay as they are.
    pub prehashed: Vec<Prehashed>,
    /// Whether files are stored under their plain names, too.
    pub keep_original_files: bool,
    /// Whether a name that the manifest lacks is an error (`manifest_strict`).
    pub strict: bool,
    /// Whether the manifest goes into the bucket (`manifest_storage`).
    pub in_bucket: bool,
    /// The local manifest file, where there is to be one (`manifest_location`).
    pub local_path: Option<PathBuf>,
}

/// How references are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lexer {
    /// By Django's patterns.
    Regex,
    /// By what the two languages say: comments and strings hold none.
    Tokens,
}

/// How much something is minded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is told, and the run goes on.
    Warn,
    /// It ends the run.
    Error,
}

/// What becomes of files that refer to each other in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircularReferences {
    /// They are an error, as in Django.
    Refuse,
    /// They are named by one hash of all of them.
    Hash,
}

/// How bodies travel.
#[derive(Debug, Clone)]
pub struct TransferSettings {
    /// The most requests in flight; `None` adapts between built-in bounds.
    pub concurrency: Option<usize>,
    /// Which additional checksum is sent with bodies; `None` is `when_required`.
    pub checksum: Option<ChecksumAlgorithm>,
    /// How bodies are cut into parts.
    pub chunking: Chunking,
    /// The most bytes of bodies in memory at once, parts included.
    pub in_flight_bytes: u64,
}
