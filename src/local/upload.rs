//! Multipart uploads as rows of the index. Every function runs inside a transaction that its caller holds.

use rusqlite::{Connection, OptionalExtension as _, params};
use s3s::S3Result;
use serde::{Deserialize, Serialize};

use super::blob::BlobId;
use super::checksum::Values;
use super::description::Description;
use super::list::successor;
use super::object::execute;
use super::refusal;
use crate::digest::ChecksumAlgorithm;

/// An upload that is not finished.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    /// Its name.
    pub(super) id: String,
    /// The key of the object that it will be.
    pub(super) key: String,
    /// Milliseconds since 1970.
    pub(super) started: i64,
    /// What was said at its beginning.
    pub(super) plan: Plan,
}

/// What was said of an object when its upload began.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Of the object.
    pub(super) description: Description,
    /// Which checksum its parts have.
    pub(super) algorithm: ChecksumAlgorithm,
    /// Whether the object's checksum is one of the parts' checksums.
    pub(super) composite: bool,
}

/// A part that is stored.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// From 1 to 10,000.
    pub(super) number: i32,
    /// Where its body is.
    pub(super) blob: BlobId,
    /// Bytes.
    pub(super) size: u64,
    /// Without quotes.
    pub(super) etag: String,
    /// Milliseconds since 1970.
    pub(super) modified: i64,
    /// At least that of the upload's algorithm.
    pub(super) checksums: Values,
}

/// Begins an upload.
pub(super) fn begin(connection: &Connection, bucket: &str, upload: &Upload) -> S3Result {
    let plan = serde_json::to_string(&upload.plan).map_err(refusal::unreadable)?;
    let row = params![upload.id, bucket, upload.key.as_bytes(), upload.started, plan];
    execute(connection, "INSERT INTO upload VALUES (?1, ?2, ?3, ?4, ?5)", row)
}

/// An upload of a key, or the refusal that S3 has for there being none.
pub(super) fn get(connection: &Connection, (bucket, key): (&str, &str), id: &str) -> S3Result<Upload> {
    super::object::require_bucket(connection, bucket)?;
    let query = || {
        let sql = "SELECT started, description FROM upload WHERE id = ?1 AND bucket = ?2 AND key = ?3";
        let mut statement = connection.prepare_cached(sql)?;
        let row: Option<(i64, String)> = statement
            .query_row(params![id, bucket, key.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(row)
    };
    let (started, plan) = query().map_err(refusal::index)?.ok_or_else(refusal::no_such_upload)?;
    let plan = serde_json::from_str(&plan).map_err(refusal::unreadable)?;
    Ok(Upload { id: id.to_owned(), key: key.to_owned(), started, plan })
}

/// All parts of an upload, by number.
pub(super) fn parts(connection: &Connection, id: &str) -> S3Result<Vec<Part>> {
    let query = || {
        let sql = "SELECT number, blob, size, etag, modified, checksums FROM part WHERE upload = ?1 ORDER BY number";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([id], |row| {
            let (blob, checksums): (String, String) = (row.get(1)?, row.get(5)?);
            let read = (BlobId::parse(&blob), serde_json::from_str(&checksums).ok());
            let (Some(blob), Some(checksums)) = read else { return Err(rusqlite::Error::InvalidQuery) };
            let (number, size) = (row.get(0)?, row.get(2)?);
            Ok(Part { number, blob, size, etag: row.get(3)?, modified: row.get(4)?, checksums })
        })?;
        rows.collect::<Result<Vec<_>, _>>()
    };
    query().map_err(refusal::index)
}

/// Stores a part in the place of an earlier one of its number, whose body it gives back.
pub(super) fn put_part(connection: &Connection, id: &str, part: &Part) -> S3Result<Vec<BlobId>> {
    let query = || {
        let sql = "SELECT blob FROM part WHERE upload = ?1 AND number = ?2";
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_row(params![id, part.number], |row| row.get::<_, String>(0)).optional()
    };
    let replaced = query().map_err(refusal::index)?.and_then(|blob| BlobId::parse(&blob));
    let checksums = serde_json::to_string(&part.checksums).map_err(refusal::unreadable)?;
    let row = params![id, part.number, part.blob.as_str(), part.size, part.etag, part.modified, checksums];
    execute(connection, "INSERT OR REPLACE INTO part VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", row)?;
    Ok(replaced.into_iter().collect())
}

/// Ends an upload, finished or given up; gives the bodies of its parts back.
pub(super) fn end(connection: &Connection, id: &str) -> S3Result<Vec<BlobId>> {
    let bodies = parts(connection, id)?.into_iter().map(|part| part.blob).collect();
    execute(connection, "DELETE FROM part WHERE upload = ?1", params![id])?;
    execute(connection, "DELETE FROM upload WHERE id = ?1", params![id])?;
    Ok(bodies)
}

/// The uploads of a bucket whose keys start with `prefix`, by key and name.
pub(super) fn list(connection: &Connection, bucket: &str, prefix: &str) -> S3Result<Vec<Upload>> {
    super::object::require_bucket(connection, bucket)?;
    let query = || {
        let sql = "SELECT id, key, started, description FROM upload WHERE bucket = ?1 AND key >= ?2
                   AND (?3 IS NULL OR key < ?3) ORDER BY key, id";
        let mut statement = connection.prepare_cached(sql)?;
        let range = params![bucket, prefix.as_bytes(), successor(prefix.as_bytes())];
        let rows = statement.query_map(range, |row| {
            let plan: String = row.get(3)?;
            let plan = serde_json::from_str(&plan).map_err(|_| rusqlite::Error::InvalidQuery)?;
            let key = String::from_utf8_lossy(row.get_ref(1)?.as_blob()?).into_owned();
            Ok(Upload { id: row.get(0)?, key, started: row.get(2)?, plan })
        })?;
        rows.collect::<Result<Vec<_>, _>>()
    };
    query().map_err(refusal::index)
}
