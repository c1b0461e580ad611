//! ListObjectsV2, one page at a time. Keys come URL-encoded, since XML cannot hold every key.

use std::time::SystemTime;

use aws_sdk_s3::types::{EncodingType, Object};
use percent_encoding::percent_decode_str;

use crate::name::ObjectKey;
use crate::store::{ListPage, ListedObject, ListedVersion, Operation, StoreError};

use super::S3Store;
use super::headers;
use super::send::{Sending, unquoted};

/// Keys a page; S3 gives no more.
const PAGE: i32 = 1000;

/// One page of a listing.
pub(super) async fn list(
    store: &S3Store,
    prefix: &str,
    delimiter: Option<&str>,
    continuation: Option<&str>,
) -> Result<ListPage, StoreError> {
    let sending = Sending::new(store, Operation::ListObjectsV2, prefix, &store.parameters);
    let call = store
        .client
        .list_objects_v2()
        .bucket(&store.place.bucket)
        .prefix(prefix)
        .set_delimiter(delimiter.map(str::to_owned))
        .encoding_type(EncodingType::Url)
        .max_keys(PAGE)
        .set_continuation_token(continuation.map(str::to_owned))
        .customize()
        .interceptor(store.wire(headers::of_bucket(&store.parameters)))
        .interceptor(sending.told());
    let answer = sending.answer(call.send()).await?;
    if answer.name().is_none() && answer.is_truncated().is_none() && answer.key_count().is_none() {
        return Err(sending.not_s3("the answer is no listing"));
    }
    let encoded = answer.encoding_type() == Some(&EncodingType::Url);
    let prefixes = answer.common_prefixes().iter().filter_map(|common| common.prefix());
    let page = ListPage {
        objects: answer.contents().iter().filter_map(|object| listed(object, encoded)).collect(),
        prefixes: prefixes.map(|prefix| spelled(prefix, encoded)).collect(),
        continuation: answer
            .next_continuation_token()
            .filter(|_| answer.is_truncated() == Some(true))
            .map(str::to_owned),
        date: sending.told().date(),
    };
    match odd(&page, prefix, continuation, answer.is_truncated() == Some(true)) {
        Some(odd) => Err(sending.not_s3(odd)),
        None => Ok(page),
    }
}

/// What makes a page unfit to go by, whoever answered: what is listed may be deleted, and a listing has to end.
fn odd(
    page: &ListPage,
    prefix: &str,
    continuation: Option<&str>,
    is_truncated: bool,
) -> Option<&'static str> {
    let keys = page.objects.iter().map(|object| &object.key);
    if keys.chain(&page.prefixes).any(|key| !key.starts_with(prefix)) {
        return Some("the listing holds keys that were not asked for");
    }
    match page.continuation.as_deref() {
        None if is_truncated => Some("the listing is cut off and does not say where it goes on"),
        Some(next) if continuation == Some(next) => Some("the listing goes on where it began"),
        _ => None,
    }
}

/// The versions of one key; those of longer keys that begin with it are left out.
pub(super) async fn versions(store: &S3Store, key: &ObjectKey) -> Result<Vec<ListedVersion>, StoreError> {
    let sending = Sending::new(store, Operation::ListObjectVersions, key.as_str(), &store.parameters);
    let call = store
        .client
        .list_object_versions()
        .bucket(&store.place.bucket)
        .prefix(key.as_str())
        .encoding_type(EncodingType::Url)
        .max_keys(PAGE)
        .customize()
        .interceptor(store.wire(headers::of_bucket(&store.parameters)));
    let answer = sending.answer(call.send()).await?;
    let encoded = answer.encoding_type() == Some(&EncodingType::Url);
    let versions = answer.versions().iter().filter_map(|version| {
        let found = spelled(version.key()?, encoded);
        let object = ListedObject {
            key: found,
            size: u64::try_from(version.size().unwrap_or_default()).unwrap_or_default(),
            etag: version.e_tag().map(unquoted).unwrap_or_default(),
            last_modified: version.last_modified().and_then(|date| SystemTime::try_from(*date).ok()),
        };
        Some(ListedVersion { id: version.version_id()?.to_owned(), object })
    });
    Ok(versions.filter(|version| version.object.key == key.as_str()).collect())
}

fn listed(object: &Object, encoded: bool) -> Option<ListedObject> {
    let key = object.key()?;
    Some(ListedObject {
        key: spelled(key, encoded),
        size: u64::try_from(object.size().unwrap_or_default()).unwrap_or_default(),
        etag: object.e_tag().map(unquoted).unwrap_or_default(),
        last_modified: object.last_modified().and_then(|date| SystemTime::try_from(*date).ok()),
    })
}

fn spelled(key: &str, encoded: bool) -> String {
    if encoded { decoded(key) } else { key.to_owned() }
}

/// S3 encodes keys as forms do: a space is `+`, a plus is `%2B`.
fn decoded(key: &str) -> String {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn keys_are_decoded_as_forms_are() {
        assert_eq!(decoded("a+b%2Bc%25d/%C3%A9%0A"), "a b+c%d/é\n");
    }
}
