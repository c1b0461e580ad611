//! Deleting any number of objects, over any store.

use futures_util::{StreamExt as _, stream};

use crate::name::ObjectKey;

use super::{Store, StoreError, StoreErrorKind};

/// The most keys of one DeleteObjects.
const AT_ONCE: usize = 1000;

/// Requests in flight where each key needs one.
const SINGLES_AT_ONCE: usize = 16;

/// Deletes objects, as many at a time as S3 takes, and one by one where the store lacks DeleteObjects. What comes back
/// are the errors: all keys that none is about are gone.
///
/// # Errors
/// The first refusal that is not about single keys; what was deleted before it stays deleted.
pub async fn delete_all<S: Store>(store: &S, keys: &[ObjectKey]) -> Result<Vec<StoreError>, StoreError> {
    let mut failed = Vec::new();
    let mut chunks = keys.chunks(AT_ONCE);
    while let Some(chunk) = chunks.next() {
        match store.delete(chunk).await {
            Ok(errors) => failed.extend(errors),
            Err(error) if chunk.len() > 1 && lacks_it(&error) => {
                failed.extend(one_by_one(store, chunk).await);
                for rest in chunks.by_ref() {
                    failed.extend(one_by_one(store, rest).await);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(failed)
}

/// Whether the store does not know the operation: Google's takes no DeleteObjects at its S3 endpoint.
fn lacks_it(error: &StoreError) -> bool {
    let StoreErrorKind::Refused { status, code } = &error.kind else { return false };
    matches!(status, 405 | 501) || matches!(code.as_str(), "NotImplemented" | "MethodNotAllowed")
}

async fn one_by_one<S: Store>(store: &S, keys: &[ObjectKey]) -> Vec<StoreError> {
    stream::iter(keys)
        .map(|key| async move {
            match store.delete(std::slice::from_ref(key)).await {
                Ok(errors) => errors,
                Err(error) => vec![error],
            }
        })
        .buffered(SINGLES_AT_ONCE)
        .concat()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::ObjectParameters;
    use crate::store::Operation;
    use crate::store::memory::{Fault, MemoryStore};

    fn holding(count: usize) -> (MemoryStore, Vec<ObjectKey>) {
        let store = MemoryStore::new();
        let keys = (0..count).map(|number| format!("{number:04}"));
        let keys: Vec<ObjectKey> = keys.map(|key| ObjectKey::new(key).expect("a key")).collect();
        for key in &keys {
            store.insert(key.as_str(), "x", ObjectParameters::default());
        }
        (store, keys)
    }

    #[tokio::test]
    async fn a_thousand_go_at_once() {
        let (store, keys) = holding(2001);
        assert_eq!(delete_all(&store, &keys).await.expect("deleted").len(), 0);
        assert!(store.objects().is_empty());
        assert_eq!((store.requests()["DeleteObjects"], store.requests()["DeleteObject"]), (2, 1));
    }

    #[tokio::test]
    async fn a_store_without_it_deletes_one_by_one() {
        let (store, keys) = holding(1200);
        let kind = StoreErrorKind::Refused { status: 501, code: "NotImplemented".to_owned() };
        store.fail_next(Operation::DeleteObjects, kind, 1);
        let denied = StoreErrorKind::AccessDenied { permissions: vec!["s3:DeleteObject"] };
        let key = Some("0007".to_owned());
        store.fail(Fault { operation: Operation::DeleteObject, key, kind: denied.clone(), done: false });
        let failed = delete_all(&store, &keys).await.expect("deleted");
        assert_eq!(failed.len(), 1);
        assert_eq!((failed[0].target.key.as_str(), &failed[0].kind), ("0007", &denied));
        assert_eq!(store.objects().into_keys().collect::<Vec<_>>(), ["0007"]);
        assert_eq!((store.requests()["DeleteObjects"], store.requests()["DeleteObject"]), (1, 1200));
    }

    #[tokio::test]
    async fn what_is_about_all_keys_ends_it() {
        let (store, keys) = holding(3);
        store.fail_next(Operation::DeleteObjects, StoreErrorKind::ExpiredCredentials, 1);
        let error = delete_all(&store, &keys).await.expect_err("refused");
        assert_eq!(error.kind, StoreErrorKind::ExpiredCredentials);
        assert_eq!(store.objects().len(), 3);
    }
}
