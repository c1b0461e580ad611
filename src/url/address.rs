//! Where a bucket is, as boto3's presigning has it: host, path and what signatures are for. The rules are those of
//! botocore's endpoint rule set, with the host that all regions share wherever botocore takes it.

use std::net::Ipv4Addr;

use super::error::UrlError;
use crate::settings::AddressingStyle;

/// The region that boto3 signs for when nobody names one.
const DEFAULT_REGION: &str = "us-east-1";

/// The pseudo region of the host that all regions share.
const GLOBAL: &str = "aws-global";

/// What decides on a bucket's address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) bucket: &'a str,
    pub(super) region: &'a str,
    pub(super) endpoint: Option<&'a str>,
    pub(super) style: AddressingStyle,
    pub(super) use_ssl: bool,
}

/// Where a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme, host and port.
    pub(super) origin: String,
    /// What stands before a key, with a slash at its end: the endpoint's own path, and the bucket in path style.
    pub(super) path: String,
    /// The same as Version 2 signs it: the bucket, wherever it stands; nothing for an access point.
    pub(super) resource: String,
    /// What Version 4 signs for.
    pub(super) region: String,
    /// `s3`, unless it is an access point of a service beside it.
    pub(super) service: &'static str,
    /// Whether only SigV4A signs for it: an access point of many regions.
    pub(super) many_regions: bool,
}

/// Beginnings of regions, and the domains of their partitions; all others are AWS's own.
const PARTITIONS: [(&str, &str, &str); 7] = [
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
];

/// Partition and domain of a region.
fn partition(region: &str) -> (&'static str, &'static str) {
    let found = PARTITIONS.iter().find(|(start, ..)| region.starts_with(start));
    found.map_or(("aws", "amazonaws.com"), |(_, partition, domain)| (*partition, *domain))
}

impl Address {
    /// Finds the address.
    ///
    /// # Errors
    /// [`UrlError::AccessPoint`] for one that cannot be reached with these settings.
    pub(super) fn of(wanted: &Wanted<'_>) -> Result<Self, UrlError> {
        if wanted.bucket.starts_with("arn:") { access_point(wanted) } else { Ok(bucket(wanted)) }
    }
}

/// Scheme, host with port, and path with a slash at its end.
fn parts(endpoint: &str) -> (&str, &str, String) {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("https", endpoint));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (scheme, authority, format!("{}/", path.trim_end_matches('/')))
}

fn bucket(wanted: &Wanted<'_>) -> Address {
    let Wanted { bucket, region, endpoint, style, use_ssl } = *wanted;
    let path_style = match endpoint {
        Some(_) => style != AddressingStyle::Virtual,
        None => style == AddressingStyle::Path,
    };
    let shared = partition(region).0 == "aws" && style != AddressingStyle::Virtual;
    let host_region = if shared && !path_style && is_label(bucket) { GLOBAL } else { region };
    let service = aws_host(host_region, use_ssl);
    let (scheme, authority, path) = parts(endpoint.unwrap_or(&service));
    // Where there is no certificate to mind, botocore does not mind a number either.
    let with_dots = endpoint.is_some() && scheme == "http" && bucket.contains('.');
    let in_host = !path_style && can_be_host(bucket, with_dots) && (with_dots || !is_address(authority));
    let (origin, path) = match in_host {
        true => (format!("{scheme}://{bucket}.{authority}"), path),
        false => (format!("{scheme}://{authority}"), format!("{path}{bucket}/")),
    };
    Address {
        origin,
        path,
        resource: format!("/{bucket}/"),
        region: if region == GLOBAL { DEFAULT_REGION } else { region }.to_owned(),
        service: "s3",
        many_regions: false,
    }
}

/// AWS's own host in a region; us-east-1 has the one that all regions share.
fn aws_host(region: &str, use_ssl: bool) -> String {
    let scheme = if use_ssl { "https" } else { "http" };
    match region {
        GLOBAL | DEFAULT_REGION => format!("{scheme}://s3.amazonaws.com"),
        _ => format!("{scheme}://s3.{region}.{}", partition(region).1),
    }
}

/// A label of a host name, in either case.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether a bucket's name can be a subdomain: at least three characters in lower case; `dots` where no certificate minds.
fn can_be_host(bucket: &str, dots: bool) -> bool {
    let plain = |part: &str| is_label(part) && !part.bytes().any(|byte| byte.is_ascii_uppercase());
    let labels = if dots { bucket.split('.').all(plain) } else { plain(bucket) };
    labels && (3..=63).contains(&bucket.len()) && bucket.parse::<Ipv4Addr>().is_err()
}

