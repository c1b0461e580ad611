//! How many requests may be in flight: fewer when the store asks for it, more again when it does not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Bounds where `concurrency` is not set: where it begins, and the most.
const ADAPTIVE_START: usize = 64;
const ADAPTIVE_MOST: usize = 192;

/// Several `SlowDown`s of one moment are one request for fewer.
const SHRINK_PAUSE: Duration = Duration::from_secs(1);

/// A limit that halves on `SlowDown` and grows by one whenever as many requests as it allows have succeeded; before the first
/// `SlowDown` by one with each success, as a far server is only ever busy with many at once.
#[derive(Debug)]
pub struct Limit {
    slots: Arc<Semaphore>,
    state: Mutex<State>,
    most: usize,
}

#[derive(Debug)]
struct State {
    /// How many are allowed now.
    allowed: usize,
    /// How many slots are to vanish as soon as they are given back.
    excess: usize,
    /// Successes since the limit last changed.
    successes: usize,
    /// When it last shrank.
    shrunk: Option<Instant>,
}

/// The right to have one request in flight.
#[derive(Debug)]
pub struct Slot {
    limit: Arc<Limit>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Limit {
    /// A limit of at most `concurrency`, or one between the built-in bounds.
    #[must_use]
    pub fn new(concurrency: Option<usize>) -> Arc<Self> {
        let start = concurrency.unwrap_or(ADAPTIVE_START);
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(start)),
            state: Mutex::new(State { allowed: start, excess: 0, successes: 0, shrunk: None }),
            most: concurrency.unwrap_or(ADAPTIVE_MOST),
        })
    }

    /// The most that this limit will ever allow.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// How many requests are allowed now.
    #[must_use]
    pub fn allowed(&self) -> usize {
        self.state().allowed
    }

    /// Waits until one more request may be sent.
    pub async fn slot(self: &Arc<Self>) -> Slot {
        let permit = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed");
        Slot { limit: Arc::clone(self), permit: Some(permit) }
    }

    /// Halves the limit, once for all the `SlowDown`s of a second; never below one.
    pub fn shrink(&self) {
        let mut state = self.state();
        let now = Instant::now();
        if state.shrunk.is_some_and(|before| now.duration_since(before) < SHRINK_PAUSE) {
            return;
        }
        let allowed = (state.allowed / 2).max(1);
        let vanishing = state.allowed - allowed;
        state.excess += vanishing - self.slots.forget_permits(vanishing);
        state.allowed = allowed;
        state.successes = 0;
        state.shrunk = Some(now);
    }

    /// Counts a success, and grows the limit by one when there were enough.
    pub fn grow(&self) {
        let mut state = self.state();
        state.successes += 1;
        let due = if state.shrunk.is_some() { state.allowed } else { 1 };
        if state.successes < due || state.allowed >= self.most {
            return;
        }
        state.successes = 0;
        state.allowed += 1;
        if state.excess > 0 {
            state.excess -= 1;
        } else {
            self.slots.add_permits(1);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.limit.state();
        if state.excess > 0 {
            state.excess -= 1;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn halves_once_a_second_and_grows_back() {
        let limit = Limit::new(Some(8));
        limit.shrink();
        limit.shrink();
        assert_eq!(limit.allowed(), 4);
        tokio::time::advance(SHRINK_PAUSE).await;
        limit.shrink();
        assert_eq!(limit.allowed(), 2);
        for _ in 0..2 + 3 {
            limit.grow();
        }
        assert_eq!(limit.allowed(), 4);
        for _ in 0..1000 {
            limit.grow();
        }
        assert_eq!(limit.allowed(), 8, "never above what was set");
        assert_eq!(limit.slots.available_permits(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn doubles_until_the_first_slow_down() {
        let limit = Limit::new(None);
        for _ in 0..ADAPTIVE_START {
            limit.grow();
        }
        assert_eq!(limit.allowed(), 2 * ADAPTIVE_START);
        limit.shrink();
        for _ in 0..ADAPTIVE_START {
            limit.grow();
        }
        assert_eq!(limit.allowed(), ADAPTIVE_START + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn slots_in_use_vanish_when_given_back() {
        let limit = Limit::new(Some(4));
        let mut slots = Vec::new();
        for _ in 0..4 {
            slots.push(limit.slot().await);
        }
        limit.shrink();
        assert_eq!(limit.slots.available_permits(), 0);
        slots.clear();
        assert_eq!(limit.slots.available_permits(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_is_always_allowed() {
        let limit = Limit::new(Some(2));
        for _ in 0..10 {
            limit.shrink();
            tokio::time::advance(SHRINK_PAUSE).await;
        }
        assert_eq!(limit.allowed(), 1);
        drop(limit.slot().await);
        assert_eq!(limit.slots.available_permits(), 1);
    }
}
