//! Requests and answers as bytes, which the proxy hands on as they are, or not quite.
#![expect(clippy::disallowed_types, reason = "a proxy of the tests that reaches what is behind it")]

use hmac::{Hmac, KeyInit as _, Mac as _};
use s3collect::digest::hex;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::proxy::fill;

/// A request as it came.
pub(super) struct Request {
    method: String,
    /// Path and query.
    pub(super) target: String,
    headers: Vec<(String, String)>,
    /// Of its body.
    pub(super) length: usize,
    body: Vec<u8>,
}

impl Request {
    /// The next one on a connection, without its body.
    pub(super) async fn head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Self> {
        let end = loop {
            match end_of_head(buffer) {
                Some(end) => break end,
                None => fill(stream, buffer, buffer.len() + 1).await?,
            }
        };
        let head = String::from_utf8(buffer.drain(..end).collect()).expect("a head in UTF-8");
        let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
        let mut line = lines.next()?.split(' ').map(str::to_owned);
        let (method, target) = (line.next()?, line.next()?);
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            // Nobody waits for it, and what comes before an answer is no answer.
            .filter(|(name, _)| name != "expect")
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().expect("a length"));
        Some(Self { method, target, headers, length, body: Vec::new() })
    }

    /// Reads so much of the body.
    pub(super) async fn body(
        &mut self,
        stream: &mut TcpStream,
        buffer: &mut Vec<u8>,
        length: usize,
    ) -> Option<()> {
        fill(stream, buffer, length).await?;
        self.body = buffer.drain(..length).collect();
        Some(())
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// S3's name of what is asked for.
    pub(super) fn operation(&self) -> &'static str {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        match self.method.as_str() {
            "PUT" if has("partNumber") => "UploadPart",
            "PUT" => "PutObject",
            "POST" if has("uploads") => "CreateMultipartUpload",
            "POST" if has("uploadId") => "CompleteMultipartUpload",
            "POST" => "DeleteObjects",
            "DELETE" if has("uploadId") => "AbortMultipartUpload",
            "DELETE" => "DeleteObject",
            "HEAD" => "HeadObject",
            "GET" if has("list-type") => "ListObjectsV2",
            _ => "GetObject",
        }
    }

    /// What it asks for, without what is another each time: ids of uploads and releases.
    pub(super) fn identity(&self) -> String {
        let part =
            self.target.split(['?', '&']).find(|pair| pair.starts_with("partNumber=")).unwrap_or_default();
        let key = match self.key().split_once("/releases/") {
            Some((home, _)) => home,
            None => self.key(),
        };
        format!("{} {key} {part}", self.operation())
    }

    /// The path: bucket and key.
    pub(super) fn key(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Changes a bit in the middle of the body.
    pub(super) fn flip(&mut self) {
        let middle = self.body.len() / 2;
        if let Some(byte) = self.body.get_mut(middle) {
            *byte ^= 1;
        }
    }

    /// Signs the request as it is now, with what its own signature covered.
    pub(super) fn sign(&mut self, secret: &str) {
        let hash = hex(&Sha256::digest(&self.body));
        for (name, value) in &mut self.headers {
            if name == "x-amz-content-sha256" {
                value.clone_from(&hash);
            }
        }
        let header = |name: &str| {
            let values = self.headers.iter().filter(|(known, _)| known == name);
            values.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(",")
        };
        let authorization = header("authorization");
        let part = |name: &str| {
            let (_, rest) = authorization.split_once(name).expect("a signature of version 4");
            rest.split([',', ' ']).next().unwrap_or_default().to_owned()
        };
        let (signed, credential) = (part("SignedHeaders="), part("Credential="));
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut pairs: Vec<String> = query.split('&').map(with_value).collect();
        pairs.sort();
        let headers: String = signed.split(';').map(|name| format!("{name}:{}\n", header(name))).collect();
        let canonical = format!("{}\n{path}\n{}\n{headers}\n{signed}\n{hash}", self.method, pairs.join("&"));
        let scope = credential.split_once('/').expect("a scope").1.to_owned();
        let text = format!(
            "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
            header("x-amz-date"),
            hex(&Sha256::digest(canonical))
        );
        let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, word| mac(&key, word));
        let signature = hex(&mac(&key, &text));
        let before = part("Signature=");
        for (name, value) in &mut self.headers {
            if name == "authorization" {
                *value = value.replace(&before, &signature);
            }
        }
    }
}

fn with_value(pair: &str) -> String {
    if pair.is_empty() || pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys have any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The answer to a request, as it came.
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    /// Asks what is behind the proxy, over a connection of its own.
    pub(super) async fn to(request: &Request, port: u16) -> Option<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
        for (name, value) in &request.headers {
            if name != "connection" {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str("connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(&request.body).await.ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.ok()?;
        let end = end_of_head(&bytes)?;
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in UTF-8");
        let kept: Vec<&str> = head.split("\r\n").filter(|line| *line != "connection: close").collect();
        let bytes = [kept.join("\r\n").as_bytes(), &bytes[end..]].concat();
        Some(Self { bytes })
    }

    /// Its first half: of its body, or where there is none of its head.
    pub(super) fn half(&self) -> &[u8] {
        let end = end_of_head(&self.bytes).unwrap_or_default();
        let body = self.bytes.len() - end;
        let half = if body > 1 { end + body / 2 } else { end / 2 };
        &self.bytes[..half]
    }

    /// Makes every ETag another one.
    pub(super) fn spoil_etag(&mut self) {
        let Ok(text) = std::str::from_utf8(&self.bytes) else { return };
        let etag = regex::Regex::new("(?i)(etag(?:: |>)(?:\"|&quot;)?)([0-9a-f])").expect("a pattern");
        let other = |found: &regex::Captures<'_>| {
            let digit = if &found[2] == "0" { "1" } else { "0" };
            format!("{}{digit}", &found[1])
        };
        self.bytes = etag.replace_all(text, other).into_owned().into_bytes();
    }

    /// Changes a bit in the middle of the body.
    pub(super) fn flip(&mut self) {
        let end = end_of_head(&self.bytes).unwrap_or_default();
        let middle = end + (self.bytes.len() - end) / 2;
        if let Some(byte) = self.bytes.get_mut(middle) {
            *byte ^= 1;
        }
    }
}

/// Behind the empty line.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|position| position + 4)
}

/// S3's way to say no.
pub(super) fn refusal(status: &str, code: &str, without_body: bool) -> Vec<u8> {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{code} by the proxy\
         </Message><RequestId>4442587FB7D0A2F9</RequestId></Error>"
    );
    let document = if without_body { String::new() } else { document };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/xml\r\nx-amz-request-id: 4442587FB7D0A2F9\r\n\
         content-length: {}\r\n\r\n",
        document.len()
    );
    (head + &document).into_bytes()
}
