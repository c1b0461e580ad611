//! The right to change what names mean: waited for while somebody else has it, taken by a swap, kept by signs of life,
//! and given back.

use std::fmt;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::error::{Exit, Problem};
use crate::release::{Claim, ClaimRefusal, Pointer};
use crate::report::{Event, Reporter};
use crate::store::{Store, StoreError};

use super::{Ledger, SeenPointer, Swap};

/// The longest time between two looks at somebody else's claim.
const LOOK: Duration = Duration::from_secs(5);
/// However little patience we have with others, ours is renewed no faster than this allows.
const SHORTEST_LEASE: Duration = Duration::from_secs(4);
/// A claim shows signs of life this many times within the time after which it counts for dead.
const BEATS: u32 = 4;

/// A claim of one who gave no sign of life for too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftClaim {
    /// Whose it was, and for what.
    pub claim: Claim,
    /// The last sign of life, by the service's clock.
    pub seen: Option<SystemTime>,
}

/// The pointer when nobody is at work, or whoever was is taken for dead.
#[derive(Debug, Clone)]
pub struct Free {
    /// As it is, a dead claim still in it.
    pub seen: SeenPointer,
    /// The dead claim.
    pub left: Option<LeftClaim>,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claimed<S> {
    /// It is ours.
    Ours(Lease<S>),
    /// A higher order is published or claimed; holds it.
    Overtaken(u64),
    /// Somebody else was there since the pointer was seen, or is at work.
    Lost(SeenPointer),
}

/// A claim that is ours.
#[derive(Debug)]
pub struct Lease<S> {
    ledger: Ledger<S>,
    seen: SeenPointer,
    /// The last sign of life, which may be written though nobody waited for its answer any more.
    beat: Option<Box<Pointer>>,
    timeout: Duration,
    /// Whether swaps heed conditions.
    conditional: bool,
    /// Until when nobody takes it for dead, and whoever changes something by it may go on.
    until: watch::Sender<Instant>,
}

/// Waits until nobody else is at work on the app, or whoever is has given no sign of life for `timeout`; `None` where
/// that was interrupted.
///
/// # Errors
/// The store refuses.
pub async fn wait_for_others<S: Store>(
    ledger: &Ledger<S>,
    timeout: Duration,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Option<Free>, StoreError> {
    let mut told = false;
    // Since when the same claim stands there, by this machine's clock: for services that tell no time.
    let mut standing: Option<(u64, Instant)> = None;
    loop {
        let seen = tokio::select! {
            seen = ledger.pointer() => seen?,
            () = cancel.cancelled() => return Ok(None),
        };
        let Some(claim) = &seen.pointer.claim else { return Ok(Some(Free { seen, left: None })) };
        let serial = seen.pointer.serial;
        let since = match standing {
            Some((known, since)) if known == serial => since,
            _ => Instant::now(),
        };
        standing = Some((serial, since));
        let silent = match (seen.date, seen.modified) {
            (Some(date), Some(modified)) => date.duration_since(modified).unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let silent = silent.max(since.elapsed());
        if silent >= timeout {
            let left = Some(LeftClaim { claim: claim.clone(), seen: seen.modified });
            return Ok(Some(Free { seen, left }));
        }
        if !told {
            let who = Who(claim).to_string();
            reporter.event(&Event::Waiting { who: &who, left: timeout.saturating_sub(silent) });
            told = true;
        }
        tokio::select! {
            () = sleep(LOOK.min(timeout / 8).min(timeout.saturating_sub(silent))) => {}
            () = cancel.cancelled() => return Ok(None),
        }
    }
}

impl<S: Store> Ledger<S> {
    /// Claims the app: nobody may have been there since the pointer was seen. A dead claim in it, as
    /// [`wait_for_others`] gives it, is passed over. Where the store heeds no conditions that is best effort. Others are
    /// supposed to wait for `timeout`.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn claim(
        &self,
        seen: &SeenPointer,
        left: Option<&LeftClaim>,
        claim: Claim,
        timeout: Duration,
    ) -> Result<Claimed<S>, StoreError> {
        let is_left = left.is_some_and(|left| Some(&left.claim) == seen.pointer.claim.as_ref());
        let before = if is_left { seen.pointer.passed_over() } else { seen.pointer.clone() };
        let pointer = match before.claimed(claim) {
            Ok(pointer) => pointer,
            Err(ClaimRefusal::Overtaken { by }) => return Ok(Claimed::Overtaken(by)),
            Err(ClaimRefusal::Held(_)) => return Ok(Claimed::Lost(seen.clone())),
        };
        let timeout = timeout.max(SHORTEST_LEASE);
        let begun = Instant::now();
        let (mine, conditional) = match self.swap(seen, pointer.clone()).await? {
            Swap::Done(mine) => {
                let conditional = self.heeds_conditions(&mine).await?;
                (mine, conditional)
            }
            Swap::Lost(there) => return Ok(Claimed::Lost(there)),
            Swap::Unconditional => (self.overwrite(&pointer).await?, false),
        };
        let (until, _) = watch::channel(begun + timeout * (BEATS - 1) / BEATS);
        Ok(Claimed::Ours(Lease { ledger: self.clone(), seen: mine, beat: None, timeout, conditional, until }))
    }
}

impl<S: Store> Lease<S> {
    /// Whether the store heeds conditions.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.conditional
    }

    /// The pointer as it is while the claim stands.
    #[must_use]
    pub fn pointer(&self) -> &Pointer {
        &self.seen.pointer
    }

    /// Until when whoever changes something by this claim may go on without another sign of life.
    #[must_use]
    pub fn until(&self) -> watch::Receiver<Instant> {
        self.until.subscribe()
    }

    /// Gives signs of life for as long as it is polled; ends when the claim is lost, with why.
    pub async fn keep(&mut self) -> Problem {
        loop {
            sleep(self.timeout / BEATS).await;
            let begun = Instant::now();
            let beat = self.seen.pointer.next();
            self.beat = Some(Box::new(beat.clone()));
            match self.replace(beat).await {
                Ok(true) => {
                    self.until.send_replace(begun + self.timeout * (BEATS - 1) / BEATS);
                }
                Ok(false) => return lost(&self.seen.pointer),
                // Until it counts for dead it may be heard again.
                Err(error) if *self.until.borrow() <= Instant::now() => {
                    return Problem::of(&error).with_note("nobody could be told that this run still lives");
                }
                Err(_) => {}
            }
        }
    }

    /// Replaces the pointer by what comes after the claim: that it is published, swept, or given back. Whether it was
    /// still ours; if not, nothing was written.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn end(mut self, pointer: Pointer) -> Result<bool, StoreError> {
        self.replace(pointer).await
    }

