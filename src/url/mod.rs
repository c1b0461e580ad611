//! Public and signed URLs of stored names, as django-storages' `url()` gives them. Pure: time, keys and the manifest are
//! arguments. No AWS crate either: signatures are a few lines over `hmac` and `rsa`, held against boto3's byte for byte.

use crate::name::{Location, ObjectKey};
use crate::settings::{AddressingStyle, SignatureVersion, UrlSettings};

mod address;
mod cloudfront;
mod encode;
mod error;
mod hashed;
mod instant;
mod parameter;
mod sign;
#[cfg(test)]
mod tests;
pub(crate) mod version_2;

use address::{Address, Wanted};
pub use cloudfront::PolicyTerms;
use cloudfront::{CloudFront, check_parameters};
pub(crate) use encode::{key as quoted, uri as filepath_to_uri};
pub use error::{LONGEST_VERSION_4, UrlError};
pub use hashed::Asked;
pub use instant::Instant;
pub use sign::SigningKeys;
use sign::{Call, version_2, version_4};

/// Where a bucket is, and who signs.
#[derive(Debug)]
pub struct BucketPlace<'a> {
    /// Its name, or the ARN of an access point.
    pub bucket: &'a str,
    /// Its region.
    pub region: &'a str,
    /// With a scheme, and without user, password and query; `None` for AWS.
    pub endpoint: Option<&'a str>,
    /// Where the bucket's name goes.
    pub style: AddressingStyle,
    /// `http://` for AWS hosts when false.
    pub use_ssl: bool,
    /// `None` for URLs that are not signed.
    pub keys: Option<SigningKeys>,
}

/// What a URL is asked for besides its name.
#[derive(Debug, Clone)]
pub struct UrlRequest {
    /// Arguments of `GetObject` by boto3's names; at a custom domain any query.
    pub parameters: Vec<(String, String)>,
    /// Which method is signed.
    pub method: String,
    /// For how many seconds it is valid; `None` is `querystring_expire`.
    pub expire: Option<u64>,
    /// When it is signed.
    pub now: Instant,
    /// What CloudFront checks besides.
    pub terms: PolicyTerms,
}

impl UrlRequest {
    /// A plain GET.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        let terms = PolicyTerms::default();
        Self { parameters: Vec::new(), method: "GET".to_owned(), expire: None, now, terms }
    }
}

/// A URL, and until when it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedUrl {
    /// The URL.
    pub url: String,
    /// What a `Cookie` header holds to let one in without a signature in the URL; CloudFront only.
    pub cookies: Option<String>,
    /// `None` for one that is not signed.
    pub expires_at: Option<Instant>,
}

/// Makes the URLs of a storage.
pub struct Urls<'a> {
    location: &'a Location,
    settings: &'a UrlSettings,
    way: Way,
}

/// The two ways to an object.
enum Way {
    Domain { base: String, signer: Option<CloudFront> },
    Bucket { address: Address, keys: Option<SigningKeys> },
}

