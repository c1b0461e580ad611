//! A whole object that fits into memory, over the stream of any store.

use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::name::ObjectKey;

use super::{
    Download, GetAnswer, GetRequest, Operation, PROOFS, ReadCondition, Store, StoreError, StoreErrorKind,
};

/// Bytes that are made room for before any came.
const FIRST_ROOM: u64 = 64 * 1024;

/// What became of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// There is no such object.
    Absent,
    /// It is the one that is known already.
    Unchanged,
    /// The object.
    Object(Fetched),
}

/// An object that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// As stored: still encoded, where there is an encoding.
    pub body: Bytes,
    /// Without quotes.
    pub etag: String,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// When it was last written, by the service's clock.
    pub last_modified: Option<SystemTime>,
    /// When it was answered, by the service's clock.
    pub date: Option<SystemTime>,
}

/// Fetches an object whole, if its ETag is another one than `unless`, which is known already. A body whose ETag is the MD5
/// of another is fetched again.
///
/// # Errors
/// [`StoreErrorKind::TooLarge`] for more than `most` bytes, [`StoreErrorKind::Damaged`] where it is another body each time;
/// whatever the store refuses.
pub async fn fetch<S: Store>(
    store: &S,
    key: &ObjectKey,
    unless: Option<&str>,
    most: u64,
) -> Result<Fetch, StoreError> {
    let condition = unless.map(|etag| ReadCondition::Differs(etag.to_owned()));
    let request = GetRequest { condition, ..GetRequest::whole(key.clone()) };
    let (mut before, mut left) = (None, PROOFS);
    loop {
        let download = match store.get(&request).await? {
            GetAnswer::Absent => return Ok(Fetch::Absent),
            GetAnswer::Unchanged => return Ok(Fetch::Unchanged),
            GetAnswer::Object(download) => download,
        };
        let (encrypted, target) = (download.encrypted, download.target.clone());
        let fetched = collected(download, most).await?;
        // What comes twice is what is stored, whatever its ETag is.
        if !fetched.contradicts(encrypted) || before.as_ref() == Some(&fetched.body) {
            return Ok(Fetch::Object(fetched));
        }
        left -= 1;
        if left == 0 {
            let damaged = StoreError::new(Operation::GetObject, target, StoreErrorKind::Damaged);
            return Err(damaged.because("it was another body each time it was read, and none of its ETag"));
        }
        before = Some(fetched.body);
    }
}

/// The whole body, as long as it is no larger than what was asked for.
async fn collected(mut download: Download, most: u64) -> Result<Fetched, StoreError> {
    let target = download.target;
    let too_large =
        || StoreError::new(Operation::GetObject, target.clone(), StoreErrorKind::TooLarge { most });
    if download.size > most {
        return Err(too_large());
    }
    let room = download.size.min(FIRST_ROOM);
    let mut body = BytesMut::with_capacity(usize::try_from(room).unwrap_or_default());
    while let Some(piece) = download.pieces.next().await {
        body.extend_from_slice(&piece?);
        if body.len() as u64 > most {
            return Err(too_large());
        }
    }
    Ok(Fetched {
        body: body.freeze(),
        etag: download.etag,
        content_encoding: download.content_encoding,
        last_modified: download.last_modified,
        date: download.date,
    })
}
