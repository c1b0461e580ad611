//! One true thing to do about each error.

use super::{Operation, StoreError, StoreErrorKind};

/// The hint for an error; none where there is nothing to do but to try again later.
pub(super) fn hint(error: &StoreError) -> Option<String> {
    let bucket = &error.target.bucket;
    Some(match &error.kind {
        StoreErrorKind::NoSuchBucket { .. } => {
            format!("create the bucket, or correct `bucket_name = \"{bucket}\"` or `endpoint_url`")
        }
        StoreErrorKind::AccessDenied { permissions } => return Some(denied(error, permissions)),
        StoreErrorKind::BadCredentials { code } => return Some(bad_credentials(code)),
        StoreErrorKind::ExpiredCredentials => {
            "get new temporary credentials; with SSO that is `aws sso login`".to_owned()
        }
        StoreErrorKind::NoCredentials { looked_in } if looked_in.len() == 1 => {
            "give the profile keys or a role, or name another with `--profile`".to_owned()
        }
        StoreErrorKind::NoCredentials { .. } => {
            "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or name a profile with `--profile`".to_owned()
        }
        StoreErrorKind::CredentialsNotLoaded => {
            "`aws sts get-caller-identity` uses the same files and roles; with SSO run `aws sso login`".to_owned()
        }
        StoreErrorKind::WrongRegion { actual: Some(actual), .. } => {
            format!("set `region_name = \"{actual}\"`, or pass `--region {actual}`")
        }
        StoreErrorKind::WrongRegion { actual: None, .. } => {
            format!("`aws s3api head-bucket --bucket {bucket}` tells the region; set it as `region_name`")
        }
        StoreErrorKind::SignatureNotSupported => {
            "set `signature_version = \"s3v4\"`: buckets that AWS made after June 2020 take nothing else".to_owned()
        }
        StoreErrorKind::AclNotSupported => {
            "the bucket forbids ACLs: remove `default_acl`, and `ACL` from `object_parameters`".to_owned()
        }
        StoreErrorKind::ClockSkew => "set this machine's clock".to_owned(),
        StoreErrorKind::StorageFull => "make room where the bucket is kept, then push again".to_owned(),
        StoreErrorKind::Tls { .. } => {
            "the certificate must be valid for that host and signed by an authority that this machine trusts, or one in \
             the PEM file that `verify` names"
                .to_owned()
        }
        StoreErrorKind::NoTls { endpoint } => {
            let plain = endpoint.replacen("https://", "http://", 1);
            format!("correct the port, or write `endpoint_url = \"{plain}\"` if that is meant")
        }
        StoreErrorKind::NotS3 { .. } => {
            "`endpoint_url` must be the S3 API's address, which often is not that of the service's web console"
                .to_owned()
        }
        _ => return network_or_body(error),
    })
}

/// The rest: what the network, the file or the request itself is to blame for.
fn network_or_body(error: &StoreError) -> Option<String> {
    Some(match &error.kind {
        StoreErrorKind::PreconditionFailed => {
            "somebody else wrote it meanwhile; run again to compare with what is there now".to_owned()
        }
        StoreErrorKind::Unreachable { endpoint } if endpoint.contains(".amazonaws.com") => {
            "check `region_name` and the network; a proxy is taken from `HTTPS_PROXY`".to_owned()
        }
        StoreErrorKind::Proxy { .. } => {
            "check `proxies`, or where that is not set `HTTPS_PROXY` and `HTTP_PROXY` in the environment"
                .to_owned()
        }
        StoreErrorKind::ProxyAuthentication { .. } => {
            "write them into the proxy's URL, `http://USER:PASSWORD@HOST:PORT`, `%40` for an `@` in them"
                .to_owned()
        }
        StoreErrorKind::BadCertificates { .. } => {
            "`verify` takes `true`, `false` or a PEM file with the authorities that are to be trusted"
                .to_owned()
        }
        StoreErrorKind::Unreachable { .. } => "check `endpoint_url`, and that the service runs".to_owned(),
        StoreErrorKind::SlowDown => "lower `concurrency`, or run again later".to_owned(),
        StoreErrorKind::BodyUnreadable => {
            "the file must stay readable until the push is over; run again".to_owned()
        }
        StoreErrorKind::BodyChanged => "run again once nothing writes to the file any more".to_owned(),
        StoreErrorKind::Unsendable => {
            "a header value must be visible ASCII on one line; see `object_parameters`".to_owned()
        }
        StoreErrorKind::BadEndpoint { .. } => {
            "write scheme and host, as in `endpoint_url = \"https://s3.example.com\"`".to_owned()
        }
        StoreErrorKind::Refused { code, .. } => return refused(code).map(str::to_owned),
        _ => return None,
    })
}

