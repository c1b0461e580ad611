//! Listings: indexed range scans in the byte order of keys, where a common prefix is skipped by seeking past it
//! instead of reading what is under it.

use rusqlite::{Connection, params};
use s3s::S3Result;

use super::object::{self, Object, read_row};
use super::refusal;

/// What to list.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    /// Which bucket.
    pub(super) bucket: String,
    /// Keys that start with it.
    pub(super) prefix: String,
    /// What ends a common prefix; empty for none.
    pub(super) delimiter: String,
    /// Only what comes later: a key, or a common prefix that was listed.
    pub(super) after: Option<String>,
    /// The most entries, common prefixes included.
    pub(super) limit: usize,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// An object, with its key.
    Object(String, Box<Object>),
    /// What several keys have in common up to the delimiter.
    Prefix(String),
}

impl Entry {
    /// The key or the prefix.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Object(name, _) | Self::Prefix(name) => name,
        }
    }
}

/// One page of a listing.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// In byte order.
    pub(super) entries: Vec<Entry>,
    /// Whether more follow.
    pub(super) truncated: bool,
}

/// Where a scan goes on: at a key or after it.
struct From {
    key: Vec<u8>,
    inclusive: bool,
}

/// Lists one page.
pub(super) fn list(connection: &Connection, query: &Query) -> S3Result<Page> {
    object::require_bucket(connection, &query.bucket)?;
    let mut page = Page::default();
    if query.limit == 0 {
        return Ok(page);
    }
    let mut next = Some(begin(query));
    while let Some(from) = next {
        next = scan(connection, query, &from, &mut page).map_err(refusal::index)?;
    }
    page.truncated = page.entries.len() > query.limit;
    page.entries.truncate(query.limit);
    Ok(page)
}

