//! What is stored is what was sent: holds the ETag of an answer against the MD5 of the body, and reads back what does not
//! agree. Most services see for themselves that a body is not the one that was signed; not all look.

use std::future::Future;

use futures_util::StreamExt as _;
use md5::{Digest as _, Md5};

use crate::digest::hex;

use super::etag::looks_like_md5;
use super::{
    Body, Condition, Fetched, GetAnswer, GetRequest, MultipartRequest, Operation, Part, PutAnswer,
    PutRequest, Store, StoreError, StoreErrorKind, Target, UploadId,
};

/// How often a body is sent that arrives as another one.
pub const PROOFS: usize = 3;

impl PutAnswer {
    /// Whether the ETag is the MD5 of another body than the one that has this.
    #[must_use]
    pub fn contradicts(&self, md5: &str) -> bool {
        contradicts(&self.etag, self.encrypted, md5)
    }
}

impl Part {
    /// Whether the ETag is the MD5 of another body than the one that has this.
    #[must_use]
    pub fn contradicts(&self, md5: &str) -> bool {
        contradicts(&self.etag, self.encrypted, md5)
    }
}

impl Fetched {
    /// Whether the ETag is the MD5 of another body.
    pub(super) fn contradicts(&self, encrypted: bool) -> bool {
        contradicts(&self.etag, encrypted, &hex(&Md5::digest(&self.body)))
    }
}

fn contradicts(etag: &str, encrypted: bool, md5: &str) -> bool {
    looks_like_md5(etag) && !encrypted && !etag.eq_ignore_ascii_case(md5)
}

fn damaged(operation: Operation, target: Target, etag: &str, md5: &str) -> StoreError {
    let cause = format!("the ETag of what arrived is `{etag}`, the MD5 of what was sent `{md5}`");
    StoreError::new(operation, target, StoreErrorKind::Damaged).because(cause)
}

/// Stores a whole object and proves that it is the one with this MD5, which need not be known before it is sent. What
/// arrived damaged is replaced at once, on the condition that it still is what arrived.
///
/// # Errors
/// [`StoreErrorKind::Damaged`] where it never arrived whole, [`StoreErrorKind::PreconditionFailed`] where something else is
/// there by now; whatever the store refuses.
pub async fn put_proven<S: Store, E: From<StoreError>>(
    store: &S,
    mut request: PutRequest,
    md5: impl Future<Output = Result<String, E>> + Send,
) -> Result<PutAnswer, E> {
    let mut answer = store.put(&request).await?;
    let md5 = md5.await?;
    let mut left = PROOFS;
    while answer.contradicts(&md5) {
        let there = match read_back(store, &request).await {
            Ok(Some(there)) => there,
            Ok(None) => break,
            Err(error) if matches!(error.kind, StoreErrorKind::AccessDenied { .. }) => {
                let target = store.target(&request.key);
                return Err(damaged(Operation::PutObject, target, &answer.etag, &md5).into());
            }
            Err(error) => return Err(error.into()),
        };
        left -= 1;
        if there.md5 == md5 {
            answer.etag = there.etag;
            break;
        }
        if there.etag != answer.etag {
            let kind = StoreErrorKind::PreconditionFailed;
            return Err(StoreError::new(Operation::PutObject, there.target, kind).into());
        }
        if left == 0 {
            return Err(damaged(Operation::PutObject, there.target, &answer.etag, &md5).into());
        }
        if request.condition.is_some() {
            request.condition = Some(Condition::Matches(there.etag));
        }
        answer = store.put(&request).await?;
    }
    Ok(answer)
}

/// Sends a part until it is the one with this MD5.
///
/// # Errors
/// [`StoreErrorKind::Damaged`] where it never arrived whole; whatever the store refuses.
pub async fn part_proven<S: Store>(
    store: &S,
    request: &MultipartRequest,
    upload: &UploadId,
    number: u16,
    body: &Body,
    md5: &str,
) -> Result<Part, StoreError> {
    let mut part = store.upload_part(request, upload, number, body).await?;
    for _ in 1..PROOFS {
        if !part.contradicts(md5) {
            break;
        }
        part = store.upload_part(request, upload, number, body).await?;
    }
    if part.contradicts(md5) {
        return Err(damaged(Operation::UploadPart, store.target(&request.key), &part.etag, md5));
    }
    Ok(part)
}

/// An object as it is now.
struct There {
    target: Target,
    etag: String,
    md5: String,
}

/// What is there now; `None` where nothing is.
async fn read_back<S: Store>(store: &S, request: &PutRequest) -> Result<Option<There>, StoreError> {
    let GetAnswer::Object(mut download) = store.get(&GetRequest::whole(request.key.clone())).await? else {
        return Ok(None);
    };
    let mut digest = Md5::new();
    while let Some(piece) = download.pieces.next().await {
        digest.update(&piece?);
    }
    Ok(Some(There { target: download.target, etag: download.etag, md5: hex(&digest.finalize()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "5d41402abc4b2a76b9719d911017c592";

    #[test]
    fn only_an_md5_says_that_a_body_is_another() {
        for (etag, encrypted, expected) in [
            (OURS, false, false),
            ("5D41402ABC4B2A76B9719D911017C592", false, false),
            ("aa676972bbd2b68e94ef8e91e81d20be", false, true),
            ("aa676972bbd2b68e94ef8e91e81d20be", true, false),
            ("aa676972bbd2b68e94ef8e91e81d20be-1", false, false),
            ("0x8DC0FFEE", false, false),
        ] {
            assert_eq!(contradicts(etag, encrypted, OURS), expected, "{etag} {encrypted}");
        }
    }
}