/// What a policy must allow. Where S3 names the action that was missing, that one.
fn denied(error: &StoreError, permissions: &[&'static str]) -> String {
    let bucket = &error.target.bucket;
    let resource = if error.operation.is_about_the_bucket() { arn(bucket, "") } else { arn(bucket, "/*") };
    let said = error.cause.as_ref().map(ToString::to_string).unwrap_or_default();
    if said.contains("explicit deny") {
        return format!("a policy denies it expressly; allowing it elsewhere does not help on `{resource}`");
    }
    let needs = permissions
        .iter()
        .find(|permission| named(&said, permission))
        .map_or_else(|| all(permissions), |permission| format!("`{permission}`"));
    match error.operation {
        Operation::HeadObject | Operation::GetObject => format!(
            "it needs {needs} on `{resource}`; without `s3:ListBucket` S3 answers 403 where there is no object"
        ),
        _ if needs.contains("s3:PutObjectAcl") => {
            format!(
                "it needs {needs} on `{resource}` because an ACL was sent; most buckets need no `default_acl`"
            )
        }
        _ => format!("it needs {needs} on `{resource}`"),
    }
}

/// The resource of a policy; an access point's ARN has its objects below `/object`.
fn arn(bucket: &str, objects: &str) -> String {
    match bucket.strip_prefix("arn:") {
        Some(_) if objects.is_empty() => bucket.to_owned(),
        Some(_) => format!("{bucket}/object{objects}"),
        None => format!("arn:aws:s3:::{bucket}{objects}"),
    }
}

/// Whether S3's sentence ends an action with this name, so that `s3:PutObject` is not found in `s3:PutObjectAcl`.
fn named(said: &str, permission: &str) -> bool {
    said.match_indices(permission).any(|(start, found)| {
        !said[start + found.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
    })
}

/// "`a`, `b` and `c`".
fn all(permissions: &[&'static str]) -> String {
    let quoted: Vec<String> = permissions.iter().map(|permission| format!("`{permission}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

fn bad_credentials(code: &str) -> String {
    match code {
        "SignatureDoesNotMatch" => {
            "the secret key does not belong to the access key; check `AWS_SECRET_ACCESS_KEY` for a lost character"
        }
        "InvalidToken" => "the session token does not belong to these keys; set or unset `AWS_SESSION_TOKEN`",
        _ => "the service does not know the access key; check `AWS_ACCESS_KEY_ID` and `endpoint_url`",
    }
    .to_owned()
}

fn refused(code: &str) -> Option<&'static str> {
    Some(match code {
        "NotImplemented" => {
            "the service lacks what the request asks for; leave ACL, tags and storage class out of `object_parameters`"
        }
        "InvalidBucketName" => "correct `bucket_name`",
        "InvalidStorageClass" => "correct `StorageClass` in `object_parameters`",
        "KMS.NotFoundException" | "KMS.DisabledException" => "correct `SSEKMSKeyId` in `object_parameters`",
        "EntityTooLarge" | "MetadataTooLarge" | "RequestHeaderSectionTooLarge" => "make it smaller",
        _ => return None,
    })
}