    /// Gives the claim back; what is published stays. Best effort: a claim that stays is passed over in time.
    pub async fn release(self) {
        let pointer = self.seen.pointer.without_claim();
        // Whoever comes next waits for it in the worst case.
        let _ = self.end(pointer).await;
    }

    async fn replace(&mut self, pointer: Pointer) -> Result<bool, StoreError> {
        if !self.conditional {
            let there = self.ledger.pointer().await?;
            if there.pointer != self.seen.pointer && !self.is_ours(&there) {
                self.seen = there;
                return Ok(false);
            }
            self.seen = self.ledger.overwrite(&pointer).await?;
            return Ok(true);
        }
        let mut swapped = self.ledger.swap(&self.seen, pointer.clone()).await?;
        if let Swap::Lost(there) = &swapped
            && self.is_ours(there)
        {
            let pointer = Pointer { serial: there.pointer.serial + 1, ..pointer.clone() };
            swapped = self.ledger.swap(there, pointer).await?;
        }
        match swapped {
            Swap::Done(mine) => self.seen = mine,
            Swap::Unconditional => self.seen = self.ledger.overwrite(&pointer).await?,
            Swap::Lost(there) => {
                self.seen = there;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether what is there is our own sign of life, which was written after all.
    fn is_ours(&self, there: &SeenPointer) -> bool {
        self.beat.as_deref() == Some(&there.pointer)
    }
}

/// Somebody else took the claim over, or published in spite of it.
fn lost(there: &Pointer) -> Problem {
    let who = match (&there.claim, &there.published) {
        (Some(claim), _) => Who(claim).to_string(),
        (None, Some(published)) => format!("release `{}`", published.id),
        (None, None) => "somebody else".to_owned(),
    };
    Problem::new(format!("overtaken: {who} took over, since this run gave no sign of life for too long"))
        .with_hint("push again")
        .with_exit(Exit::Overtaken)
}

/// Who has a claim, as messages tell it.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a>(pub &'a Claim);

impl fmt::Display for Who<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Claim { id, kind, by, .. } = self.0;
        write!(formatter, "the {kind} `{id}`")?;
        if by.is_empty() { Ok(()) } else { write!(formatter, " by `{}`", by.escape_debug()) }
    }
}
