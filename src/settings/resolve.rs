//! From values of the right kind to [`Settings`]: what only shows when values meet is found here, all of it in
//! one go. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::combine::Combined;
use super::error::SettingsError;
use super::file::FILE_NAME;
use super::layer::Origin;
use super::{
    Backend, CircularReferences, CollectSettings, ConnectionSettings, CredentialSource, FileSettings,
    GzipEngine, GzipSettings, Lexer, Loaded, ManifestSettings, NamePattern, Needs, ObjectSettings, Secret,
    Settings, Severity, SourceDir, TransferSettings, mask, prehashed, register, rules,
};
use crate::digest::ChecksumAlgorithm;
use crate::name::{AssetName, Location};

mod client;
mod invalidation;
mod releases;
mod url;

/// The bucket of `local` when none is named.
const LOCAL_BUCKET: &str = "local";

/// What Django calls a manifest.
const MANIFEST_NAME: &str = "staticfiles.json";

/// What `default_ignore` adds, as Django's `StaticFilesConfig.ignore_patterns`.
pub const DEFAULT_IGNORE_PATTERNS: [&str; 3] = ["CVS", ".*", "*~"];

/// boto3's own pattern, and its two patterns for access points.
static BUCKET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:[a-zA-Z0-9.\-_]{1,255}",
        r"|arn:aws[^:]*:(?:s3|s3-object-lambda):[a-z\-0-9]*:[0-9]{12}:accesspoint[/:][a-zA-Z0-9\-.]{1,63}",
        r"|arn:aws[^:]*:s3-outposts:[a-z\-0-9]+:[0-9]{12}:outpost[/:][a-zA-Z0-9\-]{1,63}",
        r"[/:]accesspoint[/:][a-zA-Z0-9\-]{1,63})$"
    ))
    .expect("a constant pattern")
});

impl Combined {
    /// Validates what counts.
    ///
    /// # Errors
    /// All that is wrong, what was found while reading included.
    pub fn resolve(self, needs: Needs) -> Result<Loaded, Vec<SettingsError>> {
        let mut errors = Vec::new();
        let settings = Settings {
            storage: self.storage.clone(),
            backend: self.backend,
            location: self.location(&mut errors),
            connection: self.connection(needs, &mut errors),
            collect: self.collect(needs, &mut errors),
            objects: self.objects(&mut errors),
            manifest: self.manifest(&mut errors),
            url: self.url(&mut errors),
            transfer: self.transfer(),
            files: self.files(),
            releases: self.releases(&mut errors),
            invalidation: self.invalidation(&mut errors),
        };
        let mut notes = self.notes();
        notes.extend(self.parts(&mut errors));
        let mut all = self.errors;
        all.extend(errors);
        if all.is_empty() { Ok(Loaded { settings, warnings: self.warnings, notes }) } else { Err(all) }
    }

    /// What counts, the default included.
    fn effective(&self, name: &str) -> Option<Value> {
        match self.value(name) {
            Some(raw) => Some(raw.value.clone()),
            None => register::find(name)?.default_value(),
        }
    }