/// The last objects whose keys begin so, backwards; only what comes before a key, where one is given.
pub(super) fn last(
    connection: &Connection,
    (bucket, prefix): (&str, &str),
    before: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<(String, Object)>> {
    let end = match before {
        Some(before) => Some(before.as_bytes().to_vec()),
        None => successor(prefix.as_bytes()),
    };
    let sql = format!(
        "SELECT key, {} FROM object WHERE bucket = ?1 AND key >= ?2 AND key < ?3 ORDER BY key DESC LIMIT ?4",
        object::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![bucket, prefix.as_bytes(), end, limit], |row| {
        let key = String::from_utf8_lossy(row.get_ref(0)?.as_blob()?).into_owned();
        Ok((key, read_row(row, 1)?))
    })?;
    rows.collect()
}

/// How many objects there are below a prefix and how large they are, as far as `limit` of them.
pub(super) fn total(
    connection: &Connection,
    (bucket, prefix): (&str, &str),
    limit: u64,
) -> rusqlite::Result<(u64, u64)> {
    let end = successor(prefix.as_bytes());
    let bound = if end.is_some() { "AND key < ?3" } else { "AND ?3 IS NULL" };
    let sql = format!(
        "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM (SELECT size FROM object WHERE bucket = ?1 AND key >= ?2 {bound} LIMIT ?4)"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row(params![bucket, prefix.as_bytes(), end, limit], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn begin(query: &Query) -> From {
    let prefix = From { key: query.prefix.clone().into_bytes(), inclusive: true };
    let Some(after) = query.after.as_ref().filter(|after| **after >= query.prefix) else { return prefix };
    let listed = common_prefix(query, after).is_some_and(|common| common == *after);
    match successor(after.as_bytes()).filter(|_| listed) {
        Some(key) => From { key, inclusive: true },
        None => From { key: after.clone().into_bytes(), inclusive: false },
    }
}

/// Adds entries to the page until it has one more than it may, until there are no more, or until there is a
/// common prefix; then says where the scan goes on after it.
fn scan(
    connection: &Connection,
    query: &Query,
    from: &From,
    page: &mut Page,
) -> rusqlite::Result<Option<From>> {
    let (start, end) = (if from.inclusive { ">=" } else { ">" }, successor(query.prefix.as_bytes()));
    let bound = if end.is_some() { "AND key < ?3" } else { "AND ?3 IS NULL" };
    let sql = format!(
        "SELECT key, {} FROM object WHERE bucket = ?1 AND key {start} ?2 {bound} ORDER BY key LIMIT ?4",
        object::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let wanted = query.limit + 1 - page.entries.len();
    let mut rows = statement.query(params![query.bucket, from.key, end, wanted])?;
    while let Some(row) = rows.next()? {
        let key = String::from_utf8_lossy(row.get_ref(0)?.as_blob()?).into_owned();
        if let Some(common) = common_prefix(query, &key) {
            let after = successor(common.as_bytes());
            page.entries.push(Entry::Prefix(common));
            let full = page.entries.len() > query.limit;
            return Ok(after.filter(|_| !full).map(|key| From { key, inclusive: true }));
        }
        page.entries.push(Entry::Object(key, Box::new(read_row(row, 1)?)));
    }
    Ok(None)
}

fn common_prefix(query: &Query, key: &str) -> Option<String> {
    let rest = key.strip_prefix(&query.prefix)?;
    let end = rest.find(&query.delimiter).filter(|_| !query.delimiter.is_empty())?;
    Some(key[..query.prefix.len() + end + query.delimiter.len()].to_owned())
}

/// The least byte string that is greater than all that start with this one; `None` where there is none.
pub(super) fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{prop, proptest};

    use super::super::blob::BlobId;
    use super::super::description::Description;
    use super::super::index::tests::in_memory;
    use super::super::object::Condition;
    use super::*;

    fn holding<'a>(keys: impl IntoIterator<Item = &'a str>) -> Connection {
        let connection = in_memory();
        connection.execute("INSERT INTO bucket VALUES ('acme', 0, '')", []).unwrap();
        let object = Object {
            blob: BlobId::parse("0000000000000000000000000000").unwrap(),
            size: 1,
            etag: "e".to_owned(),
            modified: 0,
            description: Description::default(),
        };
        for key in keys {
            object::put(&connection, None, ("acme", key), &object, &Condition::None).unwrap();
        }
        connection
    }

    fn query(prefix: &str, delimiter: &str, limit: usize) -> Query {
        let (prefix, delimiter) = (prefix.to_owned(), delimiter.to_owned());
        Query { bucket: "acme".to_owned(), prefix, delimiter, after: None, limit }
    }

    /// All pages, each begun after the last entry of the one before.
    fn walk(connection: &Connection, mut query: Query) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        loop {
            let page = list(connection, &query).unwrap();
            let names: Vec<String> = page.entries.iter().map(|entry| entry.name().to_owned()).collect();
            query.after = names.last().cloned();
            pages.push(names);
            if !page.truncated {
                return pages;
            }
        }
    }

    #[test]
    fn a_prefix_ends_where_it_ends() {
        let connection = holding(["static", "static-old/a", "static/a", "static/b", "static0"]);
        assert_eq!(walk(&connection, query("static/", "", 9)), [["static/a", "static/b"]]);
        assert_eq!(
            walk(&connection, query("static", "/", 9)),
            [["static", "static-old/", "static/", "static0"]]
        );
    }

    #[test]
    fn a_page_that_ends_with_the_last_entry_is_the_last() {
        let connection = holding(["a", "b", "c/1", "c/2"]);
        assert_eq!(walk(&connection, query("", "", 2)), [["a", "b"], ["c/1", "c/2"]]);
        assert_eq!(walk(&connection, query("", "/", 3)), [["a", "b", "c/"]]);
        assert_eq!(walk(&connection, query("", "/", 1)), [["a"], ["b"], ["c/"]]);
        assert!(!list(&connection, &query("", "", 0)).unwrap().truncated);
    }

    #[test]
    fn keys_are_in_the_order_of_their_bytes() {
        let keys = ["A", "a", "a!", "a/b", "a0", "\u{7f}", "\u{e9}", "\u{ff5e}", "\u{1f642}"];
        let connection = holding(keys.into_iter().rev());
        assert_eq!(walk(&connection, query("", "", 100)), [keys]);
    }

    #[test]
    fn what_comes_after_a_key_may_share_its_prefix() {
        let connection = holding(["a/1", "a/2", "b"]);
        let after = |after: &str| {
            let query = Query { after: Some(after.to_owned()), ..query("", "/", 9) };
            let page = list(&connection, &query).unwrap();
            page.entries.iter().map(|entry| entry.name().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(after("a/1"), ["a/", "b"]);
        assert_eq!(after("a/"), ["b"]);
        assert_eq!(after(""), ["a/", "b"]);
    }

    #[test]
    fn nothing_starts_beyond_the_last_byte() {
        assert_eq!(successor(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(successor(b"a\xff"), Some(b"b".to_vec()));
        assert_eq!(successor(b"\xff"), None);
        assert_eq!(successor(b""), None);
    }

    proptest! {
        #[test]
        fn pages_together_are_the_listing(
            keys in prop::collection::btree_set("[ab/\u{10ffff}]{1,5}", 0..20),
            prefix in "[ab/]{0,2}",
            delimiter in prop::sample::select(vec!["", "/", "b/"]),
            limit in 1_usize..5,
        ) {
            let expected: BTreeSet<String> = keys
                .iter()
                .filter_map(|key| {
                    let rest = key.strip_prefix(&prefix)?;
                    let end = rest.find(delimiter).filter(|_| !delimiter.is_empty());
                    Some(end.map_or(key.clone(), |end| key[..prefix.len() + end + delimiter.len()].to_owned()))
                })
                .collect();
            let connection = holding(keys.iter().map(String::as_str));
            let pages = walk(&connection, query(&prefix, delimiter, limit));
            let listed: Vec<String> = pages.concat();
            assert!(pages.iter().all(|page| page.len() <= limit));
            assert_eq!(listed, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
