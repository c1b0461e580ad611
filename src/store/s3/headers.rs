//! Object parameters as headers, and which of them each operation takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::parameters::{ObjectParameters, Parameter};
use crate::store::Condition;

/// Names and values, in no order that matters.
pub(super) type Headers = Vec<(String, String)>;

/// The header of a parameter.
pub(super) fn header(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::Acl => "x-amz-acl",
        Parameter::BucketKeyEnabled => "x-amz-server-side-encryption-bucket-key-enabled",
        Parameter::CacheControl => "cache-control",
        Parameter::ContentDisposition => "content-disposition",
        Parameter::ContentEncoding => "content-encoding",
        Parameter::ContentLanguage => "content-language",
        Parameter::ContentType => "content-type",
        Parameter::ExpectedBucketOwner => "x-amz-expected-bucket-owner",
        Parameter::Expires => "expires",
        Parameter::GrantFullControl => "x-amz-grant-full-control",
        Parameter::GrantRead => "x-amz-grant-read",
        Parameter::GrantReadAcp => "x-amz-grant-read-acp",
        Parameter::GrantWriteAcp => "x-amz-grant-write-acp",
        Parameter::ObjectLockLegalHoldStatus => "x-amz-object-lock-legal-hold",
        Parameter::ObjectLockMode => "x-amz-object-lock-mode",
        Parameter::ObjectLockRetainUntilDate => "x-amz-object-lock-retain-until-date",
        Parameter::RequestPayer => "x-amz-request-payer",
        Parameter::ServerSideEncryption => "x-amz-server-side-encryption",
        Parameter::SseCustomerAlgorithm => "x-amz-server-side-encryption-customer-algorithm",
        Parameter::SseCustomerKey => "x-amz-server-side-encryption-customer-key",
        Parameter::SseCustomerKeyMd5 => "x-amz-server-side-encryption-customer-key-md5",
        Parameter::SseKmsEncryptionContext => "x-amz-server-side-encryption-context",
        Parameter::SseKmsKeyId => "x-amz-server-side-encryption-aws-kms-key-id",
        Parameter::StorageClass => "x-amz-storage-class",
        Parameter::Tagging => "x-amz-tagging",
        Parameter::WebsiteRedirectLocation => "x-amz-website-redirect-location",
    }
}

/// Everything that is said about an object when it is made.
pub(super) fn of_object(parameters: &ObjectParameters) -> Headers {
    let metadata = parameters
        .metadata()
        .iter()
        .map(|(name, value)| (format!("x-amz-meta-{}", name.to_ascii_lowercase()), value.clone()));
    selected(parameters, |_| true).into_iter().chain(metadata).collect()
}

/// What a request about a body that exists in part or whole needs besides: the customer's key, the payer, the owner.
pub(super) fn of_access(parameters: &ObjectParameters) -> Headers {
    selected(parameters, |parameter| {
        matches!(
            parameter,
            Parameter::SseCustomerAlgorithm
                | Parameter::SseCustomerKey
                | Parameter::SseCustomerKeyMd5
                | Parameter::ExpectedBucketOwner
                | Parameter::RequestPayer
        )
    })
}

/// What every request takes.
pub(super) fn of_bucket(parameters: &ObjectParameters) -> Headers {
    selected(parameters, |parameter| {
        matches!(parameter, Parameter::ExpectedBucketOwner | Parameter::RequestPayer)
    })
}

/// The header of a condition.
pub(super) fn of_condition(condition: Option<&Condition>) -> Option<(String, String)> {
    condition.map(|condition| match condition {
        Condition::Absent => ("if-none-match".to_owned(), "*".to_owned()),
        Condition::Matches(etag) => ("if-match".to_owned(), format!("\"{etag}\"")),
    })
}

fn selected(parameters: &ObjectParameters, wanted: impl Fn(Parameter) -> bool) -> Headers {
    // As boto3: a key without its MD5 is the key itself, with it both are as on the wire.
    let raw_key = parameters.get(Parameter::SseCustomerKeyMd5).is_none();
    let mut headers = Headers::new();
    for (parameter, value) in parameters.iter().filter(|(parameter, _)| wanted(*parameter)) {
        let name = header(parameter).to_owned();
        if parameter == Parameter::SseCustomerKey && raw_key {
            headers.push((name, STANDARD.encode(value)));
            let digest = STANDARD.encode(Md5::digest(value));
            headers.push((header(Parameter::SseCustomerKeyMd5).to_owned(), digest));
        } else {
            headers.push((name, value.to_owned()));
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(Parameter, &str)]) -> ObjectParameters {
        let mut parameters = ObjectParameters::default();
        for (parameter, value) in pairs {
            parameters.set(*parameter, *value);
        }
        parameters
    }

    fn shown(headers: &Headers) -> Vec<String> {
        headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn a_customers_key_is_sent_as_boto3_sends_it() {
        let key = "0123456789abcdef0123456789abcdef";
        let parameters = with(&[
            (Parameter::SseCustomerAlgorithm, "AES256"),
            (Parameter::SseCustomerKey, key),
            (Parameter::Acl, "private"),
        ]);
        assert_eq!(
            shown(&of_access(&parameters)),
            [
                "x-amz-server-side-encryption-customer-algorithm: AES256",
                "x-amz-server-side-encryption-customer-key: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
                "x-amz-server-side-encryption-customer-key-md5: hRasmdxgYDKV3nvbahU1MA==",
            ]
        );
    }

    #[test]
    fn a_key_with_its_md5_goes_as_it_stands() {
        let parameters = with(&[(Parameter::SseCustomerKey, "a2V5"), (Parameter::SseCustomerKeyMd5, "bWQ1")]);
        assert_eq!(
            shown(&of_access(&parameters)),
            [
                "x-amz-server-side-encryption-customer-key: a2V5",
                "x-amz-server-side-encryption-customer-key-md5: bWQ1",
            ]
        );
    }

    #[test]
    fn each_request_takes_what_s3_takes_there() {
        let mut parameters = with(&[
            (Parameter::CacheControl, "no-cache"),
            (Parameter::ExpectedBucketOwner, "123456789012"),
            (Parameter::RequestPayer, "requester"),
            (Parameter::Tagging, "a=b"),
        ]);
        parameters.set_metadata("Build", "7");
        let everywhere = ["x-amz-expected-bucket-owner: 123456789012", "x-amz-request-payer: requester"];
        assert_eq!(shown(&of_bucket(&parameters)), everywhere);
        assert_eq!(shown(&of_access(&parameters)), everywhere);
        assert_eq!(
            shown(&of_object(&parameters)),
            [
                "cache-control: no-cache",
                "x-amz-expected-bucket-owner: 123456789012",
                "x-amz-request-payer: requester",
                "x-amz-tagging: a=b",
                "x-amz-meta-build: 7",
            ]
        );
    }
}
