//! Who may ask: the one pair of keys, anybody for what is public, and the names under which the endpoint is
//! addressed. Every request that is understood passes here, so injected faults strike here too.

use std::sync::{Arc, Mutex, PoisonError};

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::host::{S3Host, VirtualHost};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::disk::Disk;
use super::fault::{Effect, Faults};
use super::refusal::{answer, refuse};
use super::{acl, object};

/// The one pair of keys.
pub(super) struct Keys {
    pub(super) access_key: String,
    pub(super) secret_key: SecretKey,
}

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            return Ok(self.secret_key.clone());
        }
        let message = "The AWS Access Key Id you provided does not exist in our records.";
        Err(refuse(S3ErrorCode::InvalidAccessKeyId, message))
    }
}

/// What became known of a request while it was answered.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) operation: Option<String>,
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    pub(super) hang_up: bool,
}

/// A trace that travels with its request.
pub(super) type SharedTrace = Arc<Mutex<Trace>>;

/// Lets requests in.
pub(super) struct Gate {
    pub(super) disk: Arc<Disk>,
    pub(super) faults: Arc<Faults>,
    pub(super) anonymous_read: bool,
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let operation = context.s3_op().name().to_owned();
        let bucket = context.s3_path().get_bucket_name().map(str::to_owned);
        let key = context.s3_path().get_object_key().map(str::to_owned);
        let trace = context.extensions_mut().get::<SharedTrace>().cloned().unwrap_or_default();
        {
            let mut trace = trace.lock().unwrap_or_else(PoisonError::into_inner);
            trace.operation = Some(operation.clone());
            trace.bucket.clone_from(&bucket);
            trace.key.clone_from(&key);
        }
        self.strike(&operation, key.as_deref(), &trace).await?;
        if context.credentials().is_some() {
            return Ok(());
        }
        let local = context
            .headers()
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok())
            .is_some_and(is_loopback);
        let denied = || refuse(S3ErrorCode::AccessDenied, "Access Denied");
        match (operation.as_str(), bucket, key) {
            ("GetObject" | "HeadObject", Some(bucket), Some(key)) => {
                if (self.anonymous_read && local) || self.is_public(bucket, key).await? {
                    Ok(())
                } else {
                    Err(denied())
                }
            }
            _ => Err(denied()),
        }
    }
}

impl Gate {
    async fn is_public(&self, bucket: String, key: String) -> S3Result<bool> {
        let object = self.disk.read(move |index| object::find(index, &bucket, &key)).await?;
        Ok(object.is_some_and(|object| acl::is_public(&object.description.grants)))
    }

    async fn strike(&self, operation: &str, key: Option<&str>, trace: &SharedTrace) -> S3Result {
        let hang_up = || trace.lock().unwrap_or_else(PoisonError::into_inner).hang_up = true;
        match self.faults.strike(operation, key) {
            None => Ok(()),
            Some(Effect::Answer { status, code, message }) => Err(answer(status, &code, message)),
            Some(Effect::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Some(Effect::HangUpBefore) => {
                hang_up();
                Err(S3Error::new(S3ErrorCode::ServiceUnavailable))
            }
            Some(Effect::HangUpAfter) => {
                hang_up();
                Ok(())
            }
        }
    }
}

/// Buckets as subdomains: `bucket.localhost`, `bucket.s3.localhost`, `bucket.127.0.0.1`.
pub(super) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = without_port(host);
        let bucket =
            [".s3.localhost", ".localhost", ".127.0.0.1"].iter().find_map(|end| name.strip_suffix(end));
        Ok(match bucket.filter(|_| name != "s3.localhost") {
            Some(bucket) => VirtualHost::new(host).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

/// Whether a `Host` is this machine under a name that no other site's name server can point here.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    matches!(name, "localhost" | "127.0.0.1") || name.ends_with(".localhost") || name.ends_with(".127.0.0.1")
}

/// Whether a `Host` is this machine itself, and no bucket on it.
pub(super) fn is_this_machine(host: &str) -> bool {
    matches!(without_port(host), "localhost" | "127.0.0.1")
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_subdomains_of_this_machine() {
        let bucket = |host: &'static str| Hosts.parse_host_header(host).unwrap().bucket().map(str::to_owned);
        assert_eq!(bucket("acme.localhost:9000"), Some("acme".to_owned()));
        assert_eq!(bucket("acme.s3.localhost"), Some("acme".to_owned()));
        assert_eq!(bucket("assets.acme.com.localhost:1"), Some("assets.acme.com".to_owned()));
        assert_eq!(bucket("acme.127.0.0.1:9000"), Some("acme".to_owned()));
        assert_eq!(bucket("localhost:9000"), None);
        assert_eq!(bucket("s3.localhost:9000"), None);
        assert_eq!(bucket("example.com"), None);
    }

    #[test]
    fn a_foreign_name_is_not_this_machine() {
        assert!(is_loopback("127.0.0.1:9000"));
        assert!(is_loopback("acme.localhost:9000"));
        assert!(!is_loopback("evil.example:9000"));
        assert!(!is_loopback("127.0.0.1.evil.example"));
    }
}
