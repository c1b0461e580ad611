//! The verb `url`: names through the manifest where there is one, then URLs. Nothing is sent unless the manifest has to be
//! read from the bucket, and nobody is asked for credentials that neither a signature nor that reading needs.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Problem;
use crate::settings::{Backend, CloudFrontKey, ConnectionSettings, Secret, Settings, SignatureVersion};
use crate::store::s3::{UrlPlace, url_place};
use crate::url::{Asked, BucketPlace, Instant, SignedUrl, UrlError, UrlRequest, Urls};

mod cache;
mod error;
mod names;

pub use error::LookUpError;

/// What URLs are asked for.
#[derive(Debug)]
pub struct UrlOptions {
    /// As Django's templates have them.
    pub names: Vec<String>,
    /// What goes for every one of them.
    pub request: UrlRequest,
    /// Whether cookies are wanted in the place of signatures in URLs.
    pub cookies: bool,
    /// A directory for what is remembered of manifests in buckets; `None` remembers nothing.
    pub cache: Option<PathBuf>,
}

/// A name and its URL, as `--json` has it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct NamedUrl {
    /// As it was asked for.
    pub name: String,
    /// Below the location; the name itself without a manifest.
    pub stored_name: String,
    /// Where it is.
    pub url: String,
    /// RFC 3339 in UTC; `None` for a URL that is not signed.
    pub expires_at: Option<Instant>,
    /// What a `Cookie` header holds; only where cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookies: Option<String>,
}

/// URLs in the order of their names, and what deserves a look.
#[derive(Debug)]
pub struct Answer {
    /// One for each name.
    pub urls: Vec<NamedUrl>,
    /// What deserves a look.
    pub warnings: Vec<Problem>,
}

/// Where URLs lead and who signs them, found out once.
#[derive(Debug)]
pub struct UrlSource {
    settings: Settings,
    cloudfront_key: Option<Secret>,
    place: Option<UrlPlace>,
}

impl UrlSource {
    /// Finds it out: reads CloudFront's key where that signs, and asks the AWS chain for what settings do not say.
    /// Sends nothing to S3.
    ///
    /// # Errors
    /// No key, no credentials, or an embedded endpoint (`local`), which has no address that lasts.
    pub async fn open(settings: &Settings) -> Result<Self, Problem> {
        let cloudfront_key = cloudfront_key(settings)?.map(Secret::new);
        let place = match settings.url.custom_domain {
            Some(_) => None,
            None => Some(bucket_place(settings).await?),
        };
        Ok(Self { settings: settings.clone(), cloudfront_key, place })
    }

    /// What makes the URLs.
    ///
    /// # Errors
    /// [`UrlError::Key`], [`UrlError::AccessPoint`], [`UrlError::ManyRegions`].
    pub fn urls(&self) -> Result<Urls<'_>, UrlError> {
        maker(&self.settings, self.cloudfront_key.as_ref().map(Secret::expose), self.place.as_ref())
    }
}

/// Finds the URLs of names.
///
/// # Errors
/// Everything that is wrong with settings, keys and names.
pub async fn urls(settings: &Settings, options: &UrlOptions) -> Result<Answer, Vec<Problem>> {
    let one = |problem: Problem| vec![problem];
    let source = UrlSource::open(settings).await.map_err(one)?;
    let urls = source.urls().map_err(|error| one(error.into()))?;
    if options.cookies && !urls.are_signed_by_cloudfront() {
        return Err(one(UrlError::NotCloudFront { subject: "`--cookies`" }.into()));
    }
    // What is wrong with the request is told once, and before anything is fetched.
    urls.url("name", &options.request).map_err(|error| one(error.into()))?;
    let mut warnings = warnings(&urls, source.place.as_ref(), options, settings);
    let found = match settings.backend {
        Backend::S3ManifestStaticStorage => through_manifest(settings, options, &urls, &mut warnings).await?,
        _ => all(options.names.iter().map(|name| {
            let signed = urls.url(name, &options.request)?;
            Ok(named(name, name, signed, options.cookies))
        }))?,
    };
    Ok(Answer { warnings, urls: found })
}

/// Every one of them, or all that is wrong.
fn all(results: impl Iterator<Item = Result<NamedUrl, UrlError>>) -> Result<Vec<NamedUrl>, Vec<Problem>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(url) => found.push(url),
            Err(error) => problems.push(Problem::of(&error)),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn named(name: &str, stored_name: &str, signed: SignedUrl, cookies: bool) -> NamedUrl {
    NamedUrl {
        name: name.to_owned(),
        stored_name: stored_name.to_owned(),
        url: signed.url,
        expires_at: signed.expires_at,
        cookies: signed.cookies.filter(|_| cookies),
    }
}

