//! Small bodies that are stored as they are: read and digested several at a time before their turn, which takes a third of
//! what it takes one by one, and one change of threads for all.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use crate::digest::{BodyDigest, md5_each};
use crate::encode::{self, EncodeError, Encoded, EncodedBody};
use crate::object::Compression;
use crate::plan::Step;

use super::Context;
use super::object::Digests;

/// Larger bodies are read by themselves.
const SMALL: u64 = 1 << 20;

/// So many are read together at most, in number and in bytes.
const MOST: (usize, u64) = (16, 4 << 20);

/// A body, and its share of the budget.
pub(super) struct Ready {
    pub(super) held: OwnedSemaphorePermit,
    pub(super) body: Result<(Arc<Encoded>, Digests), EncodeError>,
}

impl<S: Send + Sync + 'static> Context<S> {
    /// How many of the steps that come next are read together; none where the first is read by itself.
    pub(super) fn together(&self, next: &[usize]) -> usize {
        let (count, bytes) = MOST;
        let most = bytes.min(self.options.budget.total());
        let mut left = most;
        let fits = |index: &&usize| {
            let step = &self.plan.steps[**index];
            let cost = self.options.budget.cost(step.asset.material.size());
            let fits = self.is_small(step) && cost <= left;
            left = left.saturating_sub(cost);
            fits
        };
        next.iter().take(count).take_while(fits).count()
    }

    fn is_small(&self, step: &Step) -> bool {
        let size = step.asset.material.size();
        matches!(step.asset.description.compression, Compression::None(_))
            && size <= SMALL
            && !self.options.chunking.layout(size).is_multipart()
    }

    /// Reads the bodies of steps, once there is room for all of them.
    pub(super) async fn ready(self: Arc<Self>, steps: Vec<usize>) -> Vec<(usize, Ready)> {
        let sizes = steps.iter().map(|index| self.plan.steps[*index].asset.material.size());
        let held = self.options.budget.take_each(sizes).await;
        let context = Arc::clone(&self);
        let read = spawn_blocking(move || {
            let bodies = context.read(&steps);
            steps.into_iter().zip(bodies)
        });
        let read = read.await.expect("reading does not panic");
        read.zip(held).map(|((index, body), held)| (index, Ready { held, body })).collect()
    }

    fn read(&self, steps: &[usize]) -> Vec<Result<(Arc<Encoded>, Digests), EncodeError>> {
        let encode = |index: &usize| {
            let asset = &self.plan.steps[*index].asset;
            encode::encode(&asset.material, &asset.description.compression, self.options.chunking, SMALL)
        };
        let bodies: Vec<Result<Encoded, EncodeError>> = steps.iter().map(encode).collect();
        let in_hand = bodies.iter().map(|body| match body {
            Ok(Encoded { body: EncodedBody::Memory(bytes), .. }) => &bytes[..],
            _ => &[],
        });
        let digests = md5_each(&in_hand.collect::<Vec<_>>());
        let ready = |(body, md5): (Result<Encoded, EncodeError>, String)| {
            let encoded = body?;
            let body = BodyDigest { size: encoded.size, md5: md5.clone(), etag: md5.clone() };
            Ok((Arc::new(encoded), Digests { source: md5, body }))
        };
        bodies.into_iter().zip(digests).map(ready).collect()
    }
}
