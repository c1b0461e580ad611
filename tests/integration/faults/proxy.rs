//! A proxy before an endpoint that does to requests what networks and services do to them. Which request is struck depends on
//! what it is, on how often the same came before, and on a seed: not on the order in which requests come in.
#![expect(clippy::disallowed_types, reason = "a proxy of the tests that reaches what is behind it")]

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::message::{Answer, Request, refusal};

/// How often a request is sent again that fails.
pub(super) const AGAIN: u64 = 3;

/// What happens to which requests.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// S3's names of operations; none is all.
    pub(super) operations: &'static [&'static str],
    pub(super) when: When,
    pub(super) trouble: Trouble,
    pub(super) seed: u64,
}

/// Which of the requests that are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    Always,
    /// So many of each operation on each key.
    First(u64),
    /// All that come after so many others.
    After(u64),
    /// So many of a hundred, and the same no more often than it is sent again.
    Percent(u64),
}

impl fmt::Display for When {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => formatter.write_str("each"),
            Self::First(1) => formatter.write_str("the first of each"),
            Self::First(count) => write!(formatter, "the first {count} of each"),
            Self::After(count) => write!(formatter, "from request {count} on"),
            Self::Percent(share) => write!(formatter, "{share} of 100"),
        }
    }
}

/// What happens to a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    /// It is refused with a status and a code, and nothing is done.
    Refused(&'static str, &'static str),
    /// The answer is 200 with an error in its body, and nothing is done.
    RefusedWith200(&'static str),
    /// The connection is reset when the head has come.
    ResetBefore,
    /// The same in the middle of the body.
    ResetWithin,
    /// The same behind the body; nothing is done.
    ResetAfter,
    /// It is done, and the connection is reset instead of an answer.
    Lost,
    /// No more of it is read than its head.
    Unread,
    /// Nothing is done, and nothing answered.
    Stalled,
    /// It is done, and half an answer given.
    HalfAnswered,
    /// It is done, and the connection closed behind half an answer.
    Truncated,
    /// It is done, and answered with another ETag.
    WrongEtag,
    /// A bit of its body is another, which the service sees.
    FlippedPut,
    /// The same before a service that does not look: the request is signed anew.
    FlippedUnseen,
    /// A bit of the answer's body is another.
    FlippedGet,
    /// It is done later.
    Delayed(Duration),
}

/// The proxy, and what it saw.
pub(super) struct Proxy {
    pub(super) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: u16,
    secret: String,
    rule: Mutex<Option<Rule>>,
    met: Mutex<BTreeMap<String, u64>>,
    requests: AtomicU64,
    struck: AtomicU64,
}

impl Proxy {
    /// Before a port of this machine; `secret` signs what is signed anew.
    pub(super) async fn start(upstream: u16, secret: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            upstream,
            secret: secret.to_owned(),
            rule: Mutex::default(),
            met: Mutex::default(),
            requests: AtomicU64::new(0),
            struck: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&accepting);
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        Self { port, shared }
    }

    /// Puts another rule in force, or none, counting anew.
    pub(super) fn set(&self, rule: Option<Rule>) {
        *self.shared.rule.lock().expect("no panic before") = rule;
        self.shared.met.lock().expect("no panic before").clear();
        self.shared.requests.store(0, Ordering::Relaxed);
        self.shared.struck.store(0, Ordering::Relaxed);
    }

    /// Requests since the rule was set, and how many of them were struck.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.shared.requests.load(Ordering::Relaxed), self.shared.struck.load(Ordering::Relaxed))
    }
}

/// Whether a connection goes on.
enum Next {
    Request,
    Nothing,
}

impl Shared {
    async fn serve(&self, mut stream: TcpStream) {
        let mut buffer = Vec::new();
        while let Some(mut request) = Request::head(&mut stream, &mut buffer).await {
            let trouble = self.strike(&request);
            match self.pass(&mut stream, &mut request, &mut buffer, trouble).await {
                Some(Next::Request) => {}
                Some(Next::Nothing) | None => return,
            }
        }
    }

    fn strike(&self, request: &Request) -> Option<Trouble> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let rule = self.rule.lock().expect("no panic before").clone()?;
        let is_meant = rule.operations.is_empty() || rule.operations.contains(&request.operation());
        if !is_meant {
            return None;
        }
        let same = request.identity();
        let mut met = self.met.lock().expect("no panic before");
        let before = met.entry(same.clone()).or_default();
        let is_due = match rule.when {
            When::Always => true,
            When::First(count) => *before < count,
            When::After(count) => number >= count,
            When::Percent(share) => *before < AGAIN && chance(rule.seed, &same, *before) % 100 < share,
        };
        *before += 1;
        is_due.then(|| {
            self.struck.fetch_add(1, Ordering::Relaxed);
            rule.trouble
        })
    }

    /// Hands a request on and its answer back, as far as the trouble lets it.
    async fn pass(
        &self,
        stream: &mut TcpStream,
        request: &mut Request,
        buffer: &mut Vec<u8>,
        trouble: Option<Trouble>,
    ) -> Option<Next> {
        match trouble {
            Some(Trouble::ResetBefore) => return reset(stream),
            Some(Trouble::ResetWithin) => {
                request.body(stream, buffer, request.length / 2).await?;
                return reset(stream);
            }
            Some(Trouble::Unread) => std::future::pending::<()>().await,
            _ => request.body(stream, buffer, request.length).await?,
        }
        match trouble {
            Some(Trouble::ResetAfter) => return reset(stream),
            Some(Trouble::Stalled) => std::future::pending::<()>().await,
            Some(Trouble::Delayed(time)) => tokio::time::sleep(time).await,
            Some(Trouble::Refused(status, code)) => {
                return send(stream, &refusal(status, code, request.method() == "HEAD")).await;
            }
            Some(Trouble::RefusedWith200(code)) => {
                return send(stream, &refusal("200 OK", code, false)).await;
            }
            Some(Trouble::FlippedPut) => request.flip(),
            Some(Trouble::FlippedUnseen) => {
                request.flip();
                request.sign(&self.secret);
            }
            _ => {}
        }
        let mut answer = Answer::to(request, self.upstream).await?;
        match trouble {
            Some(Trouble::Lost) => return reset(stream),
            Some(Trouble::HalfAnswered) => {
                stream.write_all(answer.half()).await.ok()?;
                std::future::pending::<()>().await;
            }
            Some(Trouble::Truncated) => {
                stream.write_all(answer.half()).await.ok()?;
                stream.shutdown().await.ok();
                return None;
            }
            Some(Trouble::WrongEtag) => answer.spoil_etag(),
            Some(Trouble::FlippedGet) => answer.flip(),
            _ => {}
        }
        send(stream, &answer.bytes).await
    }
}

async fn send(stream: &mut TcpStream, answer: &[u8]) -> Option<Next> {
    stream.write_all(answer).await.ok()?;
    Some(Next::Request)
}

/// Closes a connection so that the other side is told that it is reset.
fn reset(stream: &TcpStream) -> Option<Next> {
    stream.set_zero_linger().ok()?;
    Some(Next::Nothing)
}

/// A number that looks like chance, the same for the same.
fn chance(seed: u64, same: &str, before: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, same, before).hash(&mut hasher);
    hasher.finish()
}

/// Reads until there are so many bytes; `None` where the other side is gone.
pub(super) async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>, wanted: usize) -> Option<()> {
    while buffer.len() < wanted {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    Some(())
}
