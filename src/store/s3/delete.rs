//! DeleteObject for one key, DeleteObjects for more, whose answer is 200 whatever became of each key.

use aws_sdk_s3::types::{Delete, Error as KeyError, ObjectIdentifier};

use crate::name::ObjectKey;
use crate::store::{Operation, StoreError, StoreErrorKind};

use super::S3Store;
use super::headers;
use super::send::Sending;
use super::wire::Wire;

/// Deletes; what comes back are the errors of single keys.
pub(super) async fn delete(store: &S3Store, keys: &[ObjectKey]) -> Result<Vec<StoreError>, StoreError> {
    match keys {
        [] => Ok(Vec::new()),
        [key] => one(store, key).await.map(|()| Vec::new()),
        keys => several(store, keys).await,
    }
}

/// Some stores answer 404 where nothing is there, which is what was wanted.
async fn one(store: &S3Store, key: &ObjectKey) -> Result<(), StoreError> {
    let sending = Sending::new(store, Operation::DeleteObject, key.as_str(), &store.parameters);
    let call = store
        .client
        .delete_object()
        .bucket(&store.place.bucket)
        .key(key.as_str())
        .customize()
        .interceptor(store.wire(headers::of_bucket(&store.parameters)));
    match sending.answer(call.send()).await {
        Err(StoreError { kind: StoreErrorKind::Refused { status: 404, .. }, .. }) => Ok(()),
        answer => answer.map(|_| ()),
    }
}

async fn several(store: &S3Store, keys: &[ObjectKey]) -> Result<Vec<StoreError>, StoreError> {
    let sending = Sending::new(store, Operation::DeleteObjects, "", &store.parameters);
    let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(key.as_str()).build());
    let list = objects
        .collect::<Result<Vec<_>, _>>()
        .and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build())
        .map_err(|error| sending.error(StoreErrorKind::Unsendable).because(error.to_string()))?;
    let wire = Wire { content_md5: true, ..store.wire(headers::of_bucket(&store.parameters)) };
    let call =
        store.client.delete_objects().bucket(&store.place.bucket).delete(list).customize().interceptor(wire);
    let answer = sending.answer(call.send()).await?;
    Ok(answer.errors().iter().filter_map(|error| refused(store, error)).collect())
}

/// The error of a single key, unless it says that nothing was there.
fn refused(store: &S3Store, error: &KeyError) -> Option<StoreError> {
    let code = error.code().unwrap_or_default();
    if code == "NoSuchKey" {
        return None;
    }
    let key = error.key().unwrap_or_default();
    let sending = Sending::new(store, Operation::DeleteObjects, key, &store.parameters);
    Some(sending.refused_in_answer(code, error.message()))
}