async fn through_manifest(
    settings: &Settings,
    options: &UrlOptions,
    urls: &Urls<'_>,
    warnings: &mut Vec<Problem>,
) -> Result<Vec<NamedUrl>, Vec<Problem>> {
    let asked = options.names.iter().map(|name| Asked::new(name));
    let asked: Vec<Asked<'_>> = asked.collect::<Result<_, _>>().map_err(|error| vec![error.into()])?;
    let stored = names::stored(settings, &asked, options.cache.as_deref(), warnings).await?;
    all(options.names.iter().zip(&asked).zip(&stored).map(|((name, asked), stored)| {
        let signed = urls.url(&asked.with(stored), &options.request)?;
        let url = asked.finish(signed.url, urls.are_signed())?;
        Ok(named(name, stored, SignedUrl { url, ..signed }, options.cookies))
    }))
}

/// The text of CloudFront's key, where it is going to sign.
fn cloudfront_key(settings: &Settings) -> Result<Option<String>, LookUpError> {
    let url = &settings.url;
    let signs = url.querystring_auth && url.custom_domain.is_some();
    match url.cloudfront.as_ref().filter(|_| signs).map(|cloudfront| &cloudfront.key) {
        None => Ok(None),
        Some(CloudFrontKey::Text(text)) => Ok(Some(text.expose().to_owned())),
        Some(CloudFrontKey::File(path)) => read_key(path).map(Some),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one file that signing needs, a few kilobytes")]
fn read_key(path: &Path) -> Result<String, LookUpError> {
    fs::read_to_string(path).map_err(|source| LookUpError::KeyFile { path: path.to_owned(), source })
}

/// Where the bucket is, and who signs.
async fn bucket_place(settings: &Settings) -> Result<UrlPlace, Problem> {
    if settings.connection.local.is_some() {
        return Err(LookUpError::NoAddress.into());
    }
    Ok(url_place(&settings.connection, settings.url.querystring_auth).await?)
}

/// What makes the URLs.
fn maker<'a>(
    settings: &'a Settings,
    key: Option<&str>,
    place: Option<&UrlPlace>,
) -> Result<Urls<'a>, UrlError> {
    let Settings { url, location, connection, .. } = settings;
    let Some(UrlPlace { region, endpoint, keys }) = place else {
        let subject = match url.cloudfront.as_ref().map(|cloudfront| &cloudfront.key) {
            Some(CloudFrontKey::File(_)) => "`cloudfront_key_file`",
            _ => "`cloudfront_key`",
        };
        let domain = url.custom_domain.as_deref().unwrap_or_default();
        return Urls::at_domain(url, location, domain, key.map(|key| (key, subject)));
    };
    let ConnectionSettings { bucket, addressing_style, use_ssl, .. } = connection;
    let place = BucketPlace {
        bucket,
        region,
        endpoint: endpoint.as_deref(),
        style: *addressing_style,
        use_ssl: *use_ssl,
        keys: keys.clone(),
    };
    Urls::in_bucket(url, location, place)
}

/// What was asked for and has no part in these URLs, and keys that end before their URLs would.
fn warnings(
    urls: &Urls<'_>,
    place: Option<&UrlPlace>,
    options: &UrlOptions,
    settings: &Settings,
) -> Vec<Problem> {
    let request = &options.request;
    let mut warnings = Vec::new();
    if request.expire.is_some() && !urls.are_signed() {
        warnings.push(
            Problem::new("`--expire` has no part in these URLs: they are not signed")
                .with_hint("set `querystring_auth = true` in `[storages.NAME]` to have them signed"),
        );
    }
    if request.method != "GET" && !urls.mind_methods() {
        warnings.push(Problem::new("`--method` has no part in these URLs: no signature covers it"));
    }
    let at_amazon = place.is_some_and(|place| place.keys.is_some() && place.endpoint.is_none());
    if at_amazon && settings.url.signature_version == SignatureVersion::V2 {
        warnings.push(
            Problem::new(
                "URLs signed with SigV2 are refused by buckets of AWS that were made after June 2020",
            )
            .with_hint("set `signature_version = \"s3v4\"`"),
        );
    }
    let keys_end = place.and_then(|place| place.keys.as_ref()?.expires_at);
    let ends = request.now.after(request.expire.unwrap_or(settings.url.querystring_expire));
    if let Some(keys_end) = keys_end.filter(|keys_end| *keys_end < ends) {
        warnings.push(
            Problem::new(format!(
                "these URLs end at {keys_end}, before they expire: the credentials that sign them are temporary"
            ))
            .with_hint("sign with keys that last longer, or set a shorter `querystring_expire`"),
        );
    }
    warnings
}