    /// Text that is not empty.
    fn text(&self, name: &str) -> Option<String> {
        self.effective(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn boolean(&self, name: &str) -> bool {
        self.effective(name).and_then(|value| value.as_bool()).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.effective(name)?.as_u64()
    }

    fn list(&self, name: &str) -> Vec<String> {
        let texts = |value: Value| {
            let items = value.as_array()?.iter().filter_map(Value::as_str);
            Some(items.map(str::to_owned).collect())
        };
        self.effective(name).and_then(texts).unwrap_or_default()
    }

    fn notes(&self) -> Vec<String> {
        let found = self.file.as_ref().is_some_and(|file| file.found);
        let passes = self.value("max_post_process_passes").map(|raw| {
            let subject = raw.origin.subject("max_post_process_passes");
            format!("{subject} is not needed: names are found through the graph of references, however deep")
        });
        let origin = self.origin("endpoint_url");
        let endpoint = match self.text("endpoint_url") {
            Some(url)
                if found
                    && self.text("local").is_none()
                    && matches!(origin, Origin::File(_) | Origin::Storage { .. }) =>
            {
                Some(format!("`endpoint_url` is `{}`, from {origin}", mask::masked_url(&url)))
            }
            _ => None,
        };
        endpoint
            .into_iter()
            .chain(self.proxies_note())
            .chain(passes)
            .chain(self.invalidation_note())
            .collect()
    }

    fn location(&self, errors: &mut Vec<SettingsError>) -> Location {
        Location::new(&self.text("location").unwrap_or_default()).unwrap_or_else(|error| {
            errors.push(SettingsError::Location { error, origin: self.origin("location").to_string() });
            Location::default()
        })
    }

    fn connection(&self, needs: Needs, errors: &mut Vec<SettingsError>) -> ConnectionSettings {
        let local = self.text("local").map(PathBuf::from);
        // The embedded endpoint stands in for whatever service is configured, its credentials included.
        let (endpoint_url, region_name, credentials) = match local {
            Some(_) => (None, None, CredentialSource::Chain { profile: None }),
            None => (self.endpoint_of_amazon_or_own(errors), self.region_name(), self.credentials(errors)),
        };
        ConnectionSettings {
            bucket: self.bucket(needs, local.is_some(), errors),
            local,
            endpoint_url,
            region_name,
            addressing_style: self.addressing_style(),
            use_ssl: self.boolean("use_ssl"),
            credentials,
            client: self.client(errors),
        }
    }

    fn bucket(&self, needs: Needs, is_local: bool, errors: &mut Vec<SettingsError>) -> String {
        match self.text("bucket_name") {
            Some(bucket) => {
                if !BUCKET.is_match(&bucket) {
                    let origin = self.origin("bucket_name").to_string();
                    errors.push(SettingsError::BucketName { bucket: bucket.clone(), origin });
                }
                bucket
            }
            None if is_local => LOCAL_BUCKET.to_owned(),
            None => {
                if needs.bucket && !self.broken.contains("bucket_name") {
                    let file = self.file.as_ref().map_or(FILE_NAME, |file| &file.name).to_owned();
                    errors.push(SettingsError::NoBucket { file });
                }
                String::new()
            }
        }
    }

    fn endpoint_url(&self, errors: &mut Vec<SettingsError>) -> Option<String> {
        let url = self.text("endpoint_url").filter(|_| !self.is_ignored_endpoint())?;
        let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if !matches!(scheme.as_deref(), Some("http" | "https")) {
            // What stands before an `@` is a user and a password.
            let found = url.rsplit('@').next().unwrap_or_default().to_owned();
            let origin = self.origin("endpoint_url").to_string();
            errors.push(SettingsError::EndpointScheme { setting: "endpoint_url", found, origin });
        }
        Some(url)
    }

    fn credentials(&self, errors: &mut Vec<SettingsError>) -> CredentialSource {
        let profile = self.text("session_profile");
        let (access_key, secret_key) = (self.text("access_key"), self.text("secret_key"));
        let given = if access_key.is_some() { "access_key" } else { "secret_key" };
        if profile.is_some() && (access_key.is_some() || secret_key.is_some()) {
            errors.push(SettingsError::ProfileWithKeys {
                profile_origin: self.origin("session_profile").to_string(),
                key: given,
                key_origin: self.origin(given).to_string(),
            });
        }
        match (access_key, secret_key) {
            (Some(access_key), Some(secret_key)) => CredentialSource::Static {
                access_key: Secret::new(access_key),
                secret_key: Secret::new(secret_key),
                security_token: self.text("security_token").map(Secret::new),
            },
            (None, None) => CredentialSource::Chain { profile },
            _ => {
                let missing = if given == "access_key" { "secret_key" } else { "access_key" };
                if let Some(environment) = self.other_half(missing) {
                    let origin = self.origin(given).to_string();
                    errors.push(SettingsError::HalfCredentials { given, missing, environment, origin });
                }
                CredentialSource::Chain { profile }
            }
        }
    }

    /// Where the half of a pair that is missing would be set; nothing where it is there and was refused.
    fn other_half(&self, missing: &str) -> Option<&'static str> {
        let names = register::find(missing).map_or(&[][..], |row| row.environment);
        (!self.broken.contains(missing)).then(|| names.first().copied().unwrap_or_default())
    }

    fn collect(&self, needs: Needs, errors: &mut Vec<SettingsError>) -> CollectSettings {
        let sources: Vec<SourceDir> = match self.effective("sources") {
            Some(Value::Array(items)) => items.iter().map(source_dir).collect(),
            _ => Vec::new(),
        };
        if sources.is_empty() && needs.sources && !self.broken.contains("sources") {
            errors.push(SettingsError::NoSource { static_dir_exists: self.static_dir_exists });
        }
        let mut ignore_patterns = self.list("ignore_patterns");
        if self.boolean("default_ignore") {
            ignore_patterns.extend(DEFAULT_IGNORE_PATTERNS.map(str::to_owned));
        }
        CollectSettings {
            sources,
            ignore_patterns,
            follow_symlinks: self.boolean("follow_symlinks"),
            allow_sensitive: match self.boolean("allow_sensitive") {
                true => NamePattern::new("*").into_iter().collect(),
                false => self.globs("allow_sensitive", errors),
            },
        }
    }

    fn objects(&self, errors: &mut Vec<SettingsError>) -> ObjectSettings {
        ObjectSettings {
            parameters: self
                .value("object_parameters")
                .map(|raw| rules::parameters("object_parameters", raw, "", &raw.value, errors))
                .unwrap_or_default(),
            default_acl: self.text("default_acl"),
            rules: self.value("rules").map(|raw| rules::rules(raw, errors)).unwrap_or_default(),
            media_types: self.media_types(errors),
            immutable: match self.effective("immutable").and_then(|value| value.as_bool()) {
                Some(immutable) => immutable,
                None => self.backend == Backend::S3ManifestStaticStorage,
            },
            gzip: GzipSettings {
                enabled: self.boolean("gzip"),
                content_types: self.list("gzip_content_types"),
                level: self.number("gzip_level").and_then(|level| level.try_into().ok()).unwrap_or(9),
                engine: match self.text("gzip_engine").as_deref() {
                    Some("libdeflate") => GzipEngine::Libdeflate,
                    _ => GzipEngine::Zlib,
                },
                if_smaller: self.boolean("gzip_if_smaller"),
            },
        }
    }

    fn media_types(&self, errors: &mut Vec<SettingsError>) -> BTreeMap<String, String> {
        let mut types = BTreeMap::new();
        let Some(raw) = self.value("media_types") else {
            return types;
        };
        for (extension, content_type) in raw.value.as_object().into_iter().flatten() {
            match content_type.as_str() {
                Some(content_type) if extension.starts_with('.') && content_type.contains('/') => {
                    types.insert(extension.to_lowercase(), content_type.to_owned());
                }
                _ => {
                    let line = raw.lines.get(&format!("/{extension}")).copied();
                    let subject = raw.origin.at_line(line).subject("media_types");
                    errors.push(SettingsError::MediaType { subject, extension: extension.clone() });
                }
            }
        }
        types
    }

    fn manifest(&self, errors: &mut Vec<SettingsError>) -> ManifestSettings {
        let name = self.text("manifest_name").unwrap_or_default();
        let manifest_name = AssetName::new(name).or_else(|error| {
            errors.push(SettingsError::ManifestName {
                error,
                origin: self.origin("manifest_name").to_string(),
            });
            AssetName::new(MANIFEST_NAME)
        });
        let local_path = self.text("manifest_location").map(PathBuf::from);
        let storage = self.text("manifest_storage");
        if local_path.is_none() && matches!(storage.as_deref(), Some("local" | "both")) {
            errors.push(SettingsError::NoManifestLocation {
                subject: self.origin("manifest_storage").subject("manifest_storage"),
                storage: storage.clone().unwrap_or_default(),
            });
        }
        ManifestSettings {
            static_url: self.static_url(errors),
            manifest_name: manifest_name.expect("the default is a name"),
            js_modules: self.boolean("support_js_module_import_aggregation"),
            missing_reference: self.severity("missing_reference"),
            missing_source_map: self.severity("missing_source_map"),
            lexer: if self.text("lexer").as_deref() == Some("tokens") { Lexer::Tokens } else { Lexer::Regex },
            exclude_rewrite: self.globs("exclude_rewrite", errors),
            circular_references: match self.text("circular_references").as_deref() {
                Some("hash") => CircularReferences::Hash,
                _ => CircularReferences::Refuse,
            },
            prehashed: self
                .value("prehashed")
                .map(|raw| prehashed::prehashed(raw, errors))
                .unwrap_or_default(),
            keep_original_files: self.boolean("keep_original_files"),
            strict: self.boolean("manifest_strict"),
            in_bucket: storage.as_deref() != Some("local"),
            local_path: local_path.filter(|_| storage.as_deref() != Some("bucket")),
        }
    }

    fn globs(&self, name: &str, errors: &mut Vec<SettingsError>) -> Vec<NamePattern> {
        self.value(name).map(|raw| rules::globs(name, raw, errors)).unwrap_or_default()
    }

    fn severity(&self, name: &str) -> Severity {
        if self.text(name).as_deref() == Some("warn") { Severity::Warn } else { Severity::Error }
    }

    /// A relative one is below the root, as in Django without a script prefix.
    fn static_url(&self, errors: &mut Vec<SettingsError>) -> String {
        let url = self.text("static_url").unwrap_or_default();
        if !url.ends_with('/') {
            let origin = self.origin("static_url").to_string();
            errors.push(SettingsError::StaticUrl { found: url.clone(), origin });
        }
        let absolute = ["/", "http://", "https://"].iter().any(|start| url.starts_with(start));
        if absolute { url } else { format!("/{url}") }
    }

    fn files(&self) -> FileSettings {
        let default = FileSettings::default();
        FileSettings {
            overwrite: self.boolean("file_overwrite"),
            max_memory_size: self.number("max_memory_size").unwrap_or(default.max_memory_size),
            buffer_size: self.number("file_buffer_size").unwrap_or(default.buffer_size),
        }
    }

    fn transfer(&self) -> TransferSettings {
        TransferSettings {
            concurrency: self.concurrency(),
            chunking: self.chunking(),
            checksum: match self.text("checksum").as_deref() {
                Some("crc32") => Some(ChecksumAlgorithm::Crc32),
                Some("crc64nvme") => Some(ChecksumAlgorithm::Crc64Nvme),
                Some("sha256") => Some(ChecksumAlgorithm::Sha256),
                _ => self.botocore_checksum(),
            },
            in_flight_bytes: self.number("in_flight_bytes").unwrap_or_default(),
        }
    }
}

/// One of the three forms that [`super::Kind::Sources`] takes.
fn source_dir(item: &Value) -> SourceDir {
    let (prefix, dir) = match item {
        Value::Array(pair) => (pair.first(), pair.get(1)),
        Value::Object(fields) => (fields.get("prefix"), fields.get("dir")),
        text => (None, Some(text)),
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    SourceDir { prefix: text(prefix), dir: PathBuf::from(text(dir)) }
}
