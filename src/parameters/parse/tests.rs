use serde_json::json;

use super::*;
use crate::error::Diagnose;

fn parse(value: Value) -> Result<ObjectParameters, Vec<ParameterError>> {
    match value {
        Value::Object(map) => ObjectParameters::parse(&map),
        other => panic!("no dictionary: {other}"),
    }
}

fn messages(value: Value) -> Vec<String> {
    parse(value).expect_err("an error").iter().map(ToString::to_string).collect()
}

#[test]
fn every_upload_argument_of_boto3_is_known() {
    let arguments = "ACL CacheControl ContentDisposition ContentEncoding ContentLanguage ContentType \
        ExpectedBucketOwner GrantFullControl GrantRead GrantReadACP GrantWriteACP ObjectLockLegalHoldStatus \
        ObjectLockMode RequestPayer ServerSideEncryption StorageClass SSECustomerAlgorithm SSECustomerKeyMD5 \
        SSEKMSKeyId SSEKMSEncryptionContext WebsiteRedirectLocation";
    for name in arguments.split_whitespace() {
        let parameters = parse(json!({ name: "x" })).expect(name);
        assert_eq!(
            parameters.iter().map(|(known, text)| (known.name(), text)).collect::<Vec<_>>(),
            [(name, "x")]
        );
    }
}

#[test]
fn values_become_header_texts() {
    let parameters = parse(json!({
        "BucketKeyEnabled": true,
        "Expires": "2030-01-31T00:00:00Z",
        "ObjectLockRetainUntilDate": 1_896_048_000,
        "Tagging": {"team": "web & co", "é": ""},
        "Metadata": {"Built-By": "ci"},
        "ContentEncoding": "",
    }))
    .expect("valid parameters");
    assert_eq!(
        parameters
            .iter()
            .map(|(parameter, text)| format!("{}: {text}", parameter.header()))
            .collect::<Vec<_>>(),
        [
            "x-amz-server-side-encryption-bucket-key-enabled: true",
            "Content-Encoding: ",
            "Expires: Thu, 31 Jan 2030 00:00:00 GMT",
            "x-amz-object-lock-retain-until-date: 2030-01-31T00:00:00Z",
            "x-amz-tagging: team=web%20%26%20co&%C3%A9=",
        ]
    );
    assert_eq!(parameters.metadata().get("Built-By").map(String::as_str), Some("ci"));
}

#[test]
fn a_customer_key_is_sent_in_base64_with_its_md5() {
    let raw = "0123456789abcdef0123456789abcdef";
    for given in [raw.to_owned(), BASE64.encode(raw)] {
        let parameters = parse(json!({ "SSECustomerKey": given })).expect("a key");
        assert_eq!(
            parameters.get(Parameter::SseCustomerKey),
            Some("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
        );
        assert_eq!(parameters.get(Parameter::SseCustomerKeyMd5), Some("hRasmdxgYDKV3nvbahU1MA=="));
    }
    assert_eq!(messages(json!({"SSECustomerKey": "short"})), ["`SSECustomerKey` is not 32 bytes long"]);
}

#[test]
fn all_that_is_wrong_is_said() {
    assert_eq!(
        messages(json!({
            "BucketKeyEnabled": "yes",
            "CacheControl": "no-cache\r\nX-Evil: 1",
            "ContentType": 5,
            "Expires": "soon",
            "ObjectLockRetainUntilDate": null,
            "Body": "x",
        })),
        [
            "`Body` is no object parameter",
            "`BucketKeyEnabled` must be true or false, not text",
            "`CacheControl` holds a control character, and a header cannot",
            "`ContentType` must be text, not a number",
            "`Expires` is no date: `soon`",
            "`ObjectLockRetainUntilDate` must be a date, not nothing",
        ]
    );
}

#[test]
fn an_unknown_name_is_met_with_the_nearest() {
    for (given, nearest) in [
        ("cache-control", "CacheControl"),
        ("cachecontrol", "CacheControl"),
        ("CacheContrl", "CacheControl"),
        ("content_type", "ContentType"),
        ("acl", "ACL"),
        ("metadata", "Metadata"),
        ("SSEKMSKeyID", "SSEKMSKeyId"),
    ] {
        let errors = parse(json!({ given: "x" })).expect_err(given);
        assert_eq!(errors[0].hint(), Some(format!("the nearest name is `{nearest}`")));
    }
    let errors = parse(json!({ "Frobnicate": "x" })).expect_err("unknown");
    assert_eq!(
        errors[0].hint().as_deref(),
        Some("the names are those of boto3's uploads, such as `CacheControl`")
    );
}

#[test]
fn checksums_are_a_setting_of_their_own() {
    assert_eq!(
        messages(json!({"ChecksumAlgorithm": "SHA256", "ChecksumCRC32": "AAAAAA==", "MpuObjectSize": 3})),
        [
            "`ChecksumAlgorithm` is the setting `checksum` here",
            "`ChecksumCRC32` belongs to one body and makes no sense for all objects",
            "`MpuObjectSize` belongs to one body and makes no sense for all objects",
        ]
    );
}

#[test]
fn metadata_is_what_a_header_can_carry() {
    let error = |entries: Value| messages(json!({ "Metadata": entries })).remove(0);
    assert_eq!(error(json!("x")), "`Metadata` must be a dictionary, not text");
    assert_eq!(error(json!({"a": 1})), "`a` must be text, not a number");
    assert_eq!(error(json!({"a b": "x"})), "`a b` is no name for an entry of `Metadata`");
    assert_eq!(error(json!({"a": "é"})), "`a` in `Metadata` is not ASCII");
    assert_eq!(error(json!({"a": "x\ny"})), "`a` holds a control character, and a header cannot");
    assert_eq!(
        error(json!({"A": "1", "a": "2"})),
        "`Metadata` holds `a` twice: case does not tell headers apart"
    );
    assert!(parse(json!({"Metadata": {"abcd": "x".repeat(2044)}})).is_ok());
    assert_eq!(
        error(json!({"abcd": "x".repeat(2045)})),
        "`Metadata` is 2049 bytes long, and S3 takes at most 2,048"
    );
}

#[test]
fn tags_are_what_an_object_can_have() {
    let error = |tags: Value| messages(json!({ "Tagging": tags })).remove(0);
    assert!(parse(json!({"Tagging": "a=1&b=two+words&c"})).is_ok());
    assert!(parse(json!({"Tagging": ""})).is_ok());
    assert_eq!(error(json!("a=b c")), "`Tagging` holds `a=b c`, which is not percent-encoded");
    assert_eq!(error(json!("=1")), "`Tagging` holds `=1`, which has no key");
    assert_eq!(error(json!("a=1&a=2")), "`Tagging` holds `a=2`, whose key is there already");
    assert_eq!(error(json!("a=%FF")), "`Tagging` holds `a=%FF`, which is not UTF-8");
    assert_eq!(error(json!({"a": 1})), "`Tagging` holds `a`, whose value is no text");
    let eleven = (0..11).map(|number| format!("k{number}=v")).collect::<Vec<_>>().join("&");
    assert_eq!(error(json!(eleven)), "`Tagging` holds 11 tags, and S3 takes at most 10");
    assert!(parse(json!({"Tagging": {"k".repeat(128): "é".repeat(256)}})).is_ok());
    assert!(error(json!({"k".repeat(129): ""})).ends_with("whose key is longer than 128 characters"));
    assert!(error(json!({"k": "v".repeat(257)})).ends_with("whose value is longer than 256 characters"));
}
