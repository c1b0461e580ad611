//! The names of the parameters: boto3's, and the HTTP headers that carry them.

use std::fmt;

/// One argument of `PutObject` as boto3's uploads name it, `Metadata` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are S3's own and stand in its API reference")]
pub enum Parameter {
    Acl,
    BucketKeyEnabled,
    CacheControl,
    ContentDisposition,
    ContentEncoding,
    ContentLanguage,
    ContentType,
    ExpectedBucketOwner,
    Expires,
    GrantFullControl,
    GrantRead,
    GrantReadAcp,
    GrantWriteAcp,
    ObjectLockLegalHoldStatus,
    ObjectLockMode,
    ObjectLockRetainUntilDate,
    RequestPayer,
    ServerSideEncryption,
    SseCustomerAlgorithm,
    SseCustomerKey,
    SseCustomerKeyMd5,
    SseKmsEncryptionContext,
    SseKmsKeyId,
    StorageClass,
    Tagging,
    WebsiteRedirectLocation,
}

/// Each parameter with boto3's name and its header, in the order of the enum.
const NAMES: [(Parameter, &str, &str); 26] = [
    (Parameter::Acl, "ACL", "x-amz-acl"),
    (Parameter::BucketKeyEnabled, "BucketKeyEnabled", "x-amz-server-side-encryption-bucket-key-enabled"),
    (Parameter::CacheControl, "CacheControl", "Cache-Control"),
    (Parameter::ContentDisposition, "ContentDisposition", "Content-Disposition"),
    (Parameter::ContentEncoding, "ContentEncoding", "Content-Encoding"),
    (Parameter::ContentLanguage, "ContentLanguage", "Content-Language"),
    (Parameter::ContentType, "ContentType", "Content-Type"),
    (Parameter::ExpectedBucketOwner, "ExpectedBucketOwner", "x-amz-expected-bucket-owner"),
    (Parameter::Expires, "Expires", "Expires"),
    (Parameter::GrantFullControl, "GrantFullControl", "x-amz-grant-full-control"),
    (Parameter::GrantRead, "GrantRead", "x-amz-grant-read"),
    (Parameter::GrantReadAcp, "GrantReadACP", "x-amz-grant-read-acp"),
    (Parameter::GrantWriteAcp, "GrantWriteACP", "x-amz-grant-write-acp"),
    (Parameter::ObjectLockLegalHoldStatus, "ObjectLockLegalHoldStatus", "x-amz-object-lock-legal-hold"),
    (Parameter::ObjectLockMode, "ObjectLockMode", "x-amz-object-lock-mode"),
    (
        Parameter::ObjectLockRetainUntilDate,
        "ObjectLockRetainUntilDate",
        "x-amz-object-lock-retain-until-date",
    ),
    (Parameter::RequestPayer, "RequestPayer", "x-amz-request-payer"),
    (Parameter::ServerSideEncryption, "ServerSideEncryption", "x-amz-server-side-encryption"),
    (
        Parameter::SseCustomerAlgorithm,
        "SSECustomerAlgorithm",
        "x-amz-server-side-encryption-customer-algorithm",
    ),
    (Parameter::SseCustomerKey, "SSECustomerKey", "x-amz-server-side-encryption-customer-key"),
    (Parameter::SseCustomerKeyMd5, "SSECustomerKeyMD5", "x-amz-server-side-encryption-customer-key-MD5"),
    (Parameter::SseKmsEncryptionContext, "SSEKMSEncryptionContext", "x-amz-server-side-encryption-context"),
    (Parameter::SseKmsKeyId, "SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    (Parameter::StorageClass, "StorageClass", "x-amz-storage-class"),
    (Parameter::Tagging, "Tagging", "x-amz-tagging"),
    (Parameter::WebsiteRedirectLocation, "WebsiteRedirectLocation", "x-amz-website-redirect-location"),
];

impl Parameter {
    /// All of them, sorted by boto3's names.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(parameter, _, _)| *parameter)
    }

    /// The parameter of boto3's name, which is spelled exactly.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known, _)| *known == name).map(|(parameter, _, _)| *parameter)
    }

    /// boto3's name: `CacheControl`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The HTTP header that carries it: `Cache-Control`.
    #[must_use]
    pub fn header(self) -> &'static str {
        NAMES[self as usize].2
    }

    /// Whether its value may never be shown.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::SseCustomerKey | Self::SseKmsEncryptionContext)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_stands_at_its_place_in_the_table() {
        for (index, (parameter, name, _)) in NAMES.iter().enumerate() {
            assert_eq!(*parameter as usize, index, "{name}");
            assert_eq!(Parameter::from_name(name), Some(*parameter));
            let spelled = format!("{parameter:?}").to_lowercase();
            assert_eq!(spelled, name.to_lowercase());
        }
        assert!(NAMES.is_sorted_by_key(|(_, name, _)| name.to_lowercase()));
    }
}
