//! Request bodies that are read to their end even when the request is refused before: closing the connection on
//! a client that is still sending makes it lose the answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::disk::LARGEST;

/// How long a refused body is read.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a body comes back to when whoever reads it lets go of it.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Option<Incoming>>>);

/// A body that comes back.
pub(super) struct Lent {
    body: Option<Incoming>,
    begun: bool,
    unread: Unread,
}

impl Unread {
    /// Lends a body. A client that waits for `100 Continue` sends nothing before somebody reads.
    pub(super) fn lend(&self, body: Incoming, headers: &HeaderMap) -> Lent {
        Lent { body: Some(body), begun: !headers.contains_key(header::EXPECT), unread: self.clone() }
    }

    /// Reads what nobody read, as long as a client that has lost nothing may take to send it.
    pub(super) async fn drain(&self) {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // What is announced larger than anything that is taken is not waited for.
        if let Some(mut body) = body.filter(|body| body.size_hint().lower() <= LARGEST) {
            let read = async { while let Some(Ok(_)) = body.frame().await {} };
            let _cut_off = tokio::time::timeout(PATIENCE, read).await;
        }
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.begun = true;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let body = self.body.take().filter(|body| self.begun && !body.is_end_stream());
        if let Some(body) = body {
            *self.unread.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
