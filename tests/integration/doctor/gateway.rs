//! A web server before the embedded endpoint, which answers itself what a test wants otherwise: what buckets of AWS are
//! configured to, and what CDNs do.
#![expect(clippy::disallowed_types, reason = "a server in a test has an upstream")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::script::{Seen, whole};

/// Where requests go on to.
pub(super) struct Upstream {
    address: String,
}

impl Upstream {
    /// The answer to the same request at another target.
    pub(super) fn at(&self, seen: &Seen, target: &str) -> Vec<u8> {
        let method = seen.line.split(' ').next().expect("a method");
        let headers = seen.headers.iter().filter(|(name, _)| name != "connection");
        let headers: String = headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut upstream = TcpStream::connect(&self.address).expect("the endpoint listens");
        let head = format!("{method} {target} HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
        upstream.write_all(&[head.as_bytes(), &seen.body].concat()).expect("it is taken");
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer).expect("an answer");
        answer
    }

    /// The answer to the same request.
    pub(super) fn pass(&self, seen: &Seen) -> Vec<u8> {
        self.at(seen, target(seen))
    }
}

/// Path and query.
pub(super) fn target(seen: &Seen) -> &str {
    seen.line.split(' ').nth(1).expect("a target")
}

/// Starts one; gives its port. It ends with the process.
pub(super) fn start(
    upstream: &str,
    answer: impl Fn(&Seen, &Upstream) -> Vec<u8> + Send + Sync + 'static,
) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let upstream = Arc::new(Upstream { address: upstream.trim_start_matches("http://").to_owned() });
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, upstream, answer) =
                (stream.expect("a connection"), Arc::clone(&upstream), Arc::clone(&answer));
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let mut piece = [0; 4096];
                while whole(&bytes).is_none() {
                    match stream.read(&mut piece) {
                        Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
                        _ => return,
                    }
                }
                let seen = whole(&bytes).expect("it is whole");
                // Whoever asked may have gone.
                _ = stream.write_all(&answer(&seen, &upstream));
            });
        }
    });
    port
}

/// An answer with a header more.
pub(super) fn with_header(answer: &[u8], header: &str) -> Vec<u8> {
    let end = answer.windows(2).position(|window| window == b"\r\n").expect("a status line") + 2;
    [&answer[..end], header.as_bytes(), b"\r\n", &answer[end..]].concat()
}

/// An answer without a header.
pub(super) fn without_header(answer: &[u8], name: &str) -> Vec<u8> {
    let (head, body) = split(answer);
    let lines = head.split("\r\n").filter(|line| !line.to_lowercase().starts_with(&format!("{name}:")));
    [lines.collect::<Vec<_>>().join("\r\n").as_bytes(), b"\r\n\r\n", body].concat()
}

/// Head and body.
pub(super) fn split(answer: &[u8]) -> (&str, &[u8]) {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    (std::str::from_utf8(&answer[..end]).expect("text"), &answer[end + 4..])
}
