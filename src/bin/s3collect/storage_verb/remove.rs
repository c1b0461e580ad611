//! `rm`.

use std::io::{self, BufRead as _};

use s3collect::error::{Exit, Problem};
use s3collect::report::count;
use s3collect::storage::StorageError;
use serde_json::json;

use crate::args::Rm;

use super::{Context, Ended};

/// Names that go by one request.
const AT_ONCE: usize = 1000;

/// Deletes files, or everything in directories.
pub(super) async fn rm(context: &Context<'_>, rm: &Rm) -> Result<Exit, Ended> {
    let names = if rm.recursive { below(context, rm).await? } else { rm.names.clone() };
    let mut failed = Vec::new();
    for chunk in names.chunks(AT_ONCE) {
        if context.transfer.cancel.is_cancelled() {
            return Ok(Exit::Interrupted);
        }
        failed.extend(context.storage.delete_all(chunk).await?);
    }
    let deleted = (names.len() - failed.len()) as u64;
    context.printer.line(&format!("{} deleted  {}", count(deleted, "name", "names"), context.place()));
    if !failed.is_empty() {
        return Err(Ended::Problems(failed.iter().map(Problem::of).collect()));
    }
    if context.as_json {
        context.document("rm", json!({ "names": rm.names, "recursive": rm.recursive, "deleted": deleted }))?;
    }
    Ok(Exit::Done)
}

/// All names in the directories, once somebody has agreed that they go.
async fn below(context: &Context<'_>, rm: &Rm) -> Result<Vec<String>, Ended> {
    let mut names = Vec::new();
    for directory in &rm.names {
        // Where the location is empty, that would be the bucket.
        let root = s3collect::storage::clean_name(directory);
        if root.trim_matches('/').is_empty() && context.storage.options().location.as_str().is_empty() {
            let problem = Problem::new(format!("`rm -r {directory}` would delete the whole bucket"));
            let problem = problem.with_exit(Exit::Usage).with_hint("name a directory, or set `location`");
            return Err(Ended::Problems(vec![problem]));
        }
        let prefix = root.trim_end_matches('/').to_owned();
        let walked = context.storage.walk(directory, |files| {
            names.extend(files.into_iter().map(|file| joined(&prefix, &file.name)));
            Ok::<(), StorageError>(())
        });
        walked.await?;
    }
    if names.is_empty() || rm.yes {
        return Ok(names);
    }
    let what = count(names.len() as u64, "file", "files");
    if !context.interactive {
        let problem = Problem::new(format!("`rm -r` would delete {what}, and nobody is there to be asked"));
        let problem = problem.with_exit(Exit::Usage).with_hint("pass `--yes` if that is meant");
        return Err(Ended::Problems(vec![problem]));
    }
    if agreed(context, &what).await? {
        return Ok(names);
    }
    let problem = Problem::new("not agreed").with_note("nothing was deleted");
    Err(Ended::Problems(vec![problem]))
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
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
