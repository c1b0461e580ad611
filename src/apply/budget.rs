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

    /// Waits for so many bytes; whoever asks for more than there are gets all.
    pub async fn take(&self, bytes: u64) -> OwnedSemaphorePermit {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, self.total);
        Arc::clone(&self.units).acquire_many_owned(units).await.expect("the semaphore is never closed")
    }
}

#[cfg(test)]
mod tests {
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
}
