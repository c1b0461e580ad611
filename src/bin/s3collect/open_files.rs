//! How many files this process may have open, and how many requests that allows: a connection is one, and so is what it
//! sends. Where the system starts with few and allows more (256 on macOS), more are taken.

use s3collect::error::Problem;
use s3collect::settings::Settings;

/// As many as the most requests at once need; where there are more, they are left to others.
const WANTED: u64 = 1024;

/// With fewer some verbs may fail.
const FEW: u64 = 32;

/// What a request to a service has open: its connection, a file that is read, and one that is compressed into.
const EACH: u64 = 3;

/// The embedded endpoint has its own end of the connection open as well, and the body that it writes.
const EACH_LOCAL: u64 = 5;

/// What is open besides: streams, pollers, files of settings, one file for each core that hashes.
const OTHERS: u64 = 24;

/// The connections of the embedded endpoint's index: one that writes, and those that ask.
const OTHERS_LOCAL: u64 = 12;

/// Takes as many as are wanted, where that is allowed.
#[cfg(unix)]
pub(crate) fn raise() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    if current.is_some_and(|current| current < wanted) {
        // Nothing is lost where it is refused: what there is counts.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

/// Only Unix has so few.
#[cfg(not(unix))]
pub(crate) fn raise() {}

/// Has settings ask for no more requests at once than there may be files open; a warning where hardly any may.
#[cfg(unix)]
pub(crate) fn heed(settings: &mut Settings) -> Option<Problem> {
    use rustix::process::{Resource, getrlimit};
    let files = getrlimit(Resource::Nofile).current.filter(|files| *files < WANTED)?;
    let most = requests(files, settings.connection.local.is_some());
    let concurrency = &mut settings.transfer.concurrency;
    *concurrency = Some(concurrency.map_or(most, |asked| asked.min(most)));
    (files < FEW).then(|| {
        Problem::new(format!("this process may have no more than {files} files open"))
            .with_hint("`ulimit -n 256` before it allows more")
    })
}

/// Only Unix has so few.
#[cfg(not(unix))]
pub(crate) fn heed(_: &mut Settings) -> Option<Problem> {
    None
}

/// How many requests at once so many files are enough for; never none.
#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has so few"))]
fn requests(files: u64, local: bool) -> usize {
    let (each, others) = if local { (EACH_LOCAL, OTHERS + OTHERS_LOCAL) } else { (EACH, OTHERS) };
    usize::try_from(files.saturating_sub(others) / each).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_are_few_requests() {
        let both = |files| (requests(files, false), requests(files, true));
        assert_eq!(both(8), (1, 1));
        assert_eq!(both(64), (13, 5));
        assert_eq!(both(256), (77, 44));
        assert!(requests(WANTED, false) > 192 && requests(WANTED, true) > 192);
    }
}
