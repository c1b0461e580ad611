//! The index: one SQLite database for everything but bodies. All changes go through one thread, which puts
//! those that wait into one transaction, so that they share its fsyncs; several processes may do so at once.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use s3s::{S3ErrorCode, S3Result};
use tokio::sync::oneshot;

use super::blob::{BlobId, Blobs, Pending, sync_directory};
use super::error::LocalError;
use super::refusal;

/// How long a change waits for another process.
const BUSY: Duration = Duration::from_secs(60);
/// The most changes in one transaction.
const BATCH: usize = 256;
/// The layout below.
const LAYOUT: i64 = 1;
const SCHEMA: &str = "
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS bucket (
    name TEXT PRIMARY KEY, created INTEGER NOT NULL, region TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object (
    bucket TEXT NOT NULL, key BLOB NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified INTEGER NOT NULL, description TEXT NOT NULL, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS upload (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, started INTEGER NOT NULL,
    description TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part (
    upload TEXT NOT NULL, number INTEGER NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL,
    etag TEXT NOT NULL, modified INTEGER NOT NULL, checksums TEXT NOT NULL, PRIMARY KEY (upload, number)
) WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;";

/// What a change gives back, and which bodies nothing names any more once it is committed.
pub(super) struct Change<T> {
    /// For the caller.
    pub(super) value: T,
    /// To be removed.
    pub(super) unnamed: Vec<BlobId>,
}

/// Told whether the transaction was committed: removes the bodies that nothing names, then tells the caller.
type Conclude = Box<dyn FnOnce(&S3Result, &Blobs) + Send>;

struct Job {
    directories: Vec<PathBuf>,
    run: Box<dyn FnOnce(&Connection) -> Conclude + Send>,
}

/// So many connections are kept for the next query; each holds up to half a MiB of pages.
const IDLE_READERS: usize = 4;

/// The index of one directory, opened.
pub(super) struct Index {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<thread::JoinHandle<()>>,
}

impl Index {
    /// Opens it, making it where there is none.
    pub(super) fn open(path: &Path, blobs: Arc<Blobs>) -> Result<Self, LocalError> {
        let failed = |source| LocalError::Index { index: path.to_owned(), source };
        let connection = connect(path).map_err(failed)?;
        let layout: i64 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        match layout {
            LAYOUT => {}
            0 => connection.execute_batch(SCHEMA).map_err(failed)?,
            _ => return Err(LocalError::Newer(path.to_owned())),
        }
        let (jobs, queue) = mpsc::channel();
        let writer = thread::Builder::new()
            .name("s3collect-index".to_owned())
            .spawn(move || write(&connection, &queue, &blobs))
            .map_err(|source| LocalError::Directory { directory: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), readers: Mutex::default(), jobs: Some(jobs), writer: Some(writer) })
    }

    /// Runs a query on a connection of its own; blocks.
    pub(super) fn read<T>(&self, query: impl FnOnce(&Connection) -> S3Result<T>) -> S3Result<T> {
        let free = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match free {
            Some(connection) => connection,
            None => connect(&self.path).map_err(refusal::index)?,
        };
        let answer = query(&connection);
        let mut idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        answer
    }

    /// Makes a change that is durable when this returns. Either all of it happens or nothing; `pending` bodies
    /// stay if it does and go if it does not, even when the caller stops waiting.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        pending: Vec<Pending>,
        change: impl FnOnce(&Connection) -> S3Result<Change<T>> + Send + 'static,
    ) -> S3Result<T> {
        let (reply, answer) = oneshot::channel();
        let directories = pending.iter().map(Pending::directory).collect();
        let run = Box::new(move |connection: &Connection| -> Conclude {
            let result = in_savepoint(connection, change);
            Box::new(move |committed, blobs| {
                let outcome = committed.as_ref().map_err(refusal::repeat).map(drop).and(result);
                let outcome = match outcome {
                    Ok(change) => {
                        pending.into_iter().for_each(Pending::keep);
                        change.unnamed.iter().for_each(|id| blobs.remove(id));
                        Ok(change.value)
                    }
                    Err(refused) => {
                        drop(pending);
                        Err(refused)
                    }
                };
                let _caller_left = reply.send(outcome);
            })
        });
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { directories, run }).is_ok());
        let stopped = || refusal::refuse(S3ErrorCode::ServiceUnavailable, "The endpoint is stopping.");
        if !sent {
            return Err(stopped());
        }
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            let _panicked = writer.join();
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -512")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The writing thread: takes what waits, commits it together, tells everybody.
fn write(connection: &Connection, queue: &mpsc::Receiver<Job>, blobs: &Blobs) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        jobs.extend(queue.try_iter().take(BATCH - 1));
        let directories: BTreeSet<PathBuf> =
            jobs.iter_mut().flat_map(|job| std::mem::take(&mut job.directories)).collect();
        let (conclusions, committed) = transaction(connection, &directories, jobs);
        for conclude in conclusions {
            conclude(&committed, blobs);
        }
    }
}

