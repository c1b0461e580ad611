//! Policies as AWS documents them, and signatures as other implementations check them.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use proptest::prelude::*;
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::*;

const URL: &str = "https://cdn.example.com/a%20b.css";
const RSA: &str = include_str!("../../../fixtures/cloudfront/rsa_pkcs1.pem");
const RSA_8: &str = include_str!("../../../fixtures/cloudfront/rsa_pkcs8.pem");
const RSA_PUBLIC: &str = include_str!("../../../fixtures/cloudfront/rsa_public.pem");
const CURVE: &str = include_str!("../../../fixtures/cloudfront/ec_sec1.pem");
const CURVE_8: &str = include_str!("../../../fixtures/cloudfront/ec_pkcs8.pem");
const CURVE_PUBLIC: &str = include_str!("../../../fixtures/cloudfront/ec_public.pem");

fn ends() -> Instant {
    Instant::parse("2026-03-04T06:06:07Z").expect("a time")
}

fn signer(pem: &str, hash: CloudFrontHash) -> CloudFront {
    CloudFront::new("K2JCJMDEHXQW5F", pem, "`cloudfront_key`", hash).unwrap_or_else(|error| panic!("{error}"))
}

fn terms() -> PolicyTerms {
    PolicyTerms {
        not_before: Instant::parse("2026-03-04T05:06:07Z"),
        ip_address: Some("192.0.2.0/24".to_owned()),
        resource: Some("https://cdn.example.com/*".to_owned()),
    }
}

fn text(terms: &PolicyTerms) -> String {
    policy(URL, terms, ends()).unwrap_or_else(|error| panic!("{error}")).text
}

