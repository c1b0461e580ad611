//! Makes the SDK's client out of the settings: credentials, region, endpoint and addressing, as boto3 would.

use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::endpoint::{Params, ParamsBuilder};
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
    SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_types::service_config::ServiceConfigKey;

use crate::settings::{AddressingStyle, AmazonHosts, ConnectionSettings, CredentialSource, SignatureVersion};
use crate::store::{Operation, StoreError, StoreErrorKind, Target};

use super::direct::Direct;
use super::http;
use super::keys::Keys;
use super::send::STANDSTILL;
use super::sign::VersionTwo;

/// Where S3 signs when nobody names a region; boto3's choice too.
const DEFAULT_REGION: &str = "us-east-1";

/// The AWS chain, in the order in which it asks.
const CHAIN: [&str; 5] = [
    "the environment (`AWS_ACCESS_KEY_ID`)",
    "`~/.aws/config` and `~/.aws/credentials`",
    "web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`)",
    "container credentials",
    "instance metadata",
];

/// Where requests go, as far as messages and the wire need it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The bucket's name or an access point's ARN.
    pub(super) bucket: String,
    /// Scheme, host, port and path of the service.
    pub(super) endpoint: String,
    /// What requests are signed for.
    pub(super) region: String,
    /// Whether AWS hosts are spoken to without TLS.
    pub(super) plain_http: bool,
    /// How long nothing may move on a connection.
    pub(super) standstill: Duration,
    /// Where credentials are looked for.
    pub(super) looked_in: Vec<String>,
}

/// Where requests and URLs go, by the settings and by what the AWS environment adds to them.
pub(super) struct Surroundings {
    /// The AWS environment; `None` where the settings say all.
    pub(super) chain: Option<SdkConfig>,
    /// What requests are signed for.
    pub(super) region: String,
    /// The endpoint of one's own, without user, password and query.
    pub(super) endpoint: Option<String>,
}

/// Reads variables and shared files, as far as the settings leave something to them. Asks nobody for credentials.
pub(super) async fn surroundings(settings: &ConnectionSettings) -> Result<Surroundings, StoreError> {
    let chain = match (&settings.credentials, &settings.region_name, &settings.endpoint_url) {
        // All is said: what the machine's AWS files hold must not matter, nor cost time.
        (CredentialSource::Static { .. }, Some(_), Some(_)) => None,
        _ => Some(chain(settings).await?),
    };
    let region = chain
        .as_ref()
        .and_then(|chain| chain.region().map(ToString::to_string))
        .or_else(|| settings.region_name.clone())
        .unwrap_or_else(|| DEFAULT_REGION.to_owned());
    let configured = chain.as_ref().filter(|_| !settings.client.ignore_configured_endpoints);
    let endpoint = settings.endpoint_url.clone().or_else(|| configured.and_then(chain_endpoint));
    let endpoint = endpoint.map(|endpoint| bare(&endpoint, settings)).transpose()?;
    Ok(Surroundings { chain, region, endpoint })
}

/// A client, where it goes, and the short way of what is sent most, where there is one.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) place: Place,
    pub(super) direct: Option<Direct>,
}

/// Makes the client; sends nothing yet.
pub(super) async fn connect(settings: &ConnectionSettings) -> Result<Connected, StoreError> {
    let Surroundings { chain, region, endpoint } = surroundings(settings).await?;
    let place = place(settings, region, endpoint.as_deref());
    let builder = chain
        .as_ref()
        .map_or_else(|| Builder::new().behavior_version(BehaviorVersion::latest()), Builder::from);
    let provider = given(&settings.credentials);
    let provider = provider.or_else(|| chain.as_ref().and_then(SdkConfig::credentials_provider));
    let keys = provider.map(Keys::new);
    let http = http::client(&place.endpoint, &settings.client).map_err(|why| unusable(settings, why))?;
    let mut builder = transport(builder, http.shared())
        .region(Region::new(place.region.clone()))
        .force_path_style(path_style(settings, endpoint.is_some()))
        .accelerate(settings.client.hosts.accelerate)
        .use_dual_stack(settings.client.hosts.dual_stack)
        .use_fips(settings.client.hosts.fips);
    if settings.client.signature_version == SignatureVersion::V2 {
        builder = builder.push_auth_scheme(VersionTwo::new(&place.bucket, &place.endpoint));
    }
    builder.set_credentials_provider(keys.clone().map(SharedCredentialsProvider::new));
    // The SDK puts a bucket's name straight behind the path.
    let endpoint = endpoint.map(|endpoint| endpoint + "/");
    builder.set_endpoint_url(endpoint.clone());
    let direct = match keys.filter(|_| settings.client.signature_version == SignatureVersion::V4) {
        Some(keys) => Direct::new(http, keys, &place, endpoint_parameters(settings, &place, endpoint)).await,
        None => None,
    };
    Ok(Connected { client: Client::from_conf(builder.build()), place, direct })
}

fn unusable(settings: &ConnectionSettings, (kind, cause): http::Unusable) -> StoreError {
    let target = Target { bucket: settings.bucket.clone(), key: String::new() };
    StoreError::new(Operation::ListObjectsV2, target, kind).because(cause)
}

/// What decides where an object's requests go, as the SDK's own are decided.
fn endpoint_parameters(
    settings: &ConnectionSettings,
    place: &Place,
    endpoint: Option<String>,
) -> ParamsBuilder {
    let AmazonHosts { accelerate, dual_stack, fips } = settings.client.hosts;
    Params::builder()
        .bucket(&place.bucket)
        .region(&place.region)
        .force_path_style(path_style(settings, endpoint.is_some()))
        .set_endpoint(endpoint)
        .accelerate(accelerate)
        .use_dual_stack(dual_stack)
        .use_fips(fips)
        .use_arn_region(true)
}

