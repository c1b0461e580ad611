//! `ls`, `stat`, `exists`, `cat`, `get`, `put` and `rm`: open the storage, do the one thing, tell.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use s3collect::error::{Diagnose, Exit, Problem};
use s3collect::ledger;
use s3collect::name::Location;
use s3collect::settings::Loaded;
use s3collect::storage::{S3Storage, Transfer};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;

use crate::args::StorageVerb;
use crate::interrupt;
use crate::output::{Printer, Watch};

mod list;
mod look;
mod remove;
mod transfer;

/// Why a verb ended without an answer.
pub(crate) enum Ended {
    /// Something is wrong with the files or the service.
    Problems(Vec<Problem>),
    /// What was to be told could not be written.
    Output(io::Error),
}

impl<E: Diagnose> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Problems(vec![Problem::of(&error)])
    }
}

/// What a verb works with.
pub(crate) struct Context<'a> {
    storage: S3Storage,
    printer: &'a Arc<Printer>,
    as_json: bool,
    transfer: Transfer,
    /// A terminal is there to be asked.
    interactive: bool,
    /// Where records of releases are, besides the directories of that name.
    records: Option<String>,
}

/// Runs a verb and tells.
pub(crate) fn run(
    loaded: &Loaded,
    verb: StorageVerb,
    as_json: bool,
    interactive: bool,
    journal: Option<PathBuf>,
    printer: &Arc<Printer>,
) -> io::Result<Exit> {
    printer.warnings(&loaded.warnings);
    for note in &loaded.notes {
        printer.line(note);
    }
    let runtime = crate::runtime()?;
    let ended = runtime.block_on(async {
        let cancel = CancellationToken::new();
        interrupt::watch(cancel.clone(), Arc::clone(printer), "requests under way");
        let opened = tokio::select! {
            opened = S3Storage::connect(&loaded.settings) => opened,
            () = cancel.cancelled() => return Ok(Exit::Interrupted),
        };
        let mut storage = match opened {
            Ok(storage) => storage,
            Err(problem) => return printer.failed(&[problem], as_json),
        };
        if let Some(directory) = journal {
            storage = storage.with_journal(directory);
        }
        let records = loaded.settings.releases.prefix.as_ref().map(Location::prefix);
        let reporter = Arc::new(Watch::new(Arc::clone(printer)));
        let transfer = Transfer { reporter, cancel: cancel.clone() };
        let context = Context { storage, printer, as_json, transfer, interactive, records };
        let ended = carried_out(&context, verb, &cancel).await;
        context.storage.close().await;
        match ended {
            Ok(exit) => Ok(exit),
            Err(Ended::Problems(problems)) => printer.failed(&problems, as_json),
            Err(Ended::Output(error)) => Err(error),
        }
    });
    // A read of stdin that nobody answers must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}

async fn carried_out(
    context: &Context<'_>,
    verb: StorageVerb,
    cancel: &CancellationToken,
) -> Result<Exit, Ended> {
    let work = async {
        match verb {
            StorageVerb::Ls(ls) => list::ls(context, &ls).await,
            StorageVerb::Stat(stat) => look::stat(context, &stat.name).await,
            StorageVerb::Exists(exists) => look::exists(context, &exists.name).await,
            StorageVerb::Cat(cat) => transfer::cat(context, &cat.names).await,
            // These end by themselves, leaving nothing half-done.
            StorageVerb::Get(get) => return transfer::get(context, get.name, get.file).await,
            StorageVerb::Put(put) => return transfer::put(context, put.file, put.name).await,
            StorageVerb::Rm(rm) => remove::rm(context, &rm).await,
        }
    };
    tokio::pin!(work);
    tokio::select! {
        biased;
        ended = &mut work => ended,
        () = patient(cancel) => Ok(Exit::Interrupted),
    }
}

/// An interrupt, with time for what tidies up after itself.
async fn patient(cancel: &CancellationToken) {
    cancel.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// How long an interrupted verb may take to end by itself.
const GRACE: Duration = Duration::from_secs(30);

impl Context<'_> {
    /// Prints the document of a verb that did what it was asked.
    fn document(&self, verb: &str, fields: Value) -> Result<(), Ended> {
        let mut document = json!({ "verb": verb, "ok": true });
        if let (Value::Object(document), Value::Object(fields)) = (&mut document, fields) {
            document.extend(fields);
        }
        self.printer.json(&document).map_err(Ended::Output)
    }

    /// Lines of data, to stdout.
    fn print<T: AsRef<str>>(&self, rows: impl IntoIterator<Item = T>) -> Result<(), Ended> {
        self.printer.rows(rows).map_err(Ended::Output)
    }

    /// Whether a key belongs to the records of releases, which are nobody's files, and whoever asked for what is under a
    /// prefix did not ask for them by name.
    fn is_record(&self, key: &str, prefix: &str) -> bool {
        let below = key.strip_prefix(prefix).unwrap_or(key);
        let mut directories = below.split('/').rev().skip(1);
        let is_elsewhere =
            |records: &String| key.starts_with(records.as_str()) && !prefix.starts_with(records.as_str());
        directories.any(|directory| directory == ledger::HOME.trim_end_matches('/'))
            || self.records.as_ref().is_some_and(is_elsewhere)
    }

    /// `s3://bucket/`, with the location.
    fn place(&self) -> String {
        let options = self.storage.options();
        format!("s3://{}/{}", options.bucket, options.location.prefix())
    }
}

/// RFC 3339 in UTC, whole seconds; empty for none.
fn date(time: Option<SystemTime>) -> Option<String> {
    let date = OffsetDateTime::from(time?).replace_nanosecond(0).ok()?;
    date.format(&Rfc3339).ok()
}
