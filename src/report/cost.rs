//! What requests cost.

use std::collections::BTreeMap;

/// Dollars for a thousand requests: S3 Standard in us-east-1, <https://aws.amazon.com/s3/pricing/>, November 2026. DELETE is
/// free, and so is giving an upload up. CloudFront bills paths, not requests.
const WRITES: f64 = 0.005;
/// The same of GET and HEAD.
const READS: f64 = 0.0004;

/// Dollars that requests cost at the listed prices of S3, by S3's operation names.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a thousandth of a cent is more than is shown")]
pub fn cost(requests: &BTreeMap<&'static str, u64>) -> f64 {
    requests
        .iter()
        .map(|(operation, number)| {
            let thousand = match *operation {
                "GetObject" | "HeadObject" => READS,
                "DeleteObject"
                | "DeleteObjects"
                | "AbortMultipartUpload"
                | "CreateInvalidation"
                | "GetInvalidation" => 0.0,
                _ => WRITES,
            };
            *number as f64 * thousand / 1000.0
        })
        .sum()
}
