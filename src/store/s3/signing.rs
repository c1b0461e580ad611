//! What URLs need of the AWS environment. Nothing is sent to S3, and nobody is asked for credentials that are not needed.

use aws_credential_types::provider::ProvideCredentials;

use crate::parameters::ObjectParameters;
use crate::settings::{ConnectionSettings, CredentialSource, Secret};
use crate::store::{Operation, StoreError, Target};
use crate::url::SigningKeys;

use super::client::{self, Surroundings};
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
            let provider = provider.expect("the chain always has a provider");
            let credentials = provider.provide_credentials().await.map_err(|error| {
                let asked = Asked {
                    operation: Operation::GetObject,
                    target: Target { bucket: settings.bucket.clone(), key: String::new() },
                    place: &client::place(settings, region.clone(), endpoint.as_deref()),
                    parameters: &ObjectParameters::default(),
                };
                asked.keyless(&error)
            })?;
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
