//! Objects as rows of the index: found, put on conditions, described anew, removed. Every function runs inside
//! a transaction that its caller holds, so that what it saw still holds when it writes.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use s3s::{S3ErrorCode, S3Result};

use super::blob::BlobId;
use super::description::Description;
use super::refusal;

/// An object without its body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Object {
    /// Where its body is.
    pub(super) blob: BlobId,
    /// Bytes.
    pub(super) size: u64,
    /// Without quotes.
    pub(super) etag: String,
    /// Milliseconds since 1970.
    pub(super) modified: i64,
    /// All the rest.
    pub(super) description: Description,
}

/// On what a write depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing.
    None,
    /// Nothing is there.
    Absent,
    /// Something is there.
    Present,
    /// What is there has this ETag.
    Matches(String),
}

impl Condition {
    fn check(&self, there: Option<&Object>) -> S3Result {
        let holds = match (self, there) {
            (Self::None, _) => true,
            (Self::Absent, there) => there.is_none(),
            (Self::Present, there) => there.is_some(),
            (Self::Matches(etag), Some(there)) => there.etag == *etag,
            (Self::Matches(_), None) => return Err(refusal::no_such_key()),
        };
        if holds { Ok(()) } else { Err(refusal::precondition_failed()) }
    }
}

/// Columns of the table `object` in the order in which [`read_row`] takes them.
pub(super) const COLUMNS: &str = "blob, size, etag, modified, description";

/// The object in the columns of a row from `first` on.
pub(super) fn read_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Object> {
    let invalid = |index, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, error)
    };
    let blob: String = row.get(first)?;
    let description: String = row.get(first + 4)?;
    Ok(Object {
        blob: BlobId::parse(&blob).ok_or_else(|| invalid(first, "no body's name".into()))?,
        size: row.get(first + 1)?,
        etag: row.get(first + 2)?,
        modified: row.get(first + 3)?,
        description: serde_json::from_str(&description)
            .map_err(|error| invalid(first + 4, Box::new(error)))?,
    })
}

/// Refuses a bucket that is not there.
pub(super) fn require_bucket(connection: &Connection, bucket: &str) -> S3Result {
    let query = || {
        let mut statement = connection.prepare_cached("SELECT 1 FROM bucket WHERE name = ?1")?;
        statement.exists([bucket])
    };
    if query().map_err(refusal::index)? { Ok(()) } else { Err(refusal::no_such_bucket()) }
}

/// The object of a key, if there is one.
pub(super) fn find(connection: &Connection, bucket: &str, key: &str) -> S3Result<Option<Object>> {
    let query = || {
        let sql = format!("SELECT {COLUMNS} FROM object WHERE bucket = ?1 AND key = ?2");
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_row(params![bucket, key.as_bytes()], |row| read_row(row, 0)).optional()
    };
    query().map_err(refusal::index)
}

/// The object of a key, or the refusal that S3 has for there being none.
pub(super) fn get(connection: &Connection, bucket: &str, key: &str) -> S3Result<Object> {
    match find(connection, bucket, key)? {
        Some(object) => Ok(object),
        None => require_bucket(connection, bucket).and(Err(refusal::no_such_key())),
    }
}

/// Puts an object in the place of whatever is there, if the condition holds and `limit` bytes are not
/// exceeded; gives back the body that was replaced.
pub(super) fn put(
    connection: &Connection,
    limit: Option<u64>,
    (bucket, key): (&str, &str),
    object: &Object,
    condition: &Condition,
) -> S3Result<Vec<BlobId>> {
    require_bucket(connection, bucket)?;
    let there = find(connection, bucket, key)?;
    condition.check(there.as_ref())?;
    check_limit(connection, limit, object.size, there.as_ref().map_or(0, |there| there.size))?;
    let description = serde_json::to_string(&object.description).map_err(refusal::unreadable)?;
    let row = params![
        bucket,
        key.as_bytes(),
        object.blob.as_str(),
        object.size,
        object.etag,
        object.modified,
        description
    ];
    let sql = "INSERT OR REPLACE INTO object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    execute(connection, sql, row)?;
    Ok(there.into_iter().map(|there| there.blob).collect())
}

/// Says something else about an object that stays as it is.
pub(super) fn describe(
    connection: &Connection,
    (bucket, key): (&str, &str),
    description: &Description,
) -> S3Result {
    let text = serde_json::to_string(description).map_err(refusal::unreadable)?;
    let sql = "UPDATE object SET description = ?3 WHERE bucket = ?1 AND key = ?2";
    execute(connection, sql, params![bucket, key.as_bytes(), text])
}

/// Removes an object if the condition holds; one that is not there is removed already. Gives its body back.
pub(super) fn delete(
    connection: &Connection,
    (bucket, key): (&str, &str),
    condition: &Condition,
) -> S3Result<Vec<BlobId>> {
    let there = find(connection, bucket, key)?;
    condition.check(there.as_ref())?;
    execute(
        connection,
        "DELETE FROM object WHERE bucket = ?1 AND key = ?2",
        params![bucket, key.as_bytes()],
    )?;
    Ok(there.into_iter().map(|there| there.blob).collect())
}

