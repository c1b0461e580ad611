//! Files that change under way, in every manner, of every size, at every moment: what is stored is what the walk saw, or it is
//! not stored.
#![expect(clippy::disallowed_methods, reason = "the tests change files under way")]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::*;

type Change = fn(&Path);

/// What becomes of a file.
const CHANGES: [(&str, Change); 5] = [
    ("grown", |path| {
        let mut file = fs::File::options().append(true).open(path).expect("it is there");
        file.write_all(b"more").expect("room");
    }),
    ("truncated", |path| {
        let file = fs::File::options().write(true).open(path).expect("it is there");
        file.set_len(10).expect("a shorter file");
    }),
    ("written to", |path| {
        let file = fs::File::options().write(true).open(path).expect("it is there");
        std::os::unix::fs::FileExt::write_all_at(&file, b"other", 1000).expect("room");
    }),
    ("replaced by one of the same size and time", |path| {
        let metadata = fs::metadata(path).expect("it is there");
        let other = path.with_extension("new");
        fs::write(&other, vec![7; usize::try_from(metadata.len()).expect("it fits")]).expect("room");
        let file = fs::File::options().write(true).open(&other).expect("it is there");
        file.set_modified(metadata.modified().expect("a time")).expect("a time");
        fs::rename(&other, path).expect("a name");
    }),
    ("removed", |path| fs::remove_file(path).expect("it is there")),
];

/// In memory, streamed by one request, in parts.
const SIZES: [usize; 3] = [3000, 2 * MIB, 9 * MIB];

/// Applies a plan of one file that changes once a request of the operation has arrived.
async fn changed_at(operation: Option<Operation>, body: &[u8], change: Change) -> (Vec<String>, Watched) {
    let site = Site::new(&[("a.bin", body)]);
    let plan = all(&site);
    let path = site.path("a.bin");
    // The change time has the grain of the kernel's clock.
    std::thread::sleep(Duration::from_millis(15));
    if operation.is_none() {
        change(&path);
    }
    let is_changed = AtomicBool::new(operation.is_none());
    let store = Watched::hooked(move |arrived, _| {
        if Some(arrived) == operation && !is_changed.swap(true, Ordering::Relaxed) {
            change(&path);
        }
    });
    let done = applied(plan, &store, usual()).await;
    (words(&done), store)
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_after_the_walk_is_not_stored() {
    let bodies = SIZES.map(noise);
    for (name, change) in CHANGES {
        for body in &bodies {
            let (size, (words, store)) = (body.len(), changed_at(None, body, change).await);
            let told = if name == "removed" {
                "vanished before it could be read"
            } else {
                "changed while it was being read"
            };
            assert_eq!(words, [format!("failed: `a.bin` {told}")], "{name}, {size}");
            assert!(store.memory().objects().is_empty(), "{name}, {size}");
            assert_eq!(store.memory().open_uploads(), 0, "{name}, {size}");
        }
    }
}

/// What is in memory by then is stored as it was read.
#[tokio::test(start_paused = true)]
async fn a_file_that_changes_while_it_is_sent_is_stored_as_it_was_or_not_at_all() {
    let moments = [Operation::PutObject, Operation::CreateMultipartUpload, Operation::UploadPart];
    let (mut tried, bodies) = (0, SIZES.map(noise));
    for (name, change) in CHANGES {
        for (body, operation) in bodies.iter().flat_map(|body| moments.map(|moment| (body, moment))) {
            let (size, (words, store)) = (body.len(), changed_at(Some(operation), body, change).await);
            let stored = store.memory().objects().remove("static/a.bin");
            let is_whole = stored.is_none_or(|object| object.body == *body);
            assert!(is_whole, "{name}, {size}, {operation}: {words:?}");
            assert_eq!(store.memory().open_uploads(), 0, "{name}, {size}, {operation}");
            let is_met = store.traffic().log.iter().any(|(_, met, _)| *met == operation);
            // A file that only grew still begins with what was hashed.
            let is_the_same = name == "grown" && operation == Operation::PutObject;
            let is_sent_from_disk = size > MIB && is_met && !is_the_same;
            assert_eq!(
                words[0].starts_with("failed: "),
                is_sent_from_disk,
                "{name}, {size}, {operation}: {words:?}"
            );
            tried += usize::from(is_sent_from_disk);
        }
    }
    assert_eq!(tried, 14);
}
