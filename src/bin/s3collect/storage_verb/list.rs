//! `ls`.

use s3collect::error::Exit;
use s3collect::storage::ListedFile;
use serde_json::{Value, json};

use crate::args::Ls;

use super::{Context, Ended, date};

/// Lists a directory, or all that is in it.
pub(super) async fn ls(context: &Context<'_>, ls: &Ls) -> Result<Exit, Ended> {
    let mut documents = Vec::new();
    let mut directories = Vec::new();
    let prefix = context.storage.prefix(&ls.prefix)?;
    let mut tell = |mut files: Vec<ListedFile>| {
        files.retain(|file| !context.is_record(&file.key, &prefix));
        if context.as_json {
            documents.extend(files.iter().map(document));
            return Ok(());
        }
        context.print(files.iter().map(|file| line(file, ls.long)))
    };
    if ls.recursive {
        context.storage.walk(&ls.prefix, &mut tell).await?;
    } else {
        let listing = context.storage.listdir(&ls.prefix).await?;
        directories = listing.directories;
        directories.retain(|name| !context.is_record(&format!("{prefix}{name}/"), &prefix));
        if !context.as_json {
            let blank = if ls.long { format!("{:>12}  {:20}  ", "", "") } else { String::new() };
            context.print(directories.iter().map(|name| format!("{blank}{name}/")))?;
        }
        tell(listing.files)?;
    }
    if context.as_json {
        context.document(
            "ls",
            json!({
                "bucket": context.storage.options().bucket,
                "prefix": ls.prefix,
                "directories": directories,
                "files": documents,
            }),
        )?;
    }
    Ok(Exit::Done)
}

fn line(file: &ListedFile, long: bool) -> String {
    if long {
        let date = date(file.last_modified).unwrap_or_default();
        format!("{:>12}  {date:20}  {}", file.size, file.name)
    } else {
        file.name.clone()
    }
}

fn document(file: &ListedFile) -> Value {
    json!({
        "name": file.name,
        "size": file.size,
        "etag": file.etag,
        "last_modified": date(file.last_modified),
    })
}
