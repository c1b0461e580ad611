//! The upload view that django-storages' documentation shows, in Rust: it avoids overwriting an existing file, saves what
//! was sent, and answers with its URL as JSON.
//!
//! ```console
//! $ AWS_STORAGE_BUCKET_NAME=acme-media AWS_LOCATION=media cargo run --example upload_view
//! $ curl --data-binary @cat.jpg -H 'content-type: image/jpeg' http://127.0.0.1:8000/upload/alice/cat.jpg
//! ```

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{BodyStream, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use s3collect::error::{Diagnose, Exit, Problem};
use s3collect::settings::{Given, Needs, load};
use s3collect::storage::{Content, S3Storage, StorageError, get_valid_name};
use s3collect::urls::UrlSource;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// `MediaStorage`, by the settings that a django-storages project has already, in its
/// `s3collect.toml` and its environment.
pub(crate) async fn media_storage(
    environment: &BTreeMap<String, String>,
    directory: &Path,
) -> Result<S3Storage, Problem> {
    let sets = ["backend=S3Storage".to_owned()];
    let given = Given { sets: &sets, ..Given::new(environment, directory) };
    let loaded =
        load(given, Needs { bucket: true, sources: false }).map_err(|errors| Problem::of(&errors[0]))?;
    let urls = UrlSource::open(&loaded.settings).await?;
    Ok(S3Storage::connect(&loaded.settings).await?.with_urls(urls))
}

/// Files sit below a folder of their user.
async fn post(
    media_storage: &S3Storage,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, StorageError> {
    let path = request.uri().path().to_owned();
    let Some(("upload", user, file_name)) = parts(&path) else {
        return Ok(answer(StatusCode::NOT_FOUND, &json!({ "message": "POST to /upload/USER/FILE" })));
    };
    // organize a path for the file in bucket
    let file_directory_within_bucket = format!("user_upload_files/{}", get_valid_name(user)?);
    // synthesize a full file path; note that we included the filename
    let file_path_within_bucket = format!("{file_directory_within_bucket}/{}", get_valid_name(file_name)?);

    // avoid overwriting existing file
    if media_storage.exists(&file_path_within_bucket).await? {
        let bucket_name = &media_storage.options().bucket;
        let message = format!(
            "Error: file {file_name} already exists at {file_directory_within_bucket} in bucket {bucket_name}"
        );
        return Ok(answer(StatusCode::BAD_REQUEST, &json!({ "message": message })));
    }
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let pieces = BodyStream::new(request.into_body()).map_err(std::io::Error::other);
    let pieces = pieces.try_filter_map(|frame| async { Ok(frame.into_data().ok()) });
    let file_obj = Content::stream(pieces).with_content_type(content_type);
    let saved = media_storage.save(&file_path_within_bucket, file_obj).await?;
    let file_url = media_storage.url(&saved.name)?;
    Ok(answer(StatusCode::OK, &json!({ "message": "OK", "fileUrl": file_url })))
}

fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let all = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(all)
}

fn answer(status: StatusCode, document: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(document.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}

/// What the view answers, whatever happens.
async fn view(
    media_storage: S3Storage,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::POST {
        return Ok(answer(StatusCode::METHOD_NOT_ALLOWED, &json!({ "message": "POST a file" })));
    }
    Ok(post(&media_storage, request).await.unwrap_or_else(|error| {
        let wrong_name = error.exit() == Exit::Usage;
        let status = if wrong_name { StatusCode::BAD_REQUEST } else { StatusCode::BAD_GATEWAY };
        answer(status, &json!({ "message": error.to_string() }))
    }))
}

/// Serves the view to whoever connects.
pub(crate) async fn serve(listener: TcpListener, media_storage: S3Storage) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let media_storage = media_storage.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| view(media_storage.clone(), request));
            // A client that hangs up is no reason to stop.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Serves it on port 8000.
#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "a program reads its own surroundings")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let storage = media_storage(&std::env::vars().collect(), &std::env::current_dir()?).await?;
    serve(TcpListener::bind(("127.0.0.1", 8000)).await?, storage).await?;
    Ok(())
}
