//! What URLs need of the AWS environment. Nothing is sent to S3, and nobody is asked for credentials that are not needed.

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use crate::parameters::ObjectParameters;
use crate::settings::{ConnectionSettings, CredentialSource, Secret};
use crate::store::{Operation, StoreError, Target};
use crate::url::{Instant, SigningKeys};

use super::client::{self, Place, Surroundings};
use super::failure::Asked;

/// Where URLs lead, and who signs them.
#[derive(Debug)]
pub struct UrlPlace {
    /// The bucket's region.
    pub region: String,
    /// The endpoint of one's own, without user, password and query.
    pub endpoint: Option<String>,
    /// `None` where nobody was to sign.
    pub keys: Option<SigningKeys>,
}

/// Finds out where URLs of a bucket lead and, where they are `signed`, who signs them: the settings' keys, or the AWS
/// chain's.
///
/// # Errors
/// [`BadEndpoint`](crate::store::StoreErrorKind::BadEndpoint), or that there are no credentials.
pub async fn url_place(settings: &ConnectionSettings, signed: bool) -> Result<UrlPlace, StoreError> {
    let Surroundings { chain, region, endpoint } = client::surroundings(settings).await?;
    let keys = match (&settings.credentials, chain.and_then(|chain| chain.credentials_provider())) {
        _ if !signed => None,
        (CredentialSource::Static { access_key, secret_key, security_token }, _) => Some(SigningKeys {
            access_key: access_key.expose().to_owned(),
            secret_key: secret_key.clone(),
            token: security_token.clone(),
            expires_at: None,
        }),
        (CredentialSource::Chain { .. }, provider) => {
            let place = client::place(settings, region.clone(), endpoint.as_deref());
            let credentials = provided(settings, &place, provider).await?;
            Some(SigningKeys {
                access_key: credentials.access_key_id().to_owned(),
                secret_key: Secret::new(credentials.secret_access_key()),
                token: credentials.session_token().map(Secret::new),
                expires_at: credentials.expiry().map(Into::into),
            })
        }
    };
    Ok(UrlPlace { region, endpoint, keys })
}

/// Who asks, without anything secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which place of the AWS chain had the keys; `None` where the settings have them, or the place has no name.
    pub source: Option<&'static str>,
    /// Whether the keys come with a session token, and end.
    pub is_temporary: bool,
    /// When they end, where that is known.
    pub expires_at: Option<Instant>,
}

/// Finds out who asks: the settings' keys, or the AWS chain's.
///
/// # Errors
/// [`BadEndpoint`](crate::store::StoreErrorKind::BadEndpoint), or that there are no credentials.
pub async fn identity(settings: &ConnectionSettings) -> Result<Identity, StoreError> {
    if let CredentialSource::Static { security_token, .. } = &settings.credentials {
        return Ok(Identity { source: None, is_temporary: security_token.is_some(), expires_at: None });
    }
    let Surroundings { chain, region, endpoint } = client::surroundings(settings).await?;
    let place = client::place(settings, region, endpoint.as_deref());
    let credentials =
        provided(settings, &place, chain.and_then(|chain| chain.credentials_provider())).await?;
    Ok(Identity {
        source: source(&credentials),
        is_temporary: credentials.session_token().is_some(),
        expires_at: credentials.expiry().map(Into::into),
    })
}

/// The credentials of the AWS chain.
async fn provided(
    settings: &ConnectionSettings,
    place: &Place,
    provider: Option<SharedCredentialsProvider>,
) -> Result<Credentials, StoreError> {
    let provider = provider.expect("the chain always has a provider");
    provider.provide_credentials().await.map_err(|error| {
        let asked = Asked {
            operation: Operation::GetObject,
            target: Target { bucket: settings.bucket.clone(), key: String::new() },
            place,
            parameters: &ObjectParameters::default(),
        };
        asked.keyless(&error)
    })
}

/// The place that gave them; of several that stand behind each other, the last.
fn source(credentials: &Credentials) -> Option<&'static str> {
    const PLACES: [(AwsCredentialFeature, &str); 9] = [
        (AwsCredentialFeature::CredentialsStsAssumeRole, "a role that a profile assumes"),
        (AwsCredentialFeature::CredentialsStsAssumeRoleWebId, "web identity"),
        (AwsCredentialFeature::CredentialsProfileStsWebIdToken, "web identity"),
        (AwsCredentialFeature::CredentialsSso, "SSO"),
        (AwsCredentialFeature::CredentialsProcess, "the `credential_process` of a profile"),
        (AwsCredentialFeature::CredentialsHttp, "container credentials"),
        (AwsCredentialFeature::CredentialsImds, "instance metadata"),
        (AwsCredentialFeature::CredentialsEnvVars, "the environment"),
        (AwsCredentialFeature::CredentialsProfile, "`~/.aws/config` and `~/.aws/credentials`"),
    ];
    let features = credentials.get_property::<Vec<AwsCredentialFeature>>()?;
    PLACES.iter().find(|(feature, _)| features.contains(feature)).map(|(_, place)| *place)
}
