//! The same work on many things, on all cores. A leaf: it touches nothing itself.

use std::iter;
use std::num::NonZero;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

/// So many batches there are for each core: where one takes longer, the others do more.
const BATCHES: usize = 64;

/// Longer batches spare nothing worth waiting for the last of them.
const LONGEST: usize = 32;

/// Asked once, as Linux reads files to tell.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

/// What the work makes of each item, in the order of the items.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let length = (items.len() / (*CORES * BATCHES)).clamp(1, LONGEST);
    batches(items.chunks(length), |batch| batch.iter().map(&work).collect())
}

/// What the work makes of each batch, in the order of the batches. Each core takes the next batch when it is done with
/// one; they come one after the other, however costly they are to get.
pub(crate) fn batches<B: Send, R: Send>(
    batches: impl Iterator<Item = B> + Send,
    work: impl Fn(B) -> Vec<R> + Sync,
) -> Vec<R> {
    let cores = batches.size_hint().1.map_or(*CORES, |most| most.min(*CORES));
    if cores <= 1 {
        return batches.flat_map(work).collect();
    }
    let batches = Mutex::new(batches.enumerate());
    let take = || {
        let mut done = Vec::new();
        loop {
            let next = batches.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, batch)) = next else { return done };
            done.push((index, work(batch)));
        }
    };
    // This thread only waits: on a busy core the first thread that it starts may stay behind it for milliseconds.
    let mut done = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(take)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Vec<_>>()
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

/// The items in stretches of at most [`LONGEST`] and of so many bytes together; what is larger is alone.
pub(crate) fn by_size<'a, T>(
    items: &'a [T],
    size: impl Fn(&T) -> u64 + 'a,
    most: u64,
) -> impl Iterator<Item = &'a [T]> {
    let mut left = items;
    let next = move || {
        let mut bytes = 0_u64;
        let fits = |item: &&T| {
            bytes = bytes.saturating_add(size(item));
            bytes <= most
        };
        let length = left.iter().take(LONGEST).take_while(fits).count().max(1);
        let (batch, behind) = left.split_at_checked(length)?;
        left = behind;
        Some(batch)
    };
    iter::from_fn(next).take(items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
        assert_eq!(map(&items, |item| item * 2), doubled);
        assert_eq!(map(&[] as &[usize], |item| *item), Vec::<usize>::new());
    }

    #[test]
    fn batches_may_be_of_any_length() {
        let results = batches((0..100).filter(|length| length % 2 == 0), |length| vec![length; length]);
        let expected: Vec<usize> = (0..100).step_by(2).flat_map(|length| vec![length; length]).collect();
        assert_eq!(results, expected);
    }
}