/// Refuses what would exceed the limit, parts of unfinished uploads included.
pub(super) fn check_limit(connection: &Connection, limit: Option<u64>, more: u64, less: u64) -> S3Result {
    let Some(limit) = limit else { return Ok(()) };
    let sql = "SELECT (SELECT TOTAL(size) FROM object) + (SELECT TOTAL(size) FROM part)";
    let used: f64 = connection.query_row(sql, [], |row| row.get(0)).map_err(refusal::index)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of file sizes")]
    let used = used as u64;
    if used + more > limit + less { Err(refusal::full()) } else { Ok(()) }
}

/// One statement that writes.
pub(super) fn execute(connection: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> S3Result {
    let run = || connection.prepare_cached(sql)?.execute(values);
    run().map(drop).map_err(refusal::index)
}

/// What a request's headers make its write depend on.
pub(super) fn condition_of(headers: &http::HeaderMap) -> S3Result<Condition> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    match (text(http::header::IF_MATCH), text(http::header::IF_NONE_MATCH)) {
        (None, None) => Ok(Condition::None),
        (None, Some("*")) => Ok(Condition::Absent),
        (Some("*"), None) => Ok(Condition::Present),
        (Some(etag), None) => Ok(Condition::Matches(etag.trim_matches('"').to_owned())),
        _ => Err(refusal::refuse(
            S3ErrorCode::NotImplemented,
            "A header you provided implies functionality that is not implemented",
        )),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::super::index::tests::in_memory;
    use super::*;

    fn object(etag: &str, size: u64) -> Object {
        Object {
            blob: BlobId::parse("0000000000000000000000000000").unwrap(),
            size,
            etag: etag.to_owned(),
            modified: 0,
            description: Description::default(),
        }
    }

    fn store() -> Connection {
        let connection = in_memory();
        connection.execute("INSERT INTO bucket VALUES ('acme', 0, '')", []).unwrap();
        connection
    }

    #[test]
    fn conditions_are_about_what_is_there() {
        let connection = store();
        let put = |etag: &str, condition: Condition| {
            let done = put(&connection, None, ("acme", "key"), &object(etag, 1), &condition);
            done.map(|replaced| replaced.len()).map_err(|error| error.code().clone())
        };
        let matches = |etag: &str| Condition::Matches(etag.to_owned());
        assert_eq!(put("1", matches("1")), Err(S3ErrorCode::NoSuchKey));
        assert_eq!(put("1", Condition::Present), Err(S3ErrorCode::PreconditionFailed));
        assert_eq!(put("1", Condition::Absent), Ok(0));
        assert_eq!(put("2", Condition::Absent), Err(S3ErrorCode::PreconditionFailed));
        assert_eq!(put("2", matches("0")), Err(S3ErrorCode::PreconditionFailed));
        assert_eq!(put("2", matches("1")), Ok(1));
        assert_eq!(put("3", Condition::None), Ok(1));
        assert_eq!(get(&connection, "acme", "key").unwrap(), object("3", 1));
        let refused = delete(&connection, ("acme", "key"), &matches("2")).unwrap_err();
        assert_eq!(*refused.code(), S3ErrorCode::PreconditionFailed);
        assert_eq!(delete(&connection, ("acme", "key"), &Condition::None).unwrap().len(), 1);
        assert_eq!(delete(&connection, ("acme", "key"), &Condition::None).unwrap().len(), 0);
    }

    #[test]
    fn a_full_disk_takes_what_replaces_as_much() {
        let connection = store();
        let put = |key: &str, size: u64| {
            let done = put(&connection, Some(10), ("acme", key), &object("e", size), &Condition::None);
            done.map(drop).map_err(|error| error.status_code().unwrap().as_u16())
        };
        assert_eq!(put("a", 6), Ok(()));
        assert_eq!(put("b", 5), Err(507));
        assert_eq!(put("b", 4), Ok(()));
        assert_eq!(put("b", 4), Ok(()));
        assert_eq!(put("b", 5), Err(507));
        assert_eq!(put("c", 0), Ok(()));
    }

    #[test]
    fn a_missing_bucket_is_told_from_a_missing_key() {
        let connection = store();
        let code = |bucket: &str| get(&connection, bucket, "key").unwrap_err().code().clone();
        assert_eq!(code("acme"), S3ErrorCode::NoSuchKey);
        assert_eq!(code("other"), S3ErrorCode::NoSuchBucket);
    }

    #[test]
    fn conditions_are_read_from_headers() {
        let condition = |pairs: &[(&'static str, &'static str)]| {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| {
                    (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
                })
                .collect();
            condition_of(&headers).ok()
        };
        assert_eq!(condition(&[]), Some(Condition::None));
        assert_eq!(condition(&[("if-none-match", "*")]), Some(Condition::Absent));
        assert_eq!(condition(&[("if-none-match", "\"e\"")]), None);
        assert_eq!(condition(&[("if-match", "\"e\"")]), Some(Condition::Matches("e".to_owned())));
        assert_eq!(condition(&[("if-match", "*")]), Some(Condition::Present));
        assert_eq!(condition(&[("if-match", "e"), ("if-none-match", "*")]), None);
    }
}