/// Whether a host with its port is a number, below which there are no names.
fn is_address(authority: &str) -> bool {
    authority.starts_with('[')
        || authority.split(':').next().is_some_and(|host| host.parse::<Ipv4Addr>().is_ok())
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:accesspoint:NAME`, with colons or slashes at the end. Settings have checked its
/// form.
fn access_point(wanted: &Wanted<'_>) -> Result<Address, UrlError> {
    let refused = |reason| UrlError::AccessPoint { arn: wanted.bucket.to_owned(), reason };
    let fields: Vec<&str> = wanted.bucket.splitn(6, ':').collect();
    let [_, arn_partition, service, region, account, resource] = fields[..] else {
        return Err(refused("it is not whole".to_owned()));
    };
    let resource: Vec<&str> = resource.split([':', '/']).collect();
    let name = resource.last().copied().unwrap_or_default();
    let (own, domain) = partition(wanted.region);
    if own != arn_partition {
        return Err(refused(format!(
            "it is of the partition `{arn_partition}`, and `region_name` of `{own}`"
        )));
    }
    if region.is_empty() {
        return many_regions(wanted, name, refused);
    }
    if !is_label(name) {
        return Err(refused(format!("`{name}` is no name of an access point in one region")));
    }
    let (service, host): (&'static str, String) = match (service, resource.as_slice()) {
        ("s3", _) => ("s3", format!("s3-accesspoint.{region}.{domain}")),
        ("s3-object-lambda", _) => ("s3-object-lambda", format!("s3-object-lambda.{region}.{domain}")),
        (_, [_, outpost, ..]) => ("s3-outposts", format!("{outpost}.s3-outposts.{region}.{domain}")),
        _ => return Err(refused("it is not whole".to_owned())),
    };
    let (scheme, host, path) = match (wanted.endpoint.map(parts), resource.as_slice()) {
        (None, _) => (if wanted.use_ssl { "https" } else { "http" }, host, "/".to_owned()),
        (Some((scheme, authority, path)), [_, outpost, ..]) if service == "s3-outposts" => {
            (scheme, format!("{outpost}.{authority}"), path)
        }
        (Some((scheme, authority, path)), _) => (scheme, authority.to_owned(), path),
    };
    Ok(Address {
        origin: format!("{scheme}://{name}-{account}.{host}"),
        path,
        resource: "/".to_owned(),
        region: region.to_owned(),
        service,
        many_regions: false,
    })
}

/// An access point of many regions has a host of its own, and no endpoint but AWS's.
fn many_regions(
    wanted: &Wanted<'_>,
    name: &str,
    refused: impl FnOnce(String) -> UrlError,
) -> Result<Address, UrlError> {
    if wanted.endpoint.is_some() {
        return Err(refused("an access point of many regions is reached at AWS only".to_owned()));
    }
    let scheme = if wanted.use_ssl { "https" } else { "http" };
    Ok(Address {
        origin: format!("{scheme}://{name}.accesspoint.s3-global.{}", partition(wanted.region).1),
        path: "/".to_owned(),
        resource: "/".to_owned(),
        region: wanted.region.to_owned(),
        service: "s3",
        many_regions: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_hosts_stand_in_the_path() {
        for (bucket, in_host, with_dots) in [
            ("acme-assets", true, true),
            ("assets.acme.com", false, true),
            ("Acme", false, false),
            ("a_b_c", false, false),
            ("ab", false, false),
            ("-abc", false, false),
            ("192.168.1.1", false, false),
            ("a..b", false, false),
        ] {
            assert_eq!(
                (can_be_host(bucket, false), can_be_host(bucket, true)),
                (in_host, with_dots),
                "{bucket}"
            );
        }
    }

    #[test]
    fn an_access_point_is_of_its_partition() {
        let wanted = Wanted {
            bucket: "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:my-point",
            region: "eu-west-1",
            endpoint: None,
            style: AddressingStyle::Auto,
            use_ssl: true,
        };
        let origin = |wanted: &Wanted<'_>| Address::of(wanted).map(|address| address.origin).ok();
        assert_eq!(origin(&wanted), None);
        assert_eq!(
            origin(&Wanted { region: "cn-north-1", ..wanted }).as_deref(),
            Some("https://my-point-123456789012.s3-accesspoint.cn-north-1.amazonaws.com.cn")
        );
    }
}