/// One transaction for all jobs. Where it fails, every job hears so and nothing has happened.
fn transaction(
    connection: &Connection,
    directories: &BTreeSet<PathBuf>,
    jobs: Vec<Job>,
) -> (Vec<Conclude>, S3Result) {
    let begun = directories
        .iter()
        .try_for_each(|directory| sync_directory(directory))
        .map_err(refusal::disk)
        .and_then(|()| execute(connection, "BEGIN IMMEDIATE"));
    let conclusions = jobs.into_iter().map(|job| (job.run)(connection)).collect();
    let committed = begun.and_then(|()| match connection.is_autocommit() {
        // SQLite itself rolls back when the disk is full.
        true => Err(refusal::full()),
        false => execute(connection, "COMMIT"),
    });
    if committed.is_err() && !connection.is_autocommit() {
        let _nothing_left_to_undo = execute(connection, "ROLLBACK");
    }
    (conclusions, committed)
}

fn in_savepoint<T>(
    connection: &Connection,
    change: impl FnOnce(&Connection) -> S3Result<Change<T>>,
) -> S3Result<Change<T>> {
    if connection.is_autocommit() {
        // The transaction could not begin, or a full disk ended it.
        return Err(refusal::full());
    }
    execute(connection, "SAVEPOINT change")?;
    let result = change(connection);
    if result.is_err() && !connection.is_autocommit() {
        execute(connection, "ROLLBACK TO change")?;
    }
    if !connection.is_autocommit() {
        execute(connection, "RELEASE change")?;
    }
    result
}

fn execute(connection: &Connection, statement: &str) -> S3Result<()> {
    let run = || connection.prepare_cached(statement)?.execute([]);
    run().map(drop).map_err(refusal::index)
}

/// All bodies that the index names.
pub(super) fn named_blobs(connection: &Connection) -> S3Result<HashSet<String>> {
    let query = || {
        let mut statement = connection.prepare("SELECT blob FROM object UNION ALL SELECT blob FROM part")?;
        statement.query_map([], |row| row.get(0))?.collect::<Result<HashSet<String>, _>>()
    };
    query().map_err(refusal::index)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;

    use super::*;
    use crate::local::blob::Spool;

    /// An index without a directory, for tests of what runs inside a transaction.
    pub(in crate::local) fn in_memory() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        connection
    }

    fn open(directory: &Path) -> (Arc<Blobs>, Index) {
        let blobs = Arc::new(Blobs::open(directory).unwrap());
        let index = Index::open(&directory.join("index"), Arc::clone(&blobs)).unwrap();
        (blobs, index)
    }

    fn body(blobs: &Arc<Blobs>) -> (BlobId, Pending) {
        let mut spool = Spool::create(blobs, &[]).unwrap();
        spool.append(&[Bytes::from_static(b"body")]).unwrap();
        let pending = spool.finish().unwrap().pending;
        (pending.id().clone(), pending)
    }

    fn make(connection: &Connection, name: &str) -> S3Result<Change<()>> {
        connection.execute("INSERT INTO bucket VALUES (?1, 0, '')", [name]).map_err(refusal::index)?;
        Ok(Change { value: (), unnamed: Vec::new() })
    }

    fn buckets(index: &Index) -> i64 {
        let count = |connection: &Connection| {
            connection.query_row("SELECT COUNT(*) FROM bucket", [], |row| row.get(0)).map_err(refusal::index)
        };
        index.read(count).unwrap()
    }

    #[tokio::test]
    async fn a_refused_change_leaves_neither_row_nor_body() {
        let directory = tempfile::tempdir().unwrap();
        let (blobs, index) = open(directory.path());
        let (id, pending) = body(&blobs);
        let refused = index.change(vec![pending], |connection| -> S3Result<Change<()>> {
            make(connection, "one")?;
            Err(refusal::precondition_failed())
        });
        assert_eq!(*refused.await.unwrap_err().code(), S3ErrorCode::PreconditionFailed);
        assert_eq!(buckets(&index), 0);
        assert!(blobs.read(&id).is_err());
        let (id, pending) = body(&blobs);
        index.change(vec![pending], |connection| make(connection, "one")).await.unwrap();
        assert_eq!(buckets(&index), 1);
        assert!(blobs.read(&id).is_ok());
    }

    #[tokio::test]
    async fn a_change_happens_though_its_caller_has_gone() {
        let directory = tempfile::tempdir().unwrap();
        let (blobs, index) = open(directory.path());
        let (id, pending) = body(&blobs);
        let change = index.change(vec![pending], |connection| make(connection, "one"));
        let _asked_once = tokio::time::timeout(Duration::ZERO, change).await;
        index.change(Vec::new(), |connection| make(connection, "two")).await.unwrap();
        assert_eq!(buckets(&index), 2);
        assert!(blobs.read(&id).is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_processes_take_turns() {
        let directory = tempfile::tempdir().unwrap();
        let (_, one) = open(directory.path());
        let (_, two) = open(directory.path());
        let (one, two, failed) = (Arc::new(one), Arc::new(two), Arc::new(AtomicUsize::new(0)));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..100 {
            let (index, failed) =
                (Arc::clone(if number % 2 == 0 { &one } else { &two }), Arc::clone(&failed));
            // Each name is wanted by both, and only one gets it.
            let name = format!("bucket-{}", number / 2);
            tasks.spawn(async move {
                if index.change(Vec::new(), move |connection| make(connection, &name)).await.is_err() {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        tasks.join_all().await;
        assert_eq!((buckets(&one), failed.load(Ordering::Relaxed)), (50, 50));
    }

    #[test]
    fn a_newer_layout_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        drop(open(directory.path()));
        let path = directory.path().join("index");
        connect(&path).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
        let blobs = Arc::new(Blobs::open(directory.path()).unwrap());
        assert!(matches!(Index::open(&path, blobs), Err(LocalError::Newer(_))));
    }
}
