//! Credentials as requests take them: asked for once, and again shortly before they end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::RwLock;

/// How long before their end credentials are renewed, and how long that may take: as the SDK has it.
const BEFORE_THE_END: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(5);

/// What remembers the credentials of a provider; clones share them.
#[derive(Debug, Clone)]
pub(super) struct Keys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    provider: SharedCredentialsProvider,
    known: RwLock<Option<Credentials>>,
}

impl Keys {
    /// Asks nobody yet.
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self(Arc::new(Shared { provider, known: RwLock::new(None) }))
    }

    /// Credentials that are good for requests that are signed now. Of many who ask at once one asks the provider.
    pub(super) async fn at(&self, now: SystemTime) -> provider::Result {
        let good = |known: &Credentials| known.expiry().is_none_or(|end| end > now + BEFORE_THE_END);
        if let Some(known) = self.0.known.read().await.as_ref().filter(|known| good(known)) {
            return Ok(known.clone());
        }
        let mut known = self.0.known.write().await;
        if let Some(known) = known.as_ref().filter(|known| good(known)) {
            return Ok(known.clone());
        }
        let asked = tokio::time::timeout(PATIENCE, self.0.provider.provide_credentials()).await;
        let given = asked.map_err(|_| CredentialsError::provider_timed_out(PATIENCE))??;
        *known = Some(given.clone());
        Ok(given)
    }
}

/// The SDK asks here too, so that the provider is asked once for both.
impl ProvideCredentials for Keys {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        #[expect(clippy::disallowed_methods, reason = "credentials end by the clock")]
        future::ProvideCredentials::new(async { self.at(SystemTime::now()).await })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Gives credentials that end an hour later than those before, counted from the epoch.
    #[derive(Debug, Default)]
    struct Hourly(AtomicU64);

    impl ProvideCredentials for Hourly {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            let end = SystemTime::UNIX_EPOCH + Duration::from_secs(3600 * number);
            let credentials = Credentials::new(format!("AKID{number}"), "secret", None, Some(end), "test");
            future::ProvideCredentials::ready(Ok(credentials))
        }
    }

    #[tokio::test]
    async fn credentials_are_renewed_before_they_end() {
        let keys = Keys::new(SharedCredentialsProvider::new(Hourly::default()));
        for (second, expected) in [(0, "AKID1"), (3589, "AKID1"), (3590, "AKID2"), (3600, "AKID2")] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            assert_eq!(keys.at(now).await.expect("credentials").access_key_id(), expected, "{second}");
        }
    }
}
