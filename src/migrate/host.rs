//! What the name of a host says: the endpoint's URL, and the region.

use std::sync::LazyLock;

use regex::Regex;

/// `s3.REGION.…` and `s3-REGION.…`, as AWS and those who follow it name their hosts.
static REGION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d+)\.").expect("a constant pattern")
});

/// The URL of a host, without the port that its scheme has anyway.
pub(super) fn endpoint_url(host: &str, port: Option<u64>, use_ssl: bool) -> String {
    let (scheme, usual) = if use_ssl { ("https", 443) } else { ("http", 80) };
    let host = host.trim_end_matches('/');
    let base = if host.contains("://") { host.to_owned() } else { format!("{scheme}://{host}") };
    match port {
        Some(port) if port != usual => format!("{base}:{port}"),
        _ => base,
    }
}

/// The region in the name of a host.
pub(super) fn region(host: &str) -> Option<&str> {
    if host == "s3-external-1.amazonaws.com" {
        return Some("us-east-1");
    }
    REGION.captures(host).and_then(|found| found.get(1)).map(|region| region.as_str())
}

/// Whether the host is AWS's, where the region matters.
pub(super) fn is_aws(host: &str) -> bool {
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_their_regions() {
        for (host, expected) in [
            ("s3.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("s3-eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("s3.dualstack.ap-southeast-2.amazonaws.com", Some("ap-southeast-2")),
            ("s3-us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("s3.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("s3-external-1.amazonaws.com", Some("us-east-1")),
            ("s3.us-west-004.backblazeb2.com", Some("us-west-004")),
            ("s3.amazonaws.com", None),
            ("minio.example.com", None),
            ("s3-server.example.com", None),
        ] {
            assert_eq!(region(host), expected, "{host}");
        }
    }

    #[test]
    fn ports_are_told_where_they_are_not_the_usual_ones() {
        assert_eq!(endpoint_url("minio", Some(9000), false), "http://minio:9000");
        assert_eq!(endpoint_url("minio", Some(80), false), "http://minio");
        assert_eq!(endpoint_url("minio", Some(80), true), "https://minio:80");
        assert_eq!(endpoint_url("s3.amazonaws.com", Some(443), true), "https://s3.amazonaws.com");
        assert_eq!(endpoint_url("http://minio/", Some(9000), true), "http://minio:9000");
    }
}
