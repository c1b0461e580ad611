//! Passes requests on to a server: counts them by method, and holds each back for a while before it goes on, as a server
//! far away would. Prints its port; for each line on stdin the counts since the last one; ends with stdin.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;

use super::Outcome;

type Counts = Arc<Mutex<BTreeMap<String, u64>>>;

/// Serves until stdin ends.
pub(crate) async fn serve(upstream: &str, delay: &str) -> Outcome {
    let delay = Duration::from_millis(delay.parse()?);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    let counts = Counts::default();
    tokio::spawn(accept(listener, upstream.to_owned(), delay, Arc::clone(&counts)));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await?.is_some() {
        let since = std::mem::take(&mut *counts.lock().map_err(|_| "a request panicked")?);
        println!("{}", serde_json::to_string(&since)?);
    }
    Ok(())
}

async fn accept(listener: TcpListener, upstream: String, delay: Duration, counts: Counts) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    while let Ok((stream, _)) = listener.accept().await {
        // Without it, small answers wait for acknowledgements.
        let _ = stream.set_nodelay(true);
        let (client, upstream, counts) = (client.clone(), upstream.clone(), Arc::clone(&counts));
        let service = service_fn(move |mut request: Request<Incoming>| {
            if let Ok(mut counts) = counts.lock() {
                *counts.entry(request.method().to_string()).or_default() += 1;
            }
            let towards = uri(&upstream, request.uri());
            let client = client.clone();
            async move {
                *request.uri_mut() = towards?;
                tokio::time::sleep(delay).await;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(client.request(request).await?)
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn uri(upstream: &str, asked: &Uri) -> Result<Uri, http::Error> {
    let path = asked.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder().scheme("http").authority(upstream).path_and_query(path).build()
}