/// As botocore's `CloudFrontSigner.build_policy` has it.
#[test]
fn policies_are_botocore_s() {
    assert_eq!(
        text(&PolicyTerms::default()),
        r#"{"Statement":[{"Resource":"https://cdn.example.com/a%20b.css","Condition":{"DateLessThan":{"AWS:EpochTime":1772604367}}}]}"#
    );
    assert_eq!(
        text(&terms()),
        r#"{"Statement":[{"Resource":"https://cdn.example.com/*","Condition":{"DateLessThan":{"AWS:EpochTime":1772604367},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"},"DateGreaterThan":{"AWS:EpochTime":1772600767}}}]}"#
    );
    let alone = PolicyTerms { ip_address: Some("192.0.2.7".to_owned()), ..PolicyTerms::default() };
    assert!(text(&alone).contains(r#""192.0.2.7/32""#));
    for odd in ["192.0.2", "192.0.2.0/33", "::1", "192.0.2.0/", ""] {
        let odd = PolicyTerms { ip_address: Some(odd.to_owned()), ..PolicyTerms::default() };
        assert!(matches!(policy(URL, &odd, ends()), Err(UrlError::IpAddress { .. })), "{odd:?}");
    }
}

/// Undoes [`base64`].
fn plain(text: &str) -> Vec<u8> {
    STANDARD.decode(text.replace('-', "+").replace('_', "=").replace('~', "/")).expect("base64")
}

fn der(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).expect("base64")
}

fn digest(message: &str, hash: CloudFrontHash) -> (Vec<u8>, &'static [u8]) {
    match hash {
        CloudFrontHash::Sha1 => (Sha1::digest(message).to_vec(), &key::SHA1_INFO),
        CloudFrontHash::Sha256 => (Sha256::digest(message).to_vec(), &key::SHA256_INFO),
    }
}

/// Whether the signature in some pairs is one of the policy, by the public half of either key.
fn is_valid(pairs: &[(&'static str, String)], message: &str, hash: CloudFrontHash, rsa: bool) -> bool {
    let signature = plain(&pairs.iter().find(|(name, _)| *name == "Signature").expect("a signature").1);
    let (digest, prefix) = digest(message, hash);
    if rsa {
        let public = RsaPublicKey::from_public_key_der(&der(RSA_PUBLIC)).expect("a key");
        let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
        return public.verify(scheme, &digest, &signature).is_ok();
    }
    let public = p256::ecdsa::VerifyingKey::from_public_key_der(&der(CURVE_PUBLIC)).expect("a key");
    let signature = p256::ecdsa::DerSignature::try_from(signature.as_slice()).expect("DER");
    public.verify_prehash(&digest, &signature).is_ok()
}

#[test]
fn signatures_verify_with_the_public_key() {
    for hash in [CloudFrontHash::Sha1, CloudFrontHash::Sha256] {
        for (pem, rsa) in [(RSA, true), (RSA_8, true), (CURVE, false), (CURVE_8, false)] {
            for terms in [PolicyTerms::default(), terms()] {
                let pairs = signer(pem, hash).pairs(&policy(URL, &terms, ends()).expect("a policy"));
                let message = text(&terms);
                assert!(is_valid(&pairs, &message, hash, rsa));
                assert!(!is_valid(&pairs, &message.replace('7', "8"), hash, rsa));
                if let Some((_, encoded)) = pairs.iter().find(|(name, _)| *name == "Policy") {
                    assert_eq!(plain(encoded), message.into_bytes());
                }
            }
        }
    }
}

#[test]
fn the_hash_is_named_where_it_is_not_the_usual_one() {
    let parts = |hash, terms: &PolicyTerms| {
        let cookies = signer(CURVE, hash).cookies(URL, terms, ends()).expect("cookies");
        let names: Vec<String> =
            cookies.split("; ").map(|part| part.split('=').next().unwrap_or_default().to_owned()).collect();
        names.join(" ")
    };
    assert_eq!(
        parts(CloudFrontHash::Sha1, &PolicyTerms::default()),
        "CloudFront-Expires CloudFront-Signature CloudFront-Key-Pair-Id"
    );
    assert_eq!(
        parts(CloudFrontHash::Sha256, &terms()),
        "CloudFront-Policy CloudFront-Signature CloudFront-Key-Pair-Id CloudFront-Hash-Algorithm"
    );
    let url =
        signer(CURVE, CloudFrontHash::Sha256).url(&format!("{URL}?v=1"), &PolicyTerms::default(), ends());
    let url = url.expect("a URL");
    assert!(url.starts_with("https://cdn.example.com/a%20b.css?v=1&Expires=1772604367&Signature="), "{url}");
    assert!(url.ends_with("&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256"), "{url}");
}

#[test]
fn what_is_no_private_key_is_told() {
    let reason = |pem: &str| match CloudFront::new("K", pem, "`cloudfront_key`", CloudFrontHash::Sha1) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it is taken"),
    };
    let told = |reason: &str| format!("`cloudfront_key` holds no private key in PEM: {reason}");
    let block = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
    assert_eq!(reason("secret"), told("there is no `-----BEGIN … PRIVATE KEY-----`"));
    assert_eq!(reason(RSA_PUBLIC), told("it is a public key"));
    assert_eq!(reason(&block("CERTIFICATE", "AAAA")), told("it is a certificate"));
    assert_eq!(reason(&block("ENCRYPTED PRIVATE KEY", "AAAA")), told("it is encrypted"));
    assert_eq!(reason(&block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA")), told("it is encrypted"));
    assert_eq!(reason(&block("RSA PRIVATE KEY", "AAAA")), told("it is damaged"));
    assert_eq!(reason(&block("RSA PRIVATE KEY", "?")), told("its text is not base64"));
    assert_eq!(reason(&block("PRIVATE KEY", "AAAA")), told("it is neither RSA nor a key of the curve P-256"));
    assert_eq!(reason("-----BEGIN "), told("it is ``"));
}

/// As it comes out of a variable that kept no lines, and as `openssl ecparam -genkey` writes it.
#[test]
fn keys_are_found_in_any_lines() {
    let flat = RSA.replace('\n', " ");
    assert_eq!(
        signer(&flat, CloudFrontHash::Sha1).url(URL, &PolicyTerms::default(), ends()).ok(),
        signer(RSA_8, CloudFrontHash::Sha1).url(URL, &PolicyTerms::default(), ends()).ok()
    );
    let with_parameters =
        format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{CURVE}");
    signer(&with_parameters, CloudFrontHash::Sha1);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_of_keys_fall(text in "(-----BEGIN |-----|RSA PRIVATE KEY|A|\n|=){0,9}") {
        prop_assert!(CloudFront::new("K", &text, "`cloudfront_key`", CloudFrontHash::Sha1).is_err());
    }
}