impl<'a> Urls<'a> {
    /// URLs at the custom domain; `cloudfront_key` is the PEM that signs them, with the name of its place.
    ///
    /// # Errors
    /// [`UrlError::Key`].
    pub fn at_domain(
        settings: &'a UrlSettings,
        location: &'a Location,
        domain: &str,
        cloudfront_key: Option<(&str, &'static str)>,
    ) -> Result<Self, UrlError> {
        let pair = settings.cloudfront.as_ref().zip(cloudfront_key).filter(|_| settings.querystring_auth);
        let signer = pair.map(|(cloudfront, (pem, subject))| {
            CloudFront::new(&cloudfront.key_id, pem, subject, cloudfront.hash)
        });
        let base = format!("{}//{domain}/", settings.url_protocol);
        Ok(Self { location, settings, way: Way::Domain { base, signer: signer.transpose()? } })
    }

    /// URLs in the bucket.
    ///
    /// # Errors
    /// [`UrlError::AccessPoint`], or [`UrlError::ManyRegions`] where such a one is to be signed for.
    pub fn in_bucket(
        settings: &'a UrlSettings,
        location: &'a Location,
        place: BucketPlace<'_>,
    ) -> Result<Self, UrlError> {
        let BucketPlace { bucket, region, endpoint, style, use_ssl, keys } = place;
        let address = Address::of(&Wanted { bucket, region, endpoint, style, use_ssl })?;
        if address.many_regions && keys.is_some() {
            return Err(UrlError::ManyRegions { arn: bucket.to_owned() });
        }
        Ok(Self { location, settings, way: Way::Bucket { address, keys } })
    }

    /// Whether these URLs are signed.
    #[must_use]
    pub fn are_signed(&self) -> bool {
        match &self.way {
            Way::Domain { signer, .. } => signer.is_some(),
            Way::Bucket { keys, .. } => keys.is_some(),
        }
    }

    /// Whether CloudFront checks them.
    #[must_use]
    pub fn are_signed_by_cloudfront(&self) -> bool {
        matches!(&self.way, Way::Domain { signer: Some(_), .. })
    }

    /// Whether a signature covers the method.
    #[must_use]
    pub fn mind_methods(&self) -> bool {
        matches!(&self.way, Way::Bucket { keys: Some(_), .. })
    }

    /// The URL of a stored name.
    ///
    /// # Errors
    /// Any [`UrlError`] but those of the manifest.
    pub fn url(&self, stored_name: &str, request: &UrlRequest) -> Result<SignedUrl, UrlError> {
        let named = |error| UrlError::Name { name: stored_name.to_owned(), error };
        let key = self.location.storage_key(stored_name).map_err(named)?;
        match &self.way {
            Way::Domain { base, signer } => self.at(base, signer.as_ref(), &key, request),
            Way::Bucket { .. } if key.is_empty() => Err(UrlError::Empty),
            Way::Bucket { address, keys } => {
                ObjectKey::new(&key).map_err(named)?;
                self.within(address, keys.as_ref(), &key, request)
            }
        }
    }

    fn at(
        &self,
        base: &str,
        signer: Option<&CloudFront>,
        key: &str,
        request: &UrlRequest,
    ) -> Result<SignedUrl, UrlError> {
        let mut url = format!("{base}{}", encode::uri(key));
        if !request.parameters.is_empty() {
            let pairs = request.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            url = format!("{url}?{}", encode::form(pairs));
        }
        let Some(signer) = signer else {
            not_cloudfront(request)?;
            return Ok(SignedUrl { url, cookies: None, expires_at: None });
        };
        check_parameters(&request.parameters)?;
        let ends = request.now.after(request.expire.unwrap_or(self.settings.querystring_expire));
        Ok(SignedUrl {
            cookies: Some(signer.cookies(&url, &request.terms, ends)?),
            url: signer.url(&url, &request.terms, ends)?,
            expires_at: Some(ends),
        })
    }

    fn within(
        &self,
        address: &Address,
        keys: Option<&SigningKeys>,
        key: &str,
        request: &UrlRequest,
    ) -> Result<SignedUrl, UrlError> {
        not_cloudfront(request)?;
        let (query, headers) = parameter::sorted(&request.parameters)?;
        let encoded = encode::key(key);
        let call = Call {
            method: &request.method,
            origin: &address.origin,
            path: format!("{}{encoded}", address.path),
            resource: format!("{}{encoded}", address.resource),
            query,
            headers,
        };
        let Some(keys) = keys else {
            return Ok(SignedUrl { url: call.unsigned(), cookies: None, expires_at: None });
        };
        let seconds = request.expire.unwrap_or(self.settings.querystring_expire);
        let ends = request.now.after(seconds);
        let url = match self.settings.signature_version {
            SignatureVersion::V2 => version_2(&call, keys, ends),
            SignatureVersion::V4 if seconds > LONGEST_VERSION_4 => {
                let subject = if request.expire.is_some() { "`--expire`" } else { "`querystring_expire`" };
                return Err(UrlError::ExpireTooLong { subject, seconds });
            }
            SignatureVersion::V4 => {
                version_4(&call, keys, (&address.region, address.service), request.now, seconds)
            }
        };
        let ends = keys.expires_at.map_or(ends, |keys_end| keys_end.min(ends));
        Ok(SignedUrl { url, cookies: None, expires_at: Some(ends) })
    }
}

fn not_cloudfront(request: &UrlRequest) -> Result<(), UrlError> {
    request.terms.first().map_or(Ok(()), |subject| Err(UrlError::NotCloudFront { subject }))
}