/// As messages and the wire need it.
pub(super) fn place(settings: &ConnectionSettings, region: String, endpoint: Option<&str>) -> Place {
    Place {
        bucket: settings.bucket.clone(),
        endpoint: endpoint.map_or_else(|| aws_endpoint(&region, settings), str::to_owned),
        plain_http: endpoint.is_none() && !settings.use_ssl,
        standstill: settings.client.read_timeout.unwrap_or(STANDSTILL),
        looked_in: looked_in(&settings.credentials),
        region,
    }
}

/// What goes for every client: our own retries, time limits and checksums, and one pool of connections.
fn transport(builder: Builder, http: SharedHttpClient) -> Builder {
    builder
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        // `http` bounds how long a connection takes, `send` every other wait; a limit on the whole would kill big
        // bodies.
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .use_arn_region(true)
}

/// The AWS environment: region, endpoint and credentials where the settings lack them.
async fn chain(settings: &ConnectionSettings) -> Result<SdkConfig, StoreError> {
    let http = http::for_credentials().map_err(|why| unusable(settings, why))?;
    let profile = match &settings.credentials {
        CredentialSource::Chain { profile } => profile.as_deref(),
        CredentialSource::Static { .. } => None,
    };
    // No instance metadata for the region, as in boto3: off EC2 it would cost seconds.
    let mut profile_region = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        profile_region = profile_region.profile_name(profile);
    }
    let region = RegionProviderChain::first_try(settings.region_name.clone().map(Region::new))
        .or_else(aws_config::environment::EnvironmentVariableRegionProvider::new())
        .or_else(profile_region.build())
        .or_else(Region::new(DEFAULT_REGION))
        .region()
        .await;
    let defaults = aws_config::defaults(BehaviorVersion::latest());
    let mut loader = defaults.http_client(http.clone()).region(region.clone());
    if let Some(credentials) = given(&settings.credentials) {
        loader = loader.credentials_provider(credentials);
    }
    // A profile that is asked for by name wins over keys in the environment, as in boto3.
    if let Some(profile) = profile {
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(&ProviderConfig::without_region().with_region(region).with_http_client(http))
            .profile_name(profile)
            .build();
        loader = loader.profile_name(profile).credentials_provider(provider);
    }
    Ok(loader.load().await)
}

/// `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or the profile's, which boto3 honours too.
fn chain_endpoint(chain: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("all fields are set");
    let service = chain.service_config().and_then(|service| service.load_config(key));
    service.or_else(|| chain.endpoint_url().map(str::to_owned))
}

/// The credentials that the settings give; none where they leave it to the chain.
pub(super) fn given(source: &CredentialSource) -> Option<SharedCredentialsProvider> {
    let CredentialSource::Static { access_key, secret_key, security_token } = source else { return None };
    let token = security_token.as_ref().map(|token| token.expose().to_owned());
    let credentials = Credentials::new(access_key.expose(), secret_key.expose(), token, None, "settings");
    Some(SharedCredentialsProvider::new(credentials))
}

/// In the order in which the chain asks them.
fn looked_in(credentials: &CredentialSource) -> Vec<String> {
    match credentials {
        CredentialSource::Static { .. } => Vec::new(),
        CredentialSource::Chain { profile: Some(profile) } => {
            vec![format!("profile `{profile}` of `~/.aws/config` and `~/.aws/credentials`")]
        }
        CredentialSource::Chain { profile: None } => CHAIN.map(str::to_owned).to_vec(),
    }
}

/// boto3's `auto`: path at an endpoint of one's own, virtual at AWS, where the SDK itself turns to path
/// for names that are no host names. An access point has no path form.
fn path_style(settings: &ConnectionSettings, own_endpoint: bool) -> bool {
    let wanted = match settings.addressing_style {
        AddressingStyle::Auto => own_endpoint,
        AddressingStyle::Path => true,
        AddressingStyle::Virtual => false,
    };
    wanted && !settings.bucket.starts_with("arn:")
}

/// The endpoint without user, password and query, which S3 has no use for and which must not show.
fn bare(endpoint: &str, settings: &ConnectionSettings) -> Result<String, StoreError> {
    let bare = endpoint.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = bare.split_once("://").unwrap_or(("", bare));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let text = if scheme.is_empty() { format!("{host}{path}") } else { format!("{scheme}://{host}{path}") };
    let valid = matches!(scheme, "http" | "https") && text.parse::<::http::Uri>().is_ok() && !host.is_empty();
    if valid {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    let target = Target { bucket: settings.bucket.clone(), key: String::new() };
    Err(StoreError::new(Operation::ListObjectsV2, target, StoreErrorKind::BadEndpoint { endpoint: text }))
}

/// AWS's own host, as requests go there and as it shows in messages.
fn aws_endpoint(region: &str, settings: &ConnectionSettings) -> String {
    let scheme = if settings.use_ssl { "https" } else { "http" };
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let AmazonHosts { accelerate, dual_stack, fips } = settings.client.hosts;
    let service = if fips { "s3-fips" } else { "s3" };
    let stack = if dual_stack { ".dualstack" } else { "" };
    match accelerate {
        true => format!("{scheme}://s3-accelerate{stack}.{suffix}"),
        false => format!("{scheme}://{service}{stack}.{region}.{suffix}"),
    }
}

#[cfg(test)]
mod tests;
