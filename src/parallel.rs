//! The same work on many things, on all cores. A leaf: it touches nothing itself.

use std::cmp::Reverse;
use std::num::NonZero;
use std::ops::Range;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

/// So many batches there are for each core: where one takes longer, the others do more.
const BATCHES: usize = 64;

/// Longer batches spare nothing worth waiting for the last of them.
const LONGEST: usize = 64;

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

/// What the work makes of each item, in the order of the items. The largest come first, so that cores are done at the same
/// time; each batch is at most [`LONGEST`] items of about the same size, and so many bytes together; what is larger is alone.
pub(crate) fn largest_first<T: Sync, R: Send>(
    items: &[T],
    size: impl Fn(&T) -> u64,
    most: u64,
    work: impl Fn(&[&T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let mut order: Vec<(usize, &T)> = items.iter().enumerate().collect();
    order.sort_by_key(|(_, item)| Reverse(size(item)));
    let (indices, items): (Vec<usize>, Vec<&T>) = order.into_iter().unzip();
    let cuts = cuts(items.iter().map(|item| size(item)), most);
    let results = batches(cuts.into_iter().map(|range| &items[range]), work);
    let mut results: Vec<(usize, R)> = indices.into_iter().zip(results).collect();
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Where items of these sizes are cut into batches.
fn cuts(sizes: impl Iterator<Item = u64>, most: u64) -> Vec<Range<usize>> {
    let mut cuts: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0_u64;
    for (index, size) in sizes.enumerate() {
        bytes = bytes.saturating_add(size);
        match cuts.last_mut() {
            Some(last) if bytes <= most && last.len() < LONGEST => last.end += 1,
            _ => {
                cuts.push(index..index + 1);
                bytes = size;
            }
        }
    }
    cuts
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

    #[test]
    fn the_largest_come_first_and_results_in_order() {
        let sizes = [3, 0, 9, 2, 70, 1, 5, 4];
        let batches = Mutex::new(Vec::new());
        let results = largest_first(
            &sizes,
            |size| *size,
            9,
            |batch| {
                let batch: Vec<u64> = batch.iter().map(|size| **size).collect();
                batches.lock().expect("no thread panics").push(batch.clone());
                batch
            },
        );
        assert_eq!(results, sizes);
        let mut batches = batches.into_inner().expect("no thread panics");
        batches.sort_by_key(|batch| Reverse(batch[0]));
        assert_eq!(batches, [vec![70], vec![9], vec![5, 4], vec![3, 2, 1, 0]]);
        assert_eq!(
            largest_first(&[0_u64; 0], |size| *size, 9, |batch| batch.iter().map(|it| **it).collect()),
            Vec::<u64>::new()
        );
    }

    #[test]
    fn batches_are_short() {
        assert_eq!(cuts(std::iter::repeat_n(0, 130), 9), [0..64, 64..128, 128..130]);
        assert_eq!(cuts([u64::MAX, u64::MAX, 1].into_iter(), 9), [0..1, 1..2, 2..3]);
    }
}
