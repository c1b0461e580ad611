//! How many bytes of bodies may be in memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a permit of the semaphore stands for; its permits are counted in 32 bits.
const UNIT: u64 = 4096;

/// A pool of bytes that bodies take from while they are in memory.
#[derive(Debug, Clone)]
pub struct Budget {
    units: Arc<Semaphore>,
    total: u32,
}

impl Budget {
    /// A pool of so many bytes, at least one unit of 4 KiB.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let total = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self { units: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// Bytes of the pool: no body larger than this is held in memory.
    #[must_use]
    pub fn total(&self) -> u64 {
        u64::from(self.total) * UNIT
    }

    /// What so many bytes take from the pool, in bytes.
    #[must_use]
    pub fn cost(&self, bytes: u64) -> u64 {
        u64::from(self.units_of(bytes)) * UNIT
    }

    fn units_of(&self, bytes: u64) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, self.total)
    }

    /// Waits for bytes for several at once, who together cost no more than there are: a permit for each.
    pub async fn take_each(&self, sizes: impl Iterator<Item = u64>) -> Vec<OwnedSemaphorePermit> {
        let units: Vec<usize> = sizes.map(|bytes| self.units_of(bytes) as usize).collect();
        let mut all = self.permits(units.iter().sum::<usize>().min(self.total as usize)).await;
        let split = |units| all.split(units).expect("they cost no more than all have");
        units.into_iter().map(split).collect()
    }

    /// Waits for so many bytes; whoever asks for more than there are gets all.
    pub async fn take(&self, bytes: u64) -> OwnedSemaphorePermit {
        self.permits(self.units_of(bytes) as usize).await
    }

    async fn permits(&self, units: usize) -> OwnedSemaphorePermit {
        let units = u32::try_from(units).unwrap_or(self.total);
        Arc::clone(&self.units).acquire_many_owned(units).await.expect("the semaphore is never closed")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_larger_than_the_pool_gets_all_of_it() {
        let budget = Budget::new(10 * UNIT);
        let all = budget.take(u64::MAX).await;
        assert_eq!(budget.units.available_permits(), 0);
        drop(all);
        let _some = budget.take(UNIT + 1).await;
        assert_eq!(budget.units.available_permits(), 8);
    }

    #[tokio::test]
    async fn several_get_their_shares_at_once() {
        let budget = Budget::new(4 * UNIT);
        let first = budget.take(1).await;
        let mut waiting = std::pin::pin!(budget.take_each([0, UNIT, UNIT + 1].into_iter()));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        let mut shares = waiting.await;
        assert_eq!(budget.units.available_permits(), 0);
        shares.pop();
        assert_eq!(budget.units.available_permits(), 2);
        assert_eq!(budget.cost(UNIT + 1), 2 * UNIT);
    }
}
