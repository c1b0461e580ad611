//! A socket that answers from a script, for what the embedded endpoint would never say.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All headers but those that differ each time, are the SDK's about itself, or need the secret to check.
    pub(crate) fn told(&self) -> Vec<String> {
        let varying = ["authorization", "x-amz-date", "user-agent", "x-amz-user-agent"];
        let mut told: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| !varying.contains(&name.as_str()) && !name.starts_with("amz-sdk-"))
            .filter(|(name, _)| name != "host")
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        told.sort();
        told
    }
}

/// A socket that gives each connection one answer and closes it.
pub(crate) struct Script {
    pub(crate) port: u16,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub(crate) async fn answering(answers: Vec<String>) -> Self {
        Self::meanwhile(answers, |_| {}).await
    }

    /// The same, doing something between each request, by its number from 0, and its answer.
    pub(crate) async fn meanwhile(answers: Vec<String>, mut act: impl FnMut(usize) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            for (number, answer) in answers.into_iter().enumerate() {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut bytes = Vec::new();
                let request = loop {
                    if let Some(request) = whole(&bytes) {
                        break Some(request);
                    }
                    if stream.read_buf(&mut bytes).await.is_ok_and(|count| count == 0) {
                        break None;
                    }
                };
                log.lock().expect("no panic before").extend(request);
                act(number);
                stream.write_all(answer.as_bytes()).await.ok();
                stream.shutdown().await.ok();
            }
        });
        Self { port, seen }
    }

    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen.lock().expect("no panic before");
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

pub(crate) fn whole(bytes: &[u8]) -> Option<Seen> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in UTF-8");
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let length: usize = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().expect("a length"));
    let body = bytes[end + 4..].to_vec();
    (body.len() >= length).then_some(Seen { line, headers, body })
}

pub(crate) fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    format!("{text}\r\n{body}")
}

pub(crate) fn refusal(status: &str, code: &str, message: &str, more: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}\
         <RequestId>4442587FB7D0A2F9</RequestId></Error>"
    );
    answer(status, &["content-type: application/xml", "x-amz-request-id: 4442587FB7D0A2F9"], &body)
}
