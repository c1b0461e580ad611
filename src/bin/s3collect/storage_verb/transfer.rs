//! `cat`, `get` and `put`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3collect::error::{Exit, Problem};
use s3collect::report::{Bytes, Event};
use s3collect::storage::{Content, StorageError};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::{Context, Ended};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Writes files to stdout, one after the other.
pub(super) async fn cat(context: &Context<'_>, names: &[String]) -> Result<Exit, Ended> {
    let mut documents = Vec::new();
    for name in names {
        let mut file = context.storage.open(name).await?;
        let unreadable = |source| read_error(name, source);
        if context.as_json {
            let mut body = Vec::new();
            file.read_to_end(&mut body).await.map_err(unreadable)?;
            let (text, base64) = match String::from_utf8(body) {
                Ok(text) => (Some(text), None),
                Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
            };
            documents.push(json!({ "name": name, "key": file.key(), "text": text, "base64": base64 }));
            continue;
        }
        let mut piece = vec![0; PIECE];
        loop {
            let count = file.read(&mut piece).await.map_err(unreadable)?;
            if count == 0 {
                break;
            }
            context.printer.bytes(&piece[..count]).map_err(Ended::Output)?;
        }
    }
    if context.as_json {
        context.document("cat", json!({ "files": documents }))?;
    }
    Ok(Exit::Done)
}

/// What reading failed with, as the storage told it.
fn read_error(name: &str, source: std::io::Error) -> Ended {
    match source.downcast::<StorageError>() {
        Ok(error) => error.into(),
        Err(source) => StorageError::Content { name: name.to_owned(), source }.into(),
    }
}

/// Downloads a file.
pub(super) async fn get(context: &Context<'_>, name: String, file: Option<PathBuf>) -> Result<Exit, Ended> {
    let key = context.storage.key(&name)?;
    let base = key.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let path = match file {
        Some(folder) if folder.is_dir() => folder.join(base),
        Some(path) => path,
        None => PathBuf::from(base),
    };
    if path.file_name().is_none() || path.is_dir() {
        let problem = Problem::new(format!("`{}` is no file to download into", path.display()));
        return Err(Ended::Problems(vec![problem.with_exit(Exit::Usage).with_hint("name a file as well")]));
    }
    let size = context.storage.size(&name).await?;
    let got =
        watched(context, "getting", size, context.storage.download(&name, &path, &context.transfer)).await;
    let got = match got {
        Err(StorageError::Interrupted) => {
            let kept = Problem::new("the download was interrupted")
                .with_exit(Exit::Interrupted)
                .with_note("what has come is kept in a hidden file beside the target")
                .with_hint("run it again to go on from there");
            return Err(Ended::Problems(vec![kept]));
        }
        got => got?,
    };
    if context.as_json {
        let fields = json!({
            "name": name,
            "key": got.key,
            "file": path,
            "size": got.size,
            "etag": got.etag,
            "checked": got.checked,
            "resumed": got.resumed,
        });
        context.document("get", fields)?;
    }
    let checked =
        got.checked.map_or_else(|| "no checksum to check".to_owned(), |name| format!("{name} agrees"));
    context.printer.line(&format!("{} ({}, {checked})", path.display(), Bytes(got.size)));
    Ok(Exit::Done)
}

/// Stores a file, and prints the name that it has.
pub(super) async fn put(context: &Context<'_>, file: PathBuf, name: Option<String>) -> Result<Exit, Ended> {
    let is_stdin = file == Path::new("-");
    let name = match name {
        // Into a directory; stdin has no name to have there.
        Some(folder) if folder.ends_with('/') && !is_stdin => format!("{folder}{}", base_name(&file)),
        Some(name) => name,
        None => base_name(&file),
    };
    let (content, size) = if is_stdin {
        (Content::reader(tokio::io::stdin()), 0)
    } else {
        let size = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
        (Content::file(&file), size)
    };
    take_back(context).await;
    let content = content.watched(context.transfer.clone());
    let saved = match watched(context, "putting", size, context.storage.save(&name, content)).await {
        Err(StorageError::Interrupted) => {
            let told =
                Problem::new("interrupted").with_exit(Exit::Interrupted).with_note("nothing was stored");
            return Err(Ended::Problems(vec![told]));
        }
        saved => saved?,
    };
    if !context.storage.has_conditional_writes() {
        let told = Problem::new("the store has no conditional writes: of two writers of one name, one may replace the other's file")
            .with_hint("let one process at a time write a name");
        context.printer.warnings(&[told]);
    }
    if context.as_json {
        let fields: Value =
            json!({ "name": saved.name, "key": saved.key, "size": saved.size, "etag": saved.etag });
        context.document("put", fields)?;
    } else {
        context.print([saved.name])?;
    }
    Ok(Exit::Done)
}

/// Takes back what earlier runs left when they were killed; that it cannot be is no reason to store nothing.
async fn take_back(context: &Context<'_>) {
    match context.storage.take_back().await {
        Ok(keys) => {
            for key in keys {
                let place = format!("s3://{}/{key}", context.storage.options().bucket);
                context
                    .printer
                    .line(&format!("took back the parts of an upload that was cut off: `{place}`"));
            }
        }
        Err(error) => {
            let note = "parts of an upload that was cut off stay in the bucket";
            context.printer.warnings(&[Problem::of(&error).with_note(note)]);
        }
    }
}

fn base_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Shows how far it is; 0 is a size that nobody knows.
async fn watched<T>(
    context: &Context<'_>,
    label: &'static str,
    size: u64,
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    let reporter = &context.transfer.reporter;
    reporter.event(&Event::Stage { label, files: 1, bytes: size });
    let outcome = work.await;
    reporter.event(&Event::StageEnd);
    outcome
}
