//! Which permissions a request needs, as IAM policies spell them: for hints, and for whoever writes a policy.

use crate::parameters::{ObjectParameters, Parameter};

use super::Operation;

/// Parameters that need more than `s3:PutObject`.
const EXTRA: [(Parameter, &str); 10] = [
    (Parameter::Acl, "s3:PutObjectAcl"),
    (Parameter::GrantFullControl, "s3:PutObjectAcl"),
    (Parameter::GrantRead, "s3:PutObjectAcl"),
    (Parameter::GrantReadAcp, "s3:PutObjectAcl"),
    (Parameter::GrantWriteAcp, "s3:PutObjectAcl"),
    (Parameter::Tagging, "s3:PutObjectTagging"),
    (Parameter::ObjectLockMode, "s3:PutObjectRetention"),
    (Parameter::ObjectLockRetainUntilDate, "s3:PutObjectRetention"),
    (Parameter::ObjectLockLegalHoldStatus, "s3:PutObjectLegalHold"),
    (Parameter::SseKmsKeyId, "kms:GenerateDataKey"),
];

/// The permissions that an operation needs with these parameters: its own first, then one for each kind of
/// parameter that needs more.
#[must_use]
pub fn permissions(operation: Operation, parameters: &ObjectParameters) -> Vec<&'static str> {
    let mut needed = vec![match operation {
        Operation::ListObjectsV2 => "s3:ListBucket",
        Operation::ListObjectVersions => "s3:ListBucketVersions",
        Operation::HeadObject | Operation::GetObject => "s3:GetObject",
        Operation::AbortMultipartUpload => "s3:AbortMultipartUpload",
        Operation::DeleteObject | Operation::DeleteObjects => "s3:DeleteObject",
        Operation::GetBucketCors => "s3:GetBucketCORS",
        Operation::GetBucketLifecycleConfiguration => "s3:GetLifecycleConfiguration",
        Operation::GetBucketOwnershipControls => "s3:GetBucketOwnershipControls",
        Operation::GetBucketVersioning => "s3:GetBucketVersioning",
        Operation::GetPublicAccessBlock => "s3:GetBucketPublicAccessBlock",
        Operation::PutObject
        | Operation::CreateMultipartUpload
        | Operation::UploadPart
        | Operation::CompleteMultipartUpload => "s3:PutObject",
    }];
    if matches!(operation, Operation::PutObject | Operation::CreateMultipartUpload) {
        for (parameter, permission) in EXTRA {
            if parameters.get(parameter).is_some() && !needed.contains(&permission) {
                needed.push(permission);
            }
        }
    }
    needed
}
