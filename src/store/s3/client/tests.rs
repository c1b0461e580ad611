//! Where requests go, beside what boto3 1.43 was seen to ask for the same settings.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;

use super::{Connected, connect};
use crate::settings::{AddressingStyle, ClientSettings, ConnectionSettings, CredentialSource, Secret};

const POINT: &str = "arn:aws:s3:eu-west-1:123456789012:accesspoint:my-point";

/// The address of an object `k`, as the SDK makes it out of our settings, and as puts that go past it have it, too.
async fn address(bucket: &str, endpoint: Option<&str>, addressing_style: AddressingStyle) -> String {
    let settings = ConnectionSettings {
        bucket: bucket.to_owned(),
        local: None,
        endpoint_url: endpoint.map(str::to_owned),
        region_name: Some("eu-west-1".to_owned()),
        addressing_style,
        use_ssl: true,
        credentials: CredentialSource::Static {
            access_key: Secret::new("AKIDEXAMPLE"),
            secret_key: Secret::new("verysecret"),
            security_token: None,
        },
        client: ClientSettings { ignore_configured_endpoints: true, ..ClientSettings::default() },
    };
    let Connected { client, place, direct } = connect(&settings).await.expect("a client");
    let config = PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let request =
        client.head_object().bucket(place.bucket).key("k").presigned(config).await.expect("an address");
    let address = request.uri().split('?').next().unwrap_or_default().to_owned();
    assert_eq!(direct.expect("a short way").address("k"), address);
    address
}

#[tokio::test]
async fn addresses_are_those_of_boto3() {
    use AddressingStyle::{Auto, Path, Virtual};
    let (amazon, plain, tls) = (None, Some("http://localhost:9000"), Some("https://s3.example.com/x"));
    for (bucket, endpoint, style, expected) in [
        ("acme-assets", amazon, Auto, "https://acme-assets.s3.eu-west-1.amazonaws.com/k"),
        ("acme-assets", amazon, Virtual, "https://acme-assets.s3.eu-west-1.amazonaws.com/k"),
        ("acme-assets", amazon, Path, "https://s3.eu-west-1.amazonaws.com/acme-assets/k"),
        ("acme-assets", plain, Auto, "http://localhost:9000/acme-assets/k"),
        ("acme-assets", plain, Virtual, "http://acme-assets.localhost:9000/k"),
        ("acme-assets", plain, Path, "http://localhost:9000/acme-assets/k"),
        ("acme-assets", tls, Auto, "https://s3.example.com/x/acme-assets/k"),
        ("acme-assets", tls, Virtual, "https://acme-assets.s3.example.com/x/k"),
        ("assets.acme.com", amazon, Auto, "https://s3.eu-west-1.amazonaws.com/assets.acme.com/k"),
        ("assets.acme.com", amazon, Virtual, "https://s3.eu-west-1.amazonaws.com/assets.acme.com/k"),
        ("assets.acme.com", plain, Auto, "http://localhost:9000/assets.acme.com/k"),
        ("assets.acme.com", plain, Virtual, "http://assets.acme.com.localhost:9000/k"),
        ("assets.acme.com", tls, Virtual, "https://s3.example.com/x/assets.acme.com/k"),
        ("ab", amazon, Auto, "https://s3.eu-west-1.amazonaws.com/ab/k"),
        ("ab", plain, Virtual, "http://localhost:9000/ab/k"),
        ("Acme", amazon, Virtual, "https://s3.eu-west-1.amazonaws.com/Acme/k"),
        ("a_b_c", amazon, Auto, "https://s3.eu-west-1.amazonaws.com/a_b_c/k"),
        ("a_b_c", tls, Virtual, "https://s3.example.com/x/a_b_c/k"),
        (POINT, amazon, Auto, "https://my-point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/k"),
        (POINT, amazon, Path, "https://my-point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/k"),
        (POINT, plain, Auto, "http://my-point-123456789012.localhost:9000/k"),
        (POINT, tls, Path, "https://my-point-123456789012.s3.example.com/x/k"),
    ] {
        assert_eq!(address(bucket, endpoint, style).await, expected, "{bucket} {endpoint:?} {style:?}");
    }
}
