//! `rm`.

use std::io::{self, BufRead as _};

use s3collect::error::{Exit, Problem};
use s3collect::name::clean_name;
use s3collect::report::count;
use s3collect::storage::{ListedFile, StorageError};
use s3collect::store::StoreError;
use serde_json::json;

use crate::args::Rm;

use super::{Context, Ended};

/// Names that go by one request.
const AT_ONCE: usize = 1000;

/// Deletes files, or everything in directories.
pub(super) async fn rm(context: &Context<'_>, rm: &Rm) -> Result<Exit, Ended> {
    let (deleted, failed) =
        if rm.recursive { recursively(context, rm).await? } else { singly(context, rm).await? };
    let told = count(deleted, "name", "names");
    context.printer.line(&format!("{told} deleted  {}", context.place()));
    if !failed.is_empty() {
        return Err(Ended::Problems(Problem::all(&failed)));
    }
    if context.as_json {
        context
            .document("rm", json!({ "names": rm.names, "recursive": rm.recursive, "deleted": deleted }))?;
    }
    Ok(Exit::Done)
}

/// How many names are gone, and which are not.
type Removed = (u64, Vec<StoreError>);

async fn singly(context: &Context<'_>, rm: &Rm) -> Result<Removed, Ended> {
    let failed = context.storage.delete_all(&rm.names).await?;
    Ok(((rm.names.len() - failed.len()) as u64, failed))
}

async fn recursively(context: &Context<'_>, rm: &Rm) -> Result<Removed, Ended> {
    let files = below(context, rm).await?;
    let mut failed = Vec::new();
    for chunk in files.chunks(AT_ONCE) {
        if context.transfer.cancel.is_cancelled() {
            return Err(StorageError::Interrupted.into());
        }
        failed.extend(context.storage.delete_listed(chunk).await?);
    }
    // The object that some tools make to mark a directory; that there is none is no error.
    for directory in rm.names.iter().filter(|name| !clean_name(name).trim_matches(['.', '/']).is_empty()) {
        context.storage.delete(&format!("{directory}/")).await?;
    }
    Ok(((files.len() - failed.len()) as u64, failed))
}

/// All files in the directories, once somebody has agreed that they go.
async fn below(context: &Context<'_>, rm: &Rm) -> Result<Vec<ListedFile>, Ended> {
    for directory in &rm.names {
        if context.storage.prefix(directory)?.is_empty() {
            let problem = Problem::new(format!("`rm -r {directory}` would delete the whole bucket"));
            let problem = problem.with_exit(Exit::Usage).with_hint("name a directory, or set `location`");
            return Err(Ended::Problems(vec![problem]));
        }
    }
    let (mut all, mut kept) = (Vec::new(), 0);
    for directory in &rm.names {
        let prefix = context.storage.prefix(directory)?;
        let walked = context.storage.walk(directory, |files| {
            let before = all.len() + files.len();
            all.extend(files.into_iter().filter(|file| !context.is_record(&file.key, &prefix)));
            kept += before - all.len();
            Ok::<(), StorageError>(())
        });
        walked.await?;
    }
    if kept > 0 {
        let told = count(kept as u64, "record of releases stays", "records of releases stay");
        context.printer.line(&format!("{told}: only `rm -r` of their own directory deletes such"));
    }
    if all.is_empty() || rm.yes {
        return Ok(all);
    }
    let what = count(all.len() as u64, "file", "files");
    if !context.interactive {
        let problem = Problem::new(format!("`rm -r` would delete {what}, and nobody is there to be asked"));
        let problem = problem.with_exit(Exit::Usage).with_hint("pass `--yes` if that is meant");
        return Err(Ended::Problems(vec![problem]));
    }
    if agreed(context, &what).await? {
        return Ok(all);
    }
    let problem = Problem::new("not agreed").with_note("nothing was deleted");
    Err(Ended::Problems(vec![problem]))
}

/// Asks on the terminal.
async fn agreed(context: &Context<'_>, what: &str) -> Result<bool, Ended> {
    context.printer.question(&format!("delete {what} under {}? [y/N] ", context.place()));
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    let answer = answer.await.map_err(|error| Ended::Output(io::Error::other(error)))?;
    let answer = answer.map_err(Ended::Output)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
