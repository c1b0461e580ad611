//! What can be wrong with settings: all of a run are told at once. Nothing in here ever holds a secret's value.

use std::io;

use crate::error::{Diagnose, Exit};
use crate::name::NameError;
use crate::parameters::ParameterError;

/// Why settings cannot be used. Subjects are the setting's spelling and its place, ready to print.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum SettingsError {
    /// A name that no setting has.
    #[error("{subject} is no setting")]
    Unknown { subject: String, hint: String },
    /// A value of another type than the setting's.
    #[error("{subject} must be {expected}, found {found}")]
    WrongType { subject: String, expected: String, found: String, default: Option<&'static str> },
    /// A name that django-storages once had.
    #[error("{subject} is no setting any more: {why}")]
    Removed { subject: String, why: &'static str, instead: &'static str, legacy: bool },
    /// A secret in `--set` or in a flag, where every process on the machine can read it.
    #[error("{subject} is refused: a secret on the command line can be read by every process")]
    SecretOnCommandLine { subject: String, environment: &'static str, part: Option<&'static str> },
    /// `--set` without a name or without a value.
    #[error("`--set` takes `NAME=VALUE`")]
    SetWithoutValue,
    /// A field of `[storages.NAME]` that has no place there.
    #[error("{subject} picks a storage, and cannot stand inside one")]
    StorageInStorage { subject: String },
    /// The file that `--config` names, or that was found, cannot be read.
    #[error("the settings file `{file}` cannot be read")]
    FileUnreadable { file: String, source: io::Error },
    /// The file is no TOML. The parser's own text of the line is left out, it may hold a secret.
    #[error("{place} is no TOML: {problem}")]
    Syntax { place: String, problem: String },
    /// A storage that the file lacks.
    #[error("{subject} names the storage `{storage}`, {reason}")]
    UnknownStorage { subject: String, storage: String, reason: String, known: Vec<String> },
    /// A class that this does not stand in for.
    #[error("{subject} names no class of django-storages' S3 backend: `{class}`")]
    UnknownBackend { subject: String, class: String, nearest: Option<&'static str> },
    /// A manifest that is to be kept locally, nobody knows where.
    #[error("{subject} is `{storage}`, and no `manifest_location` says where")]
    NoManifestLocation { subject: String, storage: String },
    /// No bucket.
    #[error("no bucket is named")]
    NoBucket { file: String },
    /// A bucket that S3 cannot have.
    #[error("`{bucket}` is no name of a bucket")]
    BucketName { bucket: String, origin: String },
    /// A location that django-storages would not take either.
    #[error("{error}")]
    Location { error: NameError, origin: String },
    /// A place for records that is no location.
    #[error("`record_prefix` must be a plain prefix such as `records`: found `{found}`")]
    RecordPrefix { found: String, origin: String },
    /// What cannot be one part of the keys of records.
    #[error("{error}")]
    App { error: NameError, origin: String },
    /// A manifest that could not be stored.
    #[error("`manifest_name` must be a relative path: {error}")]
    ManifestName { error: NameError, origin: String },
    /// Django refuses these as well.
    #[error("`static_url` must end with a slash: found `{found}`")]
    StaticUrl { found: String, origin: String },
    /// An endpoint without `http://` or `https://`.
    #[error("`{setting}` needs the scheme `http` or `https`: found `{found}`")]
    EndpointScheme { setting: &'static str, found: String, origin: String },
    /// What is no id of a distribution.
    #[error("`invalidate` is no id of a CloudFront distribution: found `{found}`")]
    Distribution { found: String, origin: String },
    /// A distribution for a bucket that is a directory.
    #[error("`--invalidate` and `local` do not go together: no distribution stands before a directory")]
    InvalidateLocally,
    /// One of the two keys.
    #[error("`{given}` is set and `{missing}` is not")]
    HalfCredentials { given: &'static str, missing: &'static str, environment: &'static str, origin: String },
    /// A domain with a scheme, which would stand in URLs twice.
    #[error("`custom_domain` is a host without a scheme: found `{found}`")]
    CustomDomain { found: String, host: String, origin: String },
    /// A protocol that would run into the host.
    #[error("`url_protocol` ends with a colon: found `{found}`")]
    UrlProtocol { found: String, origin: String },
    /// One half of what CloudFront signs with; the words are django-storages'.
    #[error("`cloudfront_key_id` and `cloudfront_key` must be provided together")]
    HalfCloudFront { given: &'static str, missing: &'static str, environment: &'static str, origin: String },
    /// The key as text and in a file.
    #[error("`cloudfront_key` and `cloudfront_key_file` exclude each other")]
    TwoCloudFrontKeys { text_origin: String, file_origin: String },
    /// A profile and keys; the words are django-storages'.
    #[error("`session_profile` should not be provided with `access_key` and `secret_key`")]
    ProfileWithKeys { profile_origin: String, key: &'static str, key_origin: String },
    /// No static dir.
    #[error("no static dir is named, there is nothing to collect")]
    NoSource { static_dir_exists: bool },
    /// What the object parameters say of themselves.
    #[error("{subject}: {error}")]
    Parameter { subject: String, error: ParameterError },
    /// A rule that is none.
    #[error("{subject} {problem}")]
    Rule { subject: String, problem: String, hint: Option<String> },
    /// A part of a dictionary that cannot be used.
    #[error("{subject} {problem}")]
    Part { subject: String, problem: String, hint: Option<String> },
    /// An item of `exclude_rewrite` that is no glob, or of `prehashed` that is neither that nor the path of a manifest.
    #[error("{subject}: `{glob}` is no glob: {problem}")]
    Glob { subject: String, glob: String, problem: String },
    /// A row of `media_types` that is none.
    #[error("{subject} must be an extension with its dot and a content type, found `{extension}`")]
    MediaType { subject: String, extension: String },
}

impl Diagnose for SettingsError {
    fn note(&self) -> Option<String> {
        match self {
            Self::BucketName { origin, .. }
            | Self::Location { origin, .. }
            | Self::RecordPrefix { origin, .. }
            | Self::App { origin, .. }
            | Self::ManifestName { origin, .. }
            | Self::StaticUrl { origin, .. }
            | Self::CustomDomain { origin, .. }
            | Self::UrlProtocol { origin, .. }
            | Self::Distribution { origin, .. }
            | Self::EndpointScheme { origin, .. } => Some(format!("it comes from {origin}")),
            Self::HalfCredentials { given, origin, .. } | Self::HalfCloudFront { given, origin, .. } => {
                Some(format!("`{given}` comes from {origin}"))
            }
            Self::TwoCloudFrontKeys { text_origin, file_origin } => Some(format!(
                "`cloudfront_key` comes from {text_origin}, `cloudfront_key_file` from {file_origin}"
            )),
            Self::ProfileWithKeys { profile_origin, key, key_origin } => {
                Some(format!("`session_profile` comes from {profile_origin}, `{key}` from {key_origin}"))
            }
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { hint, .. } => Some(hint.clone()),
            Self::Removed { instead, legacy: true, .. } => {
                Some(format!("{instead}; `s3collect settings migrate FILE` rewrites it"))
            }
            Self::Removed { instead, .. } => Some((*instead).to_owned()),
            Self::SecretOnCommandLine { environment, part, .. } => Some(match part {
                Some(part) => format!("give `{part}` in `{environment}` in the environment, or in the file"),
                None => format!("set `{environment}` in the environment, or write it into the file"),
            }),
            Self::SetWithoutValue => Some("write e.g. `--set gzip_level=6`".to_owned()),
            Self::StorageInStorage { .. } => Some("move it to the top of the file".to_owned()),
            Self::FileUnreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("correct `--config`, or leave it out to have `s3collect.toml` looked for".to_owned())
            }
            Self::UnknownStorage { storage, known, .. } => Some(storages_hint(storage, known)),
            Self::UnknownBackend { class, .. } if class.ends_with("S3BotoStorage") => Some(
                "the boto backend is gone; `s3collect settings migrate FILE` rewrites what belongs to it".to_owned(),
            ),
            Self::UnknownBackend { nearest, .. } => Some(match nearest {
                Some(class) => format!("the nearest name is `{class}`"),
                None => "use `S3StaticStorage`, `S3ManifestStaticStorage` or `S3Storage`".to_owned(),
            }),
            Self::NoManifestLocation { .. } => {
                Some("set `manifest_location` to the path of a file, e.g. `staticfiles.json`".to_owned())
            }
            Self::NoBucket { file } => Some(format!("give `--bucket NAME`, or set `bucket_name` in `{file}`")),
            Self::BucketName { .. } => Some(
                "a name has 1 to 255 letters, digits, `.`, `-` and `_`; the ARN of an access point is taken too".to_owned(),
            ),
            Self::Location { error, .. } => error.hint(),
            Self::ManifestName { .. } => Some("write e.g. `staticfiles.json`".to_owned()),
            Self::StaticUrl { found, .. } if found.is_empty() => Some("write e.g. `/static/`".to_owned()),
            Self::StaticUrl { found, .. } => Some(format!("write `{found}/` if that is meant")),
            Self::EndpointScheme { found, .. } => {
                let host = found.split_once("://").map_or(found.as_str(), |(_, host)| host);
                Some(format!("write `https://{host}` if that is meant"))
            }
            Self::Distribution { .. } => Some(
                "it is letters and digits, e.g. `E1ABCDEF2GHIJK`; `aws cloudfront list-distributions` has it beside the domain".to_owned(),
            ),
            Self::InvalidateLocally => Some("leave `--invalidate` out".to_owned()),
            Self::HalfCredentials { environment, .. } => {
                Some(format!("set `{environment}` as well, or neither to ask the AWS credential chain"))
            }
            Self::CustomDomain { host, .. } => Some(format!("write `{host}`; the scheme is `url_protocol`")),
            Self::UrlProtocol { found, .. } => Some(format!("write `{found}:` if that is meant")),
            Self::HalfCloudFront { missing, environment, .. } => {
                Some(format!("set `{missing}` (`{environment}`) as well, or neither"))
            }
            Self::ProfileWithKeys { .. } | Self::TwoCloudFrontKeys { .. } => Some("leave one of the two out".to_owned()),
            Self::NoSource { static_dir_exists: true } => {
                Some("`./static` exists; if that is meant, give it as an argument".to_owned())
            }
            Self::NoSource { .. } => Some("give a directory as an argument, or set `sources` in the file".to_owned()),
            Self::Parameter { error, .. } => error.hint(),
            Self::WrongType { default: Some(default), .. } => {
                Some(format!("leave it out to have the default, `{}`", default.trim_matches('"')))
            }
            Self::Rule { hint, .. } | Self::Part { hint, .. } => hint.clone(),
            Self::Glob { .. } => Some("a `\\` before a character takes it literally".to_owned()),
            Self::WrongType { .. }
            | Self::FileUnreadable { .. }
            | Self::Syntax { .. }
            | Self::MediaType { .. }
            | Self::App { .. }
            | Self::RecordPrefix { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

fn storages_hint(storage: &str, known: &[String]) -> String {
    let nearest = super::words::nearest(storage, known.iter().map(String::as_str));
    match (known, nearest) {
        ([], _) => "leave `storage` out, or write a `[storages.NAME]`".to_owned(),
        (_, Some(nearest)) => format!("the nearest name is `{nearest}`"),
        (names, None) => format!("it has {}", super::words::listed(names)),
    }
}
