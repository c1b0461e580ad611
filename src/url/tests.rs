//! What holds for every name; what single ones become is compared with django-storages in `tests/integration`.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;
use crate::manifest::Manifest;
use crate::settings::Secret;

fn settings() -> UrlSettings {
    UrlSettings {
        querystring_auth: true,
        querystring_expire: 3600,
        custom_domain: None,
        url_protocol: "https:".to_owned(),
        signature_version: SignatureVersion::V4,
        cloudfront: None,
    }
}

fn keys(expires_at: Option<&str>) -> SigningKeys {
    SigningKeys {
        access_key: "AK".to_owned(),
        secret_key: Secret::new("SK"),
        token: None,
        expires_at: expires_at.and_then(Instant::parse),
    }
}

fn in_bucket<'a>(settings: &'a UrlSettings, location: &'a Location, keys: Option<SigningKeys>) -> Urls<'a> {
    let (style, use_ssl) = (AddressingStyle::Path, true);
    let place = BucketPlace { bucket: "acme", region: "eu-west-1", endpoint: None, style, use_ssl, keys };
    Urls::in_bucket(settings, location, place).unwrap_or_else(|error| panic!("{error}"))
}

fn request() -> UrlRequest {
    UrlRequest::at(Instant::parse("2026-03-04T05:06:07Z").expect("a time"))
}

/// The path of a URL that stands behind a prefix, decoded.
fn path(url: &str, prefix: &str) -> String {
    let path = url.strip_prefix(prefix).expect("the prefix").split('?').next().unwrap_or_default();
    percent_decode_str(path).decode_utf8().expect("UTF-8").into_owned()
}

#[test]
fn a_url_ends_with_the_keys_that_signed_it() {
    let (settings, location) = (settings(), Location::default());
    let ends =
        |end| in_bucket(&settings, &location, Some(keys(end))).url("a", &request()).map(|url| url.expires_at);
    for (keys_end, url_ends) in [
        (None, "2026-03-04T06:06:07Z"),
        (Some("2026-03-04T05:30:00Z"), "2026-03-04T05:30:00Z"),
        (Some("2026-03-05T05:30:00Z"), "2026-03-04T06:06:07Z"),
    ] {
        assert_eq!(ends(keys_end).expect("a URL"), Instant::parse(url_ends));
    }
}

proptest! {
    /// Whatever the name, its URL leads to its key, signed or not, and names with a URL of their own differ.
    #[test]
    fn every_url_leads_to_its_key(name in "\\PC{1,12}", location in "[a-zé ]{0,4}", signed: bool) {
        let (settings, location) = (settings(), Location::new(&location).expect("a location"));
        let urls = in_bucket(&settings, &location, signed.then(|| keys(None)));
        let domain = Urls::at_domain(&settings, &location, "cdn", None).expect("URLs");
        match location.storage_key(&name) {
            Ok(key) if !key.is_empty() => {
                let url = urls.url(&name, &request()).expect("a URL").url;
                prop_assert_eq!(path(&url, "https://s3.eu-west-1.amazonaws.com/acme/"), key.clone());
                let url = domain.url(&name, &request()).expect("a URL").url;
                prop_assert_eq!(path(&url, "https://cdn/"), key);
            }
            _ => prop_assert!(urls.url(&name, &request()).is_err()),
        }
    }

    /// No argument gets into the query of another.
    #[test]
    fn arguments_stay_apart(value in "\\PC{0,12}") {
        let (settings, location) = (settings(), Location::default());
        let urls = in_bucket(&settings, &location, Some(keys(None)));
        let parameters = vec![("VersionId".to_owned(), value.clone())];
        let url = urls.url("a", &UrlRequest { parameters, ..request() }).expect("a URL").url;
        let pairs: Vec<&str> = url.split_once('?').expect("a query").1.split('&').collect();
        prop_assert_eq!(pairs.len(), 7);
        let found = percent_decode_str(pairs[0].strip_prefix("versionId=").expect("the first"));
        prop_assert_eq!(found.decode_utf8().expect("UTF-8"), value);
    }

    /// Names from templates make nothing fall, and what a manifest has of them is found.
    #[test]
    fn any_name_is_looked_up(name in "[a/.?#%: \\[é]{0,8}", stored in "[a/.?#%: é]{0,8}") {
        if let Ok(asked) = Asked::new(&name) {
            let key = asked.key().unwrap_or_default().to_owned();
            let manifest = Manifest::new(BTreeMap::from([(key, stored.clone())]));
            if asked.key().is_some() {
                prop_assert_eq!(asked.stored(&manifest).ok(), Some(stored.as_str()));
            }
            drop(asked.finish(format!("https://cdn/{}", asked.with(&stored)), false));
            prop_assert!(asked.key().is_none() || asked.stored(&Manifest::default()).is_err());
        }
    }
}
