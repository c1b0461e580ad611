//! `stat` and `exists`.

use s3collect::error::Exit;
use s3collect::storage::StorageError;
use s3collect::store::{ObjectHead, StoredChecksum};
use serde_json::{Map, Value, json};

use super::{Context, Ended, date};

/// Prints what the bucket says of a file.
pub(super) async fn stat(context: &Context<'_>, name: &str) -> Result<Exit, Ended> {
    let key = context.storage.key(name)?;
    let Some(head) = context.storage.stat(name).await? else {
        let bucket = context.storage.options().bucket.clone();
        return Err(StorageError::Absent { bucket, key: key.to_string() }.into());
    };
    let (modified, parameters) = (date(head.last_modified), parameters(&head));
    if context.as_json {
        let checksums: Vec<Value> = head.checksums.iter().map(checksum).collect();
        context.document(
            "stat",
            json!({
                "name": name,
                "key": key,
                "size": head.size,
                "etag": head.etag,
                "last_modified": modified,
                "parameters": parameters,
                "checksums": checksums,
            }),
        )?;
        return Ok(Exit::Done);
    }
    let place = format!("s3://{}/{key}", context.storage.options().bucket);
    let mut rows = vec![("object", place), ("size", head.size.to_string()), ("etag", head.etag.clone())];
    rows.extend(modified.map(|modified| ("modified", modified)));
    let mut lines: Vec<String> =
        rows.into_iter().map(|(label, value)| format!("{label:20}  {value}")).collect();
    for (name, value) in &parameters {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("{name:20}  {value}"));
    }
    for stored in &head.checksums {
        let parts = stored.composite_parts.map(|parts| format!(" over {parts} parts")).unwrap_or_default();
        lines.push(format!("{:20}  {}{parts}", stored.algorithm.as_str(), stored.value));
    }
    context.print(lines)?;
    Ok(Exit::Done)
}

/// By boto3's names, `Metadata` among them where there is any.
fn parameters(head: &ObjectHead) -> Map<String, Value> {
    let named = head.parameters.iter().map(|(parameter, value)| (parameter.name().to_owned(), json!(value)));
    let mut parameters: Map<String, Value> = named.collect();
    if !head.parameters.metadata().is_empty() {
        parameters.insert("Metadata".to_owned(), json!(head.parameters.metadata()));
    }
    parameters
}

fn checksum(stored: &StoredChecksum) -> Value {
    json!({
        "algorithm": stored.algorithm.as_str(),
        "value": stored.value,
        "parts": stored.composite_parts,
    })
}

/// Says nothing where nobody asked for a document: the exit status is the answer.
pub(super) async fn exists(context: &Context<'_>, name: &str) -> Result<Exit, Ended> {
    let key = context.storage.key(name)?;
    let exists = context.storage.exists(name).await?;
    if context.as_json {
        context.document("exists", json!({ "name": name, "key": key, "exists": exists }))?;
    }
    Ok(if exists { Exit::Done } else { Exit::Differences })
}
