//! Policies in full, from settings as a user writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{PolicyError, PolicyVerb, policy};
use crate::settings::{Given, Needs, Settings, load};

fn settings(sets: &[&str]) -> Settings {
    let sets: Vec<String> =
        [&["bucket_name=acme"], sets].concat().iter().map(|set| (*set).to_owned()).collect();
    let environment = BTreeMap::new();
    let given = Given { sets: &sets, ..Given::new(&environment, Path::new("/nowhere")) };
    load(given, Needs { bucket: false, sources: false }).expect("fine settings").settings
}

fn statements(sets: &[&str], verbs: &[PolicyVerb]) -> Value {
    let policy = policy(&settings(sets), &verbs.iter().copied().collect()).expect("a policy");
    let mut document = serde_json::to_value(policy).expect("JSON");
    assert_eq!(document["Version"], "2012-10-17");
    document["Statement"].take()
}

fn allow(actions: &[&str], resources: &[&str]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn allow_list(bucket: &str, prefixes: &[&str]) -> Value {
    let mut statement = allow(&["s3:ListBucket"], &[bucket]);
    statement["Condition"] = json!({ "StringLike": { "s3:prefix": prefixes } });
    statement
}

/// The actions on objects of the location.
fn actions(sets: &[&str], verb: PolicyVerb) -> Vec<String> {
    let found = statements(sets, &[verb]);
    let statements = found.as_array().expect("a list").iter();
    let objects = statements.filter(|one| one["Resource"] == json!(["arn:aws:s3:::acme/*"]));
    objects
        .flat_map(|one| one["Action"].as_array().expect("a list").clone())
        .map(|action| action.as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn a_push_lists_reads_and_writes_below_its_location() {
    assert_eq!(
        statements(&["location=static"], &[PolicyVerb::Push]),
        json!([
            allow_list("arn:aws:s3:::acme", &["static/*"]),
            allow(
                &["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                &["arn:aws:s3:::acme/static/*"]
            ),
        ])
    );
}

#[test]
fn an_empty_location_is_the_whole_bucket() {
    assert_eq!(
        statements(&[], &[PolicyVerb::Push]),
        json!([
            allow(&["s3:ListBucket"], &["arn:aws:s3:::acme"]),
            allow(&["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], &["arn:aws:s3:::acme/*"]),
        ])
    );
}

#[test]
fn records_elsewhere_are_listed_and_written_there() {
    assert_eq!(
        statements(&["location=static", "record_prefix=records"], &[PolicyVerb::Push, PolicyVerb::Gc]),
        json!([
            allow_list("arn:aws:s3:::acme", &["records/*", "static/*"]),
            allow(
                &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                &["arn:aws:s3:::acme/static/*"]
            ),
            allow(&["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], &["arn:aws:s3:::acme/records/*"]),
        ])
    );
}

#[test]
fn who_records_nothing_needs_no_records() {
    let quiet = ["location=static", "record_prefix=records", "record=false"];
    assert_eq!(
        statements(&quiet, &[PolicyVerb::Push]),
        json!([
            allow_list("arn:aws:s3:::acme", &["static/*"]),
            allow(
                &["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                &["arn:aws:s3:::acme/static/*"]
            ),
        ])
    );
}

#[test]
fn an_examination_asks_how_the_bucket_is_set_up_and_tries_its_objects() {
    let asks = [
        "s3:GetBucketCORS",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketVersioning",
        "s3:GetLifecycleConfiguration",
    ];
    assert_eq!(
        statements(&["location=static"], &[PolicyVerb::Doctor]),
        json!([
            allow_list("arn:aws:s3:::acme", &["static/*"]),
            allow(&asks, &["arn:aws:s3:::acme"]),
            allow(
                &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                &["arn:aws:s3:::acme/static/*"]
            ),
        ])
    );
}

#[test]
fn gc_deletes_and_writes_nothing_but_records() {
    assert_eq!(
        statements(&["location=static"], &[PolicyVerb::Gc]),
        json!([
            allow_list("arn:aws:s3:::acme", &["static/*"]),
            allow(&["s3:DeleteObject", "s3:GetObject"], &["arn:aws:s3:::acme/static/*"]),
            allow(&["s3:PutObject"], &["arn:aws:s3:::acme/static/.s3collect/*"]),
        ])
    );
    assert_eq!(
        statements(&["location=static"], &[PolicyVerb::Releases]),
        json!([
            allow_list("arn:aws:s3:::acme", &["static/.s3collect/*"]),
            allow(&["s3:GetObject"], &["arn:aws:s3:::acme/static/.s3collect/*"]),
        ])
    );
}

#[test]
fn settings_ask_for_what_they_need_and_for_nothing_else() {
    const PLAIN: [&str; 3] = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"];
    for (set, more) in [
        ("object_parameters={\"CacheControl\": \"no-cache\", \"StorageClass\": \"STANDARD_IA\"}", &[][..]),
        ("default_acl=public-read", &["s3:PutObjectAcl"]),
        ("object_parameters={\"ACL\": \"private\"}", &["s3:PutObjectAcl"]),
        ("object_parameters={\"GrantRead\": \"id=1\"}", &["s3:PutObjectAcl"]),
        ("object_parameters={\"Tagging\": \"team=web\"}", &["s3:PutObjectTagging"]),
        ("object_parameters={\"ObjectLockLegalHoldStatus\": \"ON\"}", &["s3:PutObjectLegalHold"]),
        (
            "object_parameters={\"ObjectLockMode\": \"GOVERNANCE\", \"ObjectLockRetainUntilDate\": \"2030-01-31T00:00:00Z\"}",
            &["s3:PutObjectRetention"],
        ),
        (
            "rules=[{\"match\": \"*.html\", \"object_parameters\": {\"ACL\": \"private\"}}]",
            &["s3:PutObjectAcl"],
        ),
    ] {
        let mut expected = [&PLAIN[..], more].concat();
        expected.sort_unstable();
        assert_eq!(actions(&[set], PolicyVerb::Push), expected, "{set}");
        assert_eq!(actions(&[set], PolicyVerb::Verify), ["s3:GetObject"], "{set}");
    }
}

#[test]
fn url_asks_for_the_manifest_and_for_what_it_signs() {
    let manifest = "backend=S3ManifestStaticStorage";
    let one_key = json!([allow(&["s3:GetObject"], &["arn:aws:s3:::acme/static/staticfiles.json"])]);
    let all = json!([allow(&["s3:GetObject"], &["arn:aws:s3:::acme/static/*"])]);
    assert_eq!(statements(&["location=static", manifest], &[PolicyVerb::Url]), one_key);
    assert_eq!(statements(&["location=static", "backend=S3Storage"], &[PolicyVerb::Url]), all);
    assert_eq!(statements(&["location=static", manifest, "querystring_auth=true"], &[PolicyVerb::Url]), all);
    for sets in [&["backend=S3Storage", "custom_domain=cdn.example.com"][..], &["backend=S3StaticStorage"]] {
        let verbs = BTreeSet::from([PolicyVerb::Url]);
        let error = policy(&settings(sets), &verbs).expect_err("nothing to allow");
        assert_eq!(error, PolicyError::NothingNeeded { verbs: vec!["url"] });
        assert_eq!(error.to_string(), "`url` needs no permission with these settings");
    }
}

#[test]
fn storage_verbs_ask_for_no_more_than_their_own() {
    let list = || allow(&["s3:ListBucket"], &["arn:aws:s3:::acme"]);
    assert_eq!(statements(&[], &[PolicyVerb::Ls]), json!([list()]));
    assert_eq!(
        statements(&[], &[PolicyVerb::Rm]),
        json!([allow(&["s3:DeleteObject"], &["arn:aws:s3:::acme/*"])])
    );
    for verb in [PolicyVerb::Stat, PolicyVerb::Exists, PolicyVerb::Cat, PolicyVerb::Get] {
        assert_eq!(
            statements(&[], &[verb]),
            json!([list(), allow(&["s3:GetObject"], &["arn:aws:s3:::acme/*"])])
        );
    }
}

#[test]
fn keys_of_kms_are_named_in_every_form() {
    let kms = |verbs: &[PolicyVerb], key: &str| {
        let parameters = format!(
            "object_parameters={{\"ServerSideEncryption\": \"aws:kms\", \"SSEKMSKeyId\": \"{key}\"}}"
        );
        let found = statements(&["region_name=eu-west-1", "backend=S3Storage", &parameters], verbs);
        found.as_array().expect("a list").last().expect("a statement").clone()
    };
    let both = ["kms:Decrypt", "kms:GenerateDataKey"];
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234";
    assert_eq!(kms(&[PolicyVerb::Push], arn), allow(&both, &[arn]));
    assert_eq!(kms(&[PolicyVerb::Url], arn), allow(&["kms:Decrypt"], &[arn]));
    assert_eq!(kms(&[PolicyVerb::Push], "1234"), allow(&both, &["arn:aws:kms:eu-west-1:*:key/1234"]));
    for (alias, any) in [
        ("alias/site", "arn:aws:kms:eu-west-1:*:key/*"),
        ("arn:aws:kms:eu-west-2:123456789012:alias/site", "arn:aws:kms:eu-west-2:123456789012:key/*"),
    ] {
        let mut expected = allow(&both, &[any]);
        expected["Condition"] =
            json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": ["alias/site"] } });
        assert_eq!(kms(&[PolicyVerb::Push], alias), expected);
    }
    // AWS's own key lets everybody in the account who comes through S3.
    let own = statements(&["object_parameters={\"ServerSideEncryption\": \"aws:kms\"}"], &[PolicyVerb::Push]);
    assert_eq!(own.as_array().map(Vec::len), Some(2));
}

#[test]
fn partitions_follow_the_region_and_access_points_are_named_with_slashes() {
    for (sets, bucket, objects) in [
        (&["region_name=cn-north-1"][..], "arn:aws-cn:s3:::acme", "arn:aws-cn:s3:::acme/*"),
        (&["region_name=us-gov-west-1"], "arn:aws-us-gov:s3:::acme", "arn:aws-us-gov:s3:::acme/*"),
        (
            &["bucket_name=arn:aws:s3:eu-west-1:123456789012:accesspoint:ap"],
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap/object/*",
        ),
    ] {
        let verbs = [PolicyVerb::Stat];
        let expected = json!([allow(&["s3:ListBucket"], &[bucket]), allow(&["s3:GetObject"], &[objects])]);
        assert_eq!(statements(sets, &verbs), expected);
    }
    let outposts = "bucket_name=arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap";
    assert_eq!(
        statements(&[outposts], &[PolicyVerb::Rm]),
        json!([allow(
            &["s3-outposts:DeleteObject"],
            &["arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap/object/*"]
        )])
    );
    let lambda = "bucket_name=arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ap";
    let error = policy(&settings(&[lambda]), &BTreeSet::from([PolicyVerb::Get])).expect_err("refused");
    assert!(matches!(error, PolicyError::ObjectLambda { .. }));
}

#[test]
fn characters_that_policies_know_are_taken_literally() {
    assert_eq!(
        statements(&["location=a*b/$c?"], &[PolicyVerb::Ls]),
        json!([allow_list("arn:aws:s3:::acme", &["a${*}b/${$}c${?}/*"])])
    );
}

proptest! {
    /// What several verbs are allowed is what each of them is.
    #[test]
    fn more_verbs_never_take_anything_away(
        verbs in prop::collection::btree_set(prop::sample::select(PolicyVerb::ALL.to_vec()), 1..5)
    ) {
        let verbs: Vec<PolicyVerb> = verbs.into_iter().collect();
        let sets = ["location=static", "backend=S3Storage"];
        let pairs = |verbs: &[PolicyVerb]| -> BTreeSet<(String, String)> {
            let found = statements(&sets, verbs);
            let one = |statement: &Value| -> Vec<(String, String)> {
                let texts = |name: &str| statement[name].as_array().expect("a list").iter().map(|text| text.as_str().expect("text").to_owned()).collect::<Vec<_>>();
                texts("Action").into_iter().flat_map(|action| texts("Resource").into_iter().map(move |resource| (action.clone(), resource))).collect()
            };
            found.as_array().expect("a list").iter().flat_map(one).collect()
        };
        let together = pairs(&verbs);
        for verb in &verbs {
            for (action, resource) in pairs(&[*verb]) {
                let granted = |(other, wider): &(String, String)| {
                    *other == action && (*wider == resource || wider.strip_suffix('*').is_some_and(|wider| resource.starts_with(wider)))
                };
                prop_assert!(together.iter().any(granted), "{action} on {resource}");
            }
        }
    }
}

#[test]
fn who_invalidates_may_do_so_on_that_distribution() {
    let found = statements(&["invalidate=E1ABC"], &[PolicyVerb::Push]);
    let actions = ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"];
    assert_eq!(found[2], allow(&actions, &["arn:aws:cloudfront::*:distribution/E1ABC"]));
    let china = statements(&["invalidate=E1ABC", "region_name=cn-north-1"], &[PolicyVerb::Rollback]);
    let gc = statements(&["invalidate=E1ABC"], &[PolicyVerb::Gc]);
    assert!(gc.as_array().is_some_and(|all| all.contains(&found[2])), "{gc}");
    assert_eq!(china[2]["Resource"], json!(["arn:aws-cn:cloudfront::*:distribution/E1ABC"]));
    assert_eq!(statements(&["invalidate=E1ABC"], &[PolicyVerb::Verify]).as_array().map(Vec::len), Some(2));
}
